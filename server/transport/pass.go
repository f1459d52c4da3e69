package transport

import (
	"context"
	"net"
	"time"

	"github.com/erlmcp/erlmcp/server/protocol"
	"github.com/erlmcp/erlmcp/server/session"
)

// Passed is what a server that takes a connection over must know of it.
type Passed struct {
	// Raw is there when the connection speaks JSON-RPC without HTTP. Of another one
	// nothing is left but the requests to come.
	Raw *RawState `json:"raw,omitempty"`
}

// RawState is what a raw connection remembers between messages.
type RawState struct {
	Version protocol.Version `json:"version,omitempty"` // what initialize settled on
	Client  session.Memory   `json:"client"`
	Unread  []byte           `json:"unread,omitempty"` // was read, and is not yet a message
}

// pass gives a connection to another server, which has it when there is no error.
type pass func(*net.TCPConn, Passed) error

// PassOn is Drain for a server that has a successor: connections between two
// messages are passed on to it, so that their clients notice nothing. Those under
// TLS are drained, as their keys cannot be passed on.
func (f *Front) PassOn(ctx context.Context, to func(*net.TCPConn, Passed) error) error {
	if f.TLS != nil {
		return f.Drain(ctx)
	}
	p := pass(to)
	f.passing.Store(&p)
	f.stop()
	tick := time.NewTicker(passPeriod)
	defer tick.Stop()
	for f.open.Load() > 0 && ctx.Err() == nil {
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	f.passing.Store(nil)
	return f.finish(ctx)
}

// passPeriod is how often a busy connection is looked at, and after passPatience
// no more is read on one that is never between two messages.
const (
	passPeriod   = 10 * time.Millisecond
	passPatience = time.Second
)

// longAgo makes a read that waits return at once.
var longAgo = time.Unix(1, 0)

// passOn passes a connection on, if there is a successor, and reports whether it
// did.
func (f *Front) passOn(accepted net.Conn, p Passed) bool {
	to := f.passing.Load()
	c, counted := accepted.(*counted)
	if to == nil || !counted {
		return false
	}
	tcp, ok := c.timed.Conn.(*net.TCPConn)
	if !ok {
		return false
	}
	if err := (*to)(tcp, p); err != nil {
		f.Logger.Warn("a connection could not be passed on", "error", err)
		return false
	}
	accepted.Close() // the successor has it open
	return true
}

// Adopt serves a connection that another server has passed on.
func (f *Front) Adopt(conn net.Conn, p Passed) {
	if conn.RemoteAddr() == nil { // its client has gone meanwhile
		conn.Close()
		return
	}
	f.count()
	if !f.room(conn, p.Raw != nil) {
		return
	}
	c := f.take(conn)
	switch {
	case c == nil:
	case p.Raw == nil:
		go f.admit(c, false) // ends with the connection
	default:
		go f.resumeRaw(c, p.Raw) // ends with the connection
	}
}

// resumeRaw serves a raw connection from where it was.
func (f *Front) resumeRaw(c *counted, state *RawState) {
	defer f.conns.Done()
	f.speaking(c)
	f.serveRaw(&peeked{Conn: c, accepted: c, front: f}, address(c.RemoteAddr().String()), nil, state)
}

// hurry has a connection that waits with net/http for the next request pass on.
func (c *peeked) hurry() {
	c.waiting.Lock()
	defer c.waiting.Unlock()
	if c.awaits {
		c.Conn.SetReadDeadline(longAgo)
	}
}

// passOn passes the connection on as it is between two messages, once the calls
// of it are answered.
func (c *rawConn) passOn() bool {
	c.calls.Wait()
	p, ok := c.conn.(*peeked)
	if !ok {
		return false
	}
	state := &RawState{Client: c.peer.Memory(), Version: c.settled()}
	if p.unread {
		state.Unread = append(state.Unread, p.first)
	}
	state.Unread = append(state.Unread, c.lines.buf[c.lines.start:c.lines.end]...)
	return c.front.passOn(p.accepted, Passed{Raw: state})
}
