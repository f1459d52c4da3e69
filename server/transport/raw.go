package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/erlmcp/erlmcp/server/auth"
	"github.com/erlmcp/erlmcp/server/catalog"
	"github.com/erlmcp/erlmcp/server/memory"
	"github.com/erlmcp/erlmcp/server/protocol"
	"github.com/erlmcp/erlmcp/server/session"
)

// rawConn is a connection of newline-delimited JSON-RPC.
type rawConn struct {
	front  *Front
	conn   net.Conn
	client string
	lines  lines
	secure *tls.ConnectionState // with the client's certificate; nil without one
	inside bool                 // what comes from this machine's own streams is not asked who it is

	calls   sync.WaitGroup // exchanges that are not answered yet
	waiting atomic.Int64   // how many they are

	peer    session.Client
	write   sync.Mutex
	version atomic.Pointer[protocol.Version] // nil until initialize
	ending  atomic.Bool                      // no more is to be read
	leaving time.Time                        // since when it is to be passed on
	quit    chan struct{}                    // closed when no more is read
	once    sync.Once
}

// serveRaw serves a connection until the client has ended it and has all its
// answers. A connection that was passed on goes on from its state.
func (f *Front) serveRaw(conn net.Conn, client string, secure *tls.ConnectionState, state *RawState) {
	f.newRaw(conn, client, secure, state).serve()
}

func (f *Front) newRaw(conn net.Conn, client string, secure *tls.ConnectionState, state *RawState) *rawConn {
	c := &rawConn{front: f, conn: conn, client: client, secure: secure, quit: make(chan struct{})}
	_, c.inside = conn.(*streams)
	c.lines = lines{from: conn, most: int(f.Limits.RequestSize), hold: f.Memory.Hold()}
	if state != nil {
		c.peer.Recall(state.Client)
		if state.Version != "" {
			c.version.Store(&state.Version)
		}
		c.lines.buf, c.lines.end = state.Unread, len(state.Unread)
	}
	f.mu.Lock()
	f.raw[c] = struct{}{}
	f.mu.Unlock()
	return c
}

// end gives back what the connection holds.
func (c *rawConn) end() {
	c.lines.hold.Release()
	c.front.mu.Lock()
	delete(c.front.raw, c)
	c.front.mu.Unlock()
	c.conn.Close()
}

func (c *rawConn) serve() {
	defer c.end()
	ctx, cancel := context.WithCancel(c.front.base)
	defer cancel()
	err := c.read(ctx)
	if err == errPassOn && c.passOn() {
		return
	}
	c.once.Do(func() { close(c.quit) })
	if err != io.EOF && !c.ending.Load() {
		cancel() // the client is gone, or must go
	}
	c.peer.End() // no answers come any more
	// After the end of what the client sends, it may still want its answers.
	c.calls.Wait()
}

// read hands every message to the handler. While it waits, its frame is what an
// idle connection costs: what it does otherwise is done in functions of their own.
func (c *rawConn) read(ctx context.Context) error {
	for {
		if err := c.awaits(); err != nil {
			return err
		}
		line, err := c.lines.next()
		if err == nil {
			err = c.handle(ctx, line)
		} else {
			err = c.failed(err)
		}
		if err != nil {
			return err
		}
	}
}

// awaits sets the deadline for the next message. It is an error when none is to be
// read.
func (c *rawConn) awaits() error {
	c.conn.SetReadDeadline(time.Now().Add(time.Duration(c.front.Limits.IdleTimeout)))
	if c.ending.Load() {
		return io.EOF
	}
	if c.front.passing.Load() == nil {
		select {
		case <-c.front.drained:
			return io.EOF // it came when there was a drain already
		default:
			return nil
		}
	}
	now := time.Now()
	if c.leaving.IsZero() {
		c.leaving = now
	}
	if c.waiting.Load() == 0 || now.Sub(c.leaving) > passPatience {
		return errPassOn
	}
	c.conn.SetReadDeadline(now.Add(passPeriod))
	return nil
}

// failed says what becomes of a failure to read: nil when another attempt may
// succeed.
func (c *rawConn) failed(err error) error {
	switch {
	case c.ending.Load():
		return io.EOF
	case errors.Is(err, os.ErrDeadlineExceeded) && (c.waiting.Load() > 0 || c.front.passing.Load() != nil):
		return nil // quiet, as it waits for us, or woken to be passed on
	case errors.Is(err, errLineTooLong):
		c.front.Refused(Refusal{"size", c.client, http.StatusRequestEntityTooLarge})
		c.send(protocol.AppendError(Buffer(), nil, protocol.NewError(protocol.InvalidRequest, "the message is longer than %s", c.front.Limits.RequestSize)))
	case errors.Is(err, errNoRoom):
		c.noRoom()
	}
	return err
}

// handle hands a message to the handler.
func (c *rawConn) handle(ctx context.Context, line []byte) error {
	id, refusal := c.identify()
	if refusal != nil {
		c.front.Refused(Refusal{"auth", c.client, refusal.Status})
		c.send(protocol.AppendError(Buffer(), nil, refusedError(refusal)))
		return errNotAllowed
	}
	client := c.client
	if id != nil {
		client = id.Key
	}
	hold := c.front.Memory.Hold()
	if len(line) <= memory.Small {
		hold.Must(len(line))
	} else if !hold.Take(len(line)) {
		c.noRoom()
		return errNoRoom
	}
	s := &spoken{conn: c}
	x := &s.exchange
	*x = Exchange{
		Data: append(Buffer(), line...), Client: client, Identity: id,
		Version: protocol.Undeclared, Peer: &c.peer, Streams: true, Begun: time.Now(), Hold: hold, way: s,
	}
	if v := c.version.Load(); v != nil {
		x.Version = *v
	}
	c.calls.Add(1)
	c.waiting.Add(1)
	c.front.Handler.Handle(ctx, x)
	return nil
}

var errPassOn = errors.New("the connection is to be passed on")

var errNotAllowed = errors.New("the client may not use this server")

// identify finds out who sends a message. It does so for each, as the rules may
// have changed.
func (c *rawConn) identify() (*auth.Identity, *auth.Refusal) {
	if c.inside {
		return nil, nil
	}
	return c.front.Gate().Raw(c.secure)
}

// certificateOf is the state of a connection whose client has shown a
// certificate, else nil.
func certificateOf(conn net.Conn) *tls.ConnectionState {
	secure, ok := conn.(*tls.Conn)
	if !ok {
		return nil
	}
	state := secure.ConnectionState()
	if len(state.VerifiedChains) == 0 {
		return nil
	}
	return &tls.ConnectionState{VerifiedChains: state.VerifiedChains}
}

// stopReading makes read return soon. What has been read is answered.
func (c *rawConn) stopReading() {
	c.ending.Store(true)
	c.once.Do(func() { close(c.quit) })
	c.conn.SetReadDeadline(time.Unix(1, 0))
}

// settled is the version that initialize settled on, or "".
func (c *rawConn) settled() protocol.Version {
	if v := c.version.Load(); v != nil {
		return *v
	}
	return ""
}

func (c *rawConn) tell(news catalog.Changes) {
	for _, method := range news.Notifications() {
		if c.send(protocol.AppendNotification(Buffer(), method, nil)) != nil {
			return
		}
	}
	for _, uri := range news.Updated {
		if c.send(protocol.AppendUpdated(Buffer(), uri, nil)) != nil {
			return
		}
	}
}

// send writes one message and its newline, and takes the buffer back.
func (c *rawConn) send(message []byte) error {
	message = append(message, '\n')
	defer recycle(message)
	c.write.Lock()
	defer c.write.Unlock()
	c.conn.SetWriteDeadline(time.Now().Add(c.front.writeTimeout()))
	_, err := c.conn.Write(message)
	if err != nil {
		c.conn.Close() // a message that is cut leaves nothing to go on with
	}
	return err
}

// spoken is the way back of a message on a connection.
type spoken struct {
	exchange Exchange
	conn     *rawConn
}

func (s *spoken) answer(a Answer) {
	if a.Settled != "" {
		v := a.Settled // on the heap, for initialize alone
		s.conn.version.Store(&v)
	}
	if a.Body != nil {
		s.conn.send(a.Body)
	}
	recycle(s.exchange.Data)
	s.exchange.Hold.Release()
	s.conn.waiting.Add(-1)
	s.conn.calls.Done()
}

func (s *spoken) notify(message []byte) error {
	return s.conn.send(append(Buffer(), message...))
}

func (s *spoken) detach(work Work) { s.conn.front.crew.do(work) }

func (s *spoken) keepAlive() error { return nil }

func (s *spoken) hangUp() {}

func (s *spoken) stopping() <-chan struct{} { return s.conn.quit }
