package server

import (
	"sync"
	"time"

	"github.com/erlmcp/erlmcp/server/auth"
	"github.com/erlmcp/erlmcp/server/catalog"
	"github.com/erlmcp/erlmcp/server/heir"
	"github.com/erlmcp/erlmcp/server/session"
	"github.com/erlmcp/erlmcp/server/transport"
)

// A server hands over to its successor in this order; until the successor serves,
// the end of the wire leaves everything as it was:
//
//	old → new   ports, with the listening sockets
//	new → old   ready, when it has opened all that it needs
//	            (the old one accepts no more; the kernel keeps who connects)
//	old → new   feed, sessions, used signatures, complete
//	new → old   serving
//	old → new   connections between two messages, changes of sessions, used signatures
//	            (until the old one has ended its calls, and closes the wire)
//
// Either side may ask for what the other alone knows: sync and message.
type letter struct {
	Error    string            `json:"error,omitempty"` // why it comes to nothing
	Ports    []string          `json:"ports,omitempty"` // addresses of the listeners that come with it
	Ready    *ready            `json:"ready,omitempty"`
	Feed     *feeds            `json:"feed,omitempty"`
	Session  *session.Change   `json:"session,omitempty"`
	Used     *auth.Used        `json:"used,omitempty"`
	Complete bool              `json:"complete,omitempty"`
	Serving  bool              `json:"serving,omitempty"`
	Conn     *transport.Passed `json:"conn,omitempty"` // the connection that comes with it
	Sync     uint64            `json:"sync,omitempty"` // asks for synced, after all that was said before
	Synced   uint64            `json:"synced,omitempty"`
	Message  *forwarded        `json:"message,omitempty"`
}

// ready is what the successor says of itself.
type ready struct {
	Plain bool `json:"plain"` // it serves without TLS, and can take over connections
}

// feeds is what clients have been told of.
type feeds struct {
	State catalog.FeedState `json:"state"`
	Print catalog.Print     `json:"print"`
}

// forwarded is a message of a client that is about a call of the other server.
type forwarded struct {
	Session string `json:"session"`
	Data    []byte `json:"data"`
}

const (
	readyTimeout = time.Minute      // for a successor to prepare itself
	stepTimeout  = 20 * time.Second // for each step after that
	syncTimeout  = 2 * time.Second
	// handingPatience is for the end of a successor that has given up just now.
	handingPatience = 2 * time.Second
)

// predecessor is the server that this one has taken over from, as long as it is
// there.
type predecessor struct {
	wire *heir.Wire
	gone chan struct{}

	mu      sync.Mutex
	asked   uint64
	waiting map[uint64]chan struct{}
}

// sync returns when all has been taken in that the predecessor knows now.
func (p *predecessor) sync() {
	select {
	case <-p.gone:
		return
	default:
	}
	done := make(chan struct{})
	p.mu.Lock()
	p.asked++
	n := p.asked
	p.waiting[n] = done
	p.mu.Unlock()
	if p.wire.Send(letter{Sync: n}) != nil {
		return
	}
	timeout := time.NewTimer(syncTimeout)
	defer timeout.Stop()
	select {
	case <-done:
	case <-p.gone:
	case <-timeout.C:
	}
}

func (p *predecessor) synced(n uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if done := p.waiting[n]; done != nil {
		close(done)
		delete(p.waiting, n)
	}
}

// forward passes a message of a client on that is about no call of this server.
func (rt *Runtime) forward(x *transport.Exchange) {
	p := rt.before.Load()
	if p == nil || x.Peer == nil {
		return
	}
	if name := x.Peer.Session(); name != "" {
		p.wire.Send(letter{Message: &forwarded{name, x.Data}}) // a predecessor that is gone has no calls
	}
}
