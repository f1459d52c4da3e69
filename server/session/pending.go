package session

import (
	"bytes"
	"encoding/json"
)

// Pending is a request of a client that is being answered, and that the client
// can cancel.
type Pending struct {
	ID     json.RawMessage // as it was written; must not change until Finish
	Cancel func()

	earlier *Pending // guarded by the client
}

// Begin notes a request.
func (c *Client) Begin(p *Pending) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p.earlier, c.pending = c.pending, p
}

// Finish forgets a request that was noted.
func (c *Client) Finish(p *Pending) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for at := &c.pending; *at != nil; at = &(*at).earlier {
		if *at == p {
			*at, p.earlier = p.earlier, nil
			return
		}
	}
}

// Cancel cancels the request of that id, if it is still being answered. Of two
// with one id it is the later. It reports whether there was one.
func (c *Client) Cancel(id json.RawMessage) bool {
	c.mu.Lock()
	p := c.pending
	for p != nil && !bytes.Equal(p.ID, id) {
		p = p.earlier
	}
	var cancel func()
	if p != nil {
		cancel = p.Cancel
	}
	c.mu.Unlock()
	if cancel == nil {
		return false
	}
	cancel()
	return true
}
