package transport

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// peeked is a connection whose first byte has been read already. One that speaks
// HTTP belongs to net/http only while there is something to do on it.
type peeked struct {
	net.Conn          // under TLS that, else the accepted one
	accepted net.Conn // for the books of the front
	front    *Front
	first    byte
	unread   bool
	visitor  visitor
	idle     atomic.Bool // net/http waits for the next request
	waiting  sync.Mutex
	awaits   bool // a read waits for the next request
	stay     atomic.Int32
}

// Where a connection is.
const (
	withNetHTTP int32 = iota
	leaving           // net/http was told that it has ended
	parked
)

// parkAfter is how long a connection between two requests stays with net/http,
// which holds 20 KB for it.
const parkAfter = 2 * time.Second

// wholeBuffer is what net/http reads into when it holds nothing of the next
// request yet: the buffer of a bufio.Reader. A shorter read means that it does.
const wholeBuffer = 4096

// noteIdle hears from net/http how a connection is.
func noteIdle(conn net.Conn, state http.ConnState) {
	switch c := conn.(type) {
	case *peeked:
		c.idle.Store(state == http.StateIdle)
	case *peekedTLS:
		c.idle.Store(state == http.StateIdle)
	}
}

// Read gives the first byte again, then goes on.
func (c *peeked) Read(p []byte) (int, error) {
	if c.unread && len(p) > 0 {
		p[0], c.unread = c.first, false
		return 1, nil
	}
	if len(p) == wholeBuffer && c.idle.Load() {
		return c.await(p)
	}
	return c.Conn.Read(p)
}

// await waits for the next request. When none comes for a while, net/http is told
// that the connection has ended, and the front waits on.
func (c *peeked) await(p []byte) (int, error) {
	c.waiting.Lock()
	c.awaits = true
	c.Conn.SetReadDeadline(time.Now().Add(min(parkAfter, time.Duration(c.front.Limits.IdleTimeout))))
	if c.front.passing.Load() != nil {
		c.Conn.SetReadDeadline(longAgo)
	}
	c.waiting.Unlock()
	n, err := c.Conn.Read(p)
	c.waiting.Lock()
	c.awaits = false
	c.waiting.Unlock()
	if n == 0 && errors.Is(err, os.ErrDeadlineExceeded) {
		c.stay.Store(leaving)
		return 0, io.EOF
	}
	c.Conn.SetReadDeadline(time.Now().Add(time.Duration(c.front.Limits.HeaderTimeout))) // for the rest of a beginning
	return n, err
}

// Close closes the connection, unless it was only taken from net/http.
func (c *peeked) Close() error {
	c.front.mu.Lock()
	delete(c.front.web, c)
	c.front.mu.Unlock()
	switch {
	case c.stay.CompareAndSwap(leaving, parked):
		c.front.park(c)
	case c.stay.Load() == withNetHTTP:
		return c.Conn.Close()
	}
	return nil
}

// park waits for the next request of a connection that was taken from net/http.
func (f *Front) park(c *peeked) {
	if f.passOn(c.accepted, Passed{}) {
		return
	}
	next := &peeked{Conn: c.Conn, accepted: c.accepted, front: f, visitor: c.visitor}
	if f.begin(next.accepted) {
		go f.welcome(next, false) // ends with the connection's silence
	} else {
		next.Conn.Close()
	}
}

// peekedTLS is a peeked connection under TLS.
type peekedTLS struct {
	*peeked
	tls *tls.Conn
}

// ConnectionState is what net/http shows as Request.TLS.
func (c *peekedTLS) ConnectionState() tls.ConnectionState { return c.tls.ConnectionState() }
