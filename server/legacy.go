package server

import "github.com/erlmcp/erlmcp/server/protocol"

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
	if c.x.Header != nil {
		c.answer.Session = c.rt.sessions.Open(v, c.x.Identity.String(), c.rt.feed.Revision())
		c.rt.metrics.Sessions.Set(float64(c.rt.sessions.Len()))
	}
	dst = protocol.AppendString(protocol.Field(dst, "protocolVersion"), string(v))
	dst = append(protocol.Field(dst, "capabilities"), `{`+capabilities+`,"logging":{}}`...)
	dst = append(protocol.Field(dst, "serverInfo"), c.st.identity...)
	return c.instructions(dst), nil
}

func ping(_ *call, dst []byte) ([]byte, *protocol.Error) { return dst, nil }

// setLevel accepts the level. There is nothing to filter, as this server sends
// no log messages to its clients.
func setLevel(c *call, dst []byte) ([]byte, *protocol.Error) {
	if !protocol.IsLogLevel(c.m.Params.Get("level")) {
		return dst, protocol.NewError(protocol.InvalidParams, "params.level is not a log level")
	}
	return dst, nil
}
