package server

import (
	"net/http"
	"time"

	"github.com/erlmcp/erlmcp/server/catalog"
	"github.com/erlmcp/erlmcp/server/protocol"
	"github.com/erlmcp/erlmcp/server/transport"
)

// listenForChanges answers subscriptions/listen: it acknowledges, then tells of
// changed lists until the client or the server ends it (MCP 2026-07-28,
// basic/patterns/subscriptions).
func listenForChanges(c *call) {
	filter, err := c.m.Filter()
	if err == nil && c.rt.listens.Add(1) > int64(c.st.doc.Limits.Connections) {
		c.rt.listens.Add(-1)
		c.rt.metrics.Refused("subscriptions")
		c.answer = transport.Answer{Status: http.StatusServiceUnavailable, RetryAfter: time.Minute}
		err = protocol.NewError(protocol.Overloaded, "Too many subscriptions are open")
	}
	if err != nil {
		c.finish(nil, err)
		return
	}
	defer c.rt.listens.Add(-1)
	ctx, forget := c.rt.inflight.begin(c.ctx, c.x.Scope, c.m.ID)
	defer forget()
	c.ctx = ctx
	c.release() // a stream that is open is not a request in progress
	c.release = func() {}
	var end []byte
	if c.listen(filter) {
		end = protocol.AppendListenEnd(transport.Buffer(), c.m.ID)
	}
	c.finish(end, nil)
}

// listen reports whether the stream ended in good order, so that an answer is to
// be sent.
func (c *call) listen(filter protocol.Filter) bool {
	id := c.m.ID
	revision := c.rt.feed.Revision()
	if c.x.Notify(protocol.AppendAcknowledged(nil, id, filter)) != nil {
		return false
	}
	c.opened = time.Since(c.x.Begun)
	tick := time.NewTicker(transport.KeepAlivePeriod)
	defer tick.Stop()
	for {
		news, now, next := c.rt.feed.Since(revision)
		revision = now
		for _, method := range wanted(news, filter) {
			if c.x.Notify(protocol.AppendNotification(nil, method, id)) != nil {
				return false
			}
		}
		select {
		case <-next:
		case <-tick.C:
			if c.x.KeepAlive() != nil {
				return false
			}
		case <-c.ctx.Done():
			return false
		case <-c.x.Stopping():
			return true
		}
	}
}

func wanted(news catalog.Changes, f protocol.Filter) []string {
	return catalog.Changes{
		Tools:     news.Tools && f.Tools,
		Resources: news.Resources && f.Resources,
		Prompts:   news.Prompts && f.Prompts,
	}.Notifications()
}
