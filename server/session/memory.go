package session

import "github.com/erlmcp/erlmcp/server/protocol"

// Memory is what is remembered of a client of the older era, for a server that
// goes on with it.
type Memory struct {
	Can        protocol.Capabilities `json:"can,omitempty"`
	Level      protocol.Level        `json:"level,omitempty"`
	Subscribed []string              `json:"subscribed,omitempty"`
	Asked      uint64                `json:"asked,omitempty"` // questions that it was asked
}

// Memory is what is remembered now.
func (c *Client) Memory() Memory {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Memory{c.can, c.level, c.subscribed, c.asked}
}

// Recall goes on from what another server remembers.
func (c *Client) Recall(m Memory) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.can, c.level, c.subscribed, c.asked = m.Can, m.Level, m.Subscribed, max(c.asked, m.Asked)
}
