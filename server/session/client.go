package session

import (
	"encoding/json"
	"slices"
	"strconv"
	"sync"

	"github.com/erlmcp/erlmcp/server/protocol"
)

// Client is what is remembered of a client of the older era: with its session
// over HTTP, with its connection elsewhere. The zero value is one that has
// declared nothing.
type Client struct {
	mu         sync.Mutex
	can        protocol.Capabilities
	level      protocol.Level
	subscribed []string // URIs, in order
	asked      uint64
	open       map[string]chan<- Reply // questions without an answer yet; nil when there are none
	pending    *Pending                // requests being answered, the latest first
	streams    int                     // of changes that are open
	of         *Session                // that it belongs to; nil without one
	ended      bool
}

// Reply is what a client answered to a question of the server: a result, or an
// error of JSON-RPC.
type Reply struct{ Result, Error json.RawMessage }

// Declare notes what the client has said of itself in initialize.
func (c *Client) Declare(can protocol.Capabilities) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.can = can
}

// Can is what the client can do.
func (c *Client) Can() protocol.Capabilities {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.can
}

// SetLevel sets the least level of log messages that the client wants.
func (c *Client) SetLevel(l protocol.Level) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.level = l
}

// Level is the least level of log messages that the client wants; 0 when it has
// not said.
func (c *Client) Level() protocol.Level {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.level
}

// Subscribe notes that the client wants to hear of changes of a resource. It
// reports false when there are too many already.
func (c *Client) Subscribe(uri string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	i, there := slices.BinarySearch(c.subscribed, uri)
	if there {
		return true
	}
	if len(c.subscribed) >= protocol.MaxSubscribed {
		return false
	}
	// A new slice: the old one may be in somebody's hands.
	c.subscribed = slices.Concat(c.subscribed[:i], []string{uri}, c.subscribed[i:])
	return true
}

// Unsubscribe is the opposite of Subscribe.
func (c *Client) Unsubscribe(uri string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i, there := slices.BinarySearch(c.subscribed, uri); there {
		c.subscribed = slices.Concat(c.subscribed[:i], c.subscribed[i+1:])
	}
}

// Subscribed are the resources that the client wants to hear of, in order. The
// list must not be changed.
func (c *Client) Subscribed() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.subscribed
}

// MaxStreams is the most streams of changes that one connection carries.
const MaxStreams = 100

// OpenChanges notes a stream of changes (subscriptions/listen) on the client's
// connection. It reports false when there are too many already.
func (c *Client) OpenChanges() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.streams == MaxStreams {
		return false
	}
	c.streams++
	return true
}

// CloseChanges is the opposite of OpenChanges.
func (c *Client) CloseChanges() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.streams--
}

// Question opens a question: its id, where the answer will come, and what must be
// called when nobody waits for it any more. The channel is closed when the
// client is gone for good.
func (c *Client) Question() (id string, reply <-chan Reply, forget func()) {
	answer := make(chan Reply, 1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
	id = "erlmcp-" + strconv.FormatUint(c.asked, 10)
	if c.ended {
		close(answer)
		return id, answer, func() {}
	}
	if c.open == nil {
		c.open = map[string]chan<- Reply{}
	}
	c.open[id] = answer
	return id, answer, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.settle(id)
	}
}

// Answer passes on what the client answered to the question of that id, as it
// was written. An answer that nobody waits for is dropped, and it reports false.
func (c *Client) Answer(id json.RawMessage, r Reply) bool {
	var name string
	if json.Unmarshal(id, &name) != nil {
		return false
	}
	r.Result, r.Error = slices.Clone(r.Result), slices.Clone(r.Error) // the message goes back to a pool
	c.mu.Lock()
	defer c.mu.Unlock()
	answer := c.settle(name)
	if answer != nil {
		answer <- r // one place, one answer
	}
	return answer != nil
}

// settle takes a question out; nil when it is not open. The caller holds mu.
func (c *Client) settle(id string) chan<- Reply {
	answer := c.open[id]
	delete(c.open, id)
	if len(c.open) == 0 {
		c.open = nil
	}
	return answer
}

// End says that the client is gone for good.
func (c *Client) End() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	for _, answer := range c.open {
		close(answer)
	}
	c.open = nil
}

// Session is the name of the session that the client belongs to; "" without one.
func (c *Client) Session() string {
	if c.of == nil {
		return ""
	}
	return c.of.name()
}
