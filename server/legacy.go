package server

import (
	"github.com/erlmcp/erlmcp/server/catalog"
	"github.com/erlmcp/erlmcp/server/protocol"
)

// initialize settles on a version and, over HTTP, opens a session (MCP
// 2025-11-25, basic/lifecycle, "Version Negotiation").
func initialize(c *call, dst []byte) ([]byte, *protocol.Error) {
	asked, err := c.m.Text("protocolVersion")
	if err != nil {
		return dst, err
	}
	v := protocol.Version(asked)
	if !v.Served() || v.Modern() {
		v = protocol.LatestLegacy
	}
	c.answer.Settled = v
	can := protocol.ReadCapabilities(c.m.Params.Get("capabilities")) &^ protocol.CanTask // which is modern
	if c.x.Peer != nil {
		c.x.Peer.Declare(can)
	}
	if c.x.Header != nil {
		c.answer.Session = c.rt.sessions.Open(v, can, c.x.Identity.String(), c.rt.feed.Revision())
		c.rt.metrics.Sessions.Set(float64(c.rt.sessions.Len()))
	}
	dst = protocol.AppendString(protocol.Field(dst, "protocolVersion"), string(v))
	dst = append(protocol.Field(dst, "capabilities"), `{`+capabilities+`}`...)
	dst = append(protocol.Field(dst, "serverInfo"), c.st.identity...)
	return c.instructions(dst), nil
}

func ping(_ *call, dst []byte) ([]byte, *protocol.Error) { return dst, nil }

// setLevel sets the least level of log messages that the client wants (MCP
// 2025-11-25, server/utilities/logging). Without a session there is nobody to
// remember it for.
func setLevel(c *call, dst []byte) ([]byte, *protocol.Error) {
	level := protocol.ParseLevel(c.m.Params.Get("level"))
	if level == 0 {
		return dst, protocol.NewError(protocol.InvalidParams, "params.level is not a log level")
	}
	if c.x.Peer != nil {
		c.x.Peer.SetLevel(level)
	}
	return dst, nil
}

// subscribe notes that the client wants to hear when a resource has changed (MCP
// 2025-11-25, server/resources, "Subscriptions").
func subscribe(c *call, dst []byte) ([]byte, *protocol.Error) {
	uri, err := c.m.Text("uri")
	if err != nil {
		return dst, err
	}
	if !c.catalog().Has(uri) {
		return dst, catalog.NotFound(uri, c.version)
	}
	c.subscribeElsewhere(uri)
	if c.x.Peer != nil && !c.x.Peer.Subscribe(uri) {
		return dst, protocol.NewError(protocol.InvalidParams, "There are %d subscriptions already, which is the most", protocol.MaxSubscribed)
	}
	return dst, nil
}

func unsubscribe(c *call, dst []byte) ([]byte, *protocol.Error) {
	uri, err := c.m.Text("uri")
	if err != nil {
		return dst, err
	}
	if c.x.Peer != nil {
		c.x.Peer.Unsubscribe(uri)
	}
	return dst, nil
}
