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
	quit    chan struct{}                    // closed when no more is read
	once    sync.Once
}

// serveRaw serves a connection until the client has ended it and has all its
// answers.
func (f *Front) serveRaw(conn net.Conn, client string, secure *tls.ConnectionState, inside bool) {
	c := &rawConn{front: f, conn: conn, client: client, secure: secure, inside: inside, quit: make(chan struct{})}
	buffer := f.Memory.Hold()
	defer buffer.Release()
	c.lines = lines{from: conn, most: int(f.Limits.RequestSize), hold: buffer}
	f.mu.Lock()
	f.raw[c] = struct{}{}
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		delete(f.raw, c)
		f.mu.Unlock()
		conn.Close()
	}()
	select {
	case <-f.drained:
		return
	default:
	}
	ctx, cancel := context.WithCancel(f.base)
	defer cancel()
	err := c.read(ctx)
	c.once.Do(func() { close(c.quit) })
	if err != io.EOF && !c.ending.Load() {
		cancel() // the client is gone, or must go
	}
	c.peer.End() // no answers come any more
	// After the end of what the client sends, it may still want its answers.
	c.calls.Wait()
}

// read hands every message to the handler.
func (c *rawConn) read(ctx context.Context) error {
	for {
		c.conn.SetReadDeadline(time.Now().Add(time.Duration(c.front.Limits.IdleTimeout)))
		if c.ending.Load() {
			return io.EOF
		}
		line, err := c.lines.next()
		switch {
		case err == nil:
		case c.ending.Load():
			return io.EOF
		case errors.Is(err, os.ErrDeadlineExceeded) && c.waiting.Load() > 0:
			continue // quiet, as it waits for us
		case errors.Is(err, errLineTooLong):
			c.front.Refused(Refusal{"size", c.client, http.StatusRequestEntityTooLarge})
			c.send(protocol.AppendError(Buffer(), nil, protocol.NewError(protocol.InvalidRequest, "the message is longer than %s", c.front.Limits.RequestSize)))
			return err
		case errors.Is(err, errNoRoom):
			c.noRoom()
			return err
		default:
			return err
		}
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
		x := &Exchange{
			Data: append(Buffer(), line...), Client: client, Identity: id,
			Version: protocol.Undeclared, Peer: &c.peer, Streams: true, Begun: time.Now(), Hold: hold,
		}
		if v := c.version.Load(); v != nil {
			x.Version = *v
		}
		c.calls.Add(1)
		c.waiting.Add(1)
		x.way = &spoken{conn: c, data: x.Data, hold: hold}
		c.front.Handler.Handle(ctx, x)
	}
}

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
	conn *rawConn
	data []byte
	hold *memory.Hold
}

func (s *spoken) answer(a Answer) {
	if a.Settled != "" {
		s.conn.version.Store(&a.Settled)
	}
	if a.Body != nil {
		s.conn.send(a.Body)
	}
	recycle(s.data)
	s.hold.Release()
	s.conn.waiting.Add(-1)
	s.conn.calls.Done()
}

func (s *spoken) notify(message []byte) error {
	return s.conn.send(append(Buffer(), message...))
}

func (s *spoken) detach(work func()) { go work() }

func (s *spoken) keepAlive() error { return nil }

func (s *spoken) hangUp() {}

func (s *spoken) stopping() <-chan struct{} { return s.conn.quit }
