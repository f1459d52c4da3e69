package server

import (
	"net/http"
	"slices"
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
	if err == nil {
		filter, err = c.honour(filter)
	}
	if err == nil && !c.openChanges() {
		err = c.turnDown("subscriptions", http.StatusServiceUnavailable, "Too many subscriptions are open", time.Minute)
	}
	if err != nil {
		c.finish(nil, err)
		return
	}
	defer c.closeChanges()
	c.release() // a stream that is open is not a request in progress
	c.release = func() {}
	var end []byte
	if c.listen(filter) {
		end = c.era().AppendListenEnd(transport.Buffer(), c.m.ID)
	}
	c.finish(end, nil)
}

// openChanges counts a stream, on its connection where that carries several, and
// reports false when there are too many.
func (c *call) openChanges() bool {
	if c.x.Peer != nil && !c.x.Peer.OpenChanges() {
		return false
	}
	if c.rt.listens.Add(1) > int64(c.st.doc.Limits.Connections) {
		c.closeChanges()
		return false
	}
	return true
}

func (c *call) closeChanges() {
	c.rt.listens.Add(-1)
	if c.x.Peer != nil {
		c.x.Peer.CloseChanges()
	}
}

// listen reports whether the stream ended in good order, so that an answer is to
// be sent.
func (c *call) listen(filter protocol.Filter) bool {
	id := c.m.ID
	revision, tasks := c.rt.feed.Revision(), c.rt.taskFeed.Revision()
	if c.x.Notify(protocol.AppendAcknowledged(nil, id, filter)) != nil {
		return false
	}
	c.opened = time.Since(c.x.Begun)
	c.endSpan(nil) // or it would last as long as the stream
	tick := time.NewTicker(transport.KeepAlivePeriod)
	defer tick.Stop()
	for {
		news, now, next := c.rt.feed.Since(revision, filter.URIs)
		ended, nowTasks, nextTask := c.rt.taskFeed.Since(tasks, filter.Tasks)
		revision, tasks = now, nowTasks
		if !c.tell(wanted(news, filter)) || !c.tellTasks(ended.Updated) {
			return false
		}
		if len(filter.Tasks) == 0 {
			nextTask = nil // others' tasks need not wake it
		}
		select {
		case <-next:
		case <-nextTask:
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

// honour leaves of a filter what this server can do.
func (c *call) honour(f protocol.Filter) (protocol.Filter, *protocol.Error) {
	if len(f.Tasks) > 0 && c.m.ClientCapabilities()&protocol.CanTask == 0 {
		return f, protocol.MissingCapability(protocol.CanTask)
	}
	f.URIs = slices.DeleteFunc(f.URIs, func(uri string) bool { return !c.catalog().Has(uri) })
	for _, uri := range f.URIs {
		c.subscribeElsewhere(uri)
	}
	f.Tasks = slices.DeleteFunc(f.Tasks, func(id string) bool { return c.rt.tasks.Get(id, c.principal()) == nil })
	return f, nil
}

// tell sends what has changed, and reports whether the client is still there.
func (c *call) tell(news catalog.Changes) bool {
	for _, method := range news.Notifications() {
		if c.x.Notify(protocol.AppendNotification(nil, method, c.m.ID)) != nil {
			return false
		}
	}
	for _, uri := range news.Updated {
		if c.x.Notify(protocol.AppendUpdated(nil, uri, c.m.ID)) != nil {
			return false
		}
	}
	return true
}

// tellTasks sends how tasks are now (the Tasks extension, "Task Status
// Notifications").
func (c *call) tellTasks(ids []string) bool {
	for _, id := range ids {
		t := c.rt.tasks.Get(id, c.principal())
		if t == nil {
			continue
		}
		message := t.AppendDetailed(protocol.BeginNotification(nil, protocol.TaskChanged, c.m.ID))
		if c.x.Notify(append(message, `}}`...)) != nil {
			return false
		}
	}
	return true
}

func wanted(news catalog.Changes, f protocol.Filter) catalog.Changes {
	return catalog.Changes{
		Tools:     news.Tools && f.Tools,
		Resources: news.Resources && f.Resources,
		Prompts:   news.Prompts && f.Prompts,
		Updated:   news.Updated,
	}
}
