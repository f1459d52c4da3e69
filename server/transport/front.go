package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server/auth"
	"github.com/erlmcp/erlmcp/server/catalog"
	"github.com/erlmcp/erlmcp/server/guard"
	"github.com/erlmcp/erlmcp/server/memory"
	"github.com/erlmcp/erlmcp/server/session"
	"github.com/erlmcp/erlmcp/server/telemetry"
)

// Config is what a [Front] is made of.
type Config struct {
	Handler  Handler
	Others   http.Handler // answers HTTP requests that are not for Path
	Sessions *session.Table
	Feed     *catalog.Feed
	Origin   *guard.Origin
	Gate     func() *auth.Gate // who may come in, as the present document has it
	Refused  func(Refusal)     // hears of what is refused before a handler sees it
	Path     string            // of the MCP endpoint
	SSEPath  string            // of the transport of 2024-11-05; "" to leave it out
	Limits   schemas.Limits
	Socket   *schemas.Socket // nil for what the system has
	Memory   *memory.Budget  // of connections and requests; nil for no bound
	TLS      *tls.Config     // nil for plain connections
	HSTS     bool            // whether browsers are to come with TLS only
	Metrics  *telemetry.Metrics
	Logger   hclog.Logger
}

// Refusal is a request or a connection that is not let in.
type Refusal struct {
	Reason string // as in metrics
	Client string
	Status int // HTTP, or what it would be
}

// Front is the front door of a server: any number of listeners that share its
// limits.
type Front struct {
	Config
	base    context.Context // of all work
	http    *http.Server
	handed  *handover
	pipes   pipes
	date    date
	crew    crew
	drained chan struct{} // closed when no new work is taken
	once    sync.Once

	open    atomic.Int64 // connections
	turning atomic.Int64 // connections that are told why they are refused
	conns   sync.WaitGroup

	mu        sync.Mutex
	listeners []net.Listener
	silent    map[net.Conn]struct{} // have not said yet what they speak
	raw       map[*rawConn]struct{}
	web       map[*peeked]struct{} // are with net/http
	resumed   chan struct{}        // closed when accepting goes on; nil while it does

	passing atomic.Pointer[pass] // to a successor; nil without one
}

// NewFront returns a front door that listens nowhere yet. The context is that of
// all work; it ends when what is still going on after a drain is to be cut off.
func NewFront(ctx context.Context, c Config) *Front {
	f := &Front{
		Config: c, base: ctx, drained: make(chan struct{}),
		silent: map[net.Conn]struct{}{}, raw: map[*rawConn]struct{}{}, web: map[*peeked]struct{}{},
		pipes: pipes{open: map[string]*pipe{}}, crew: newCrew(),
	}
	f.handed = &handover{conns: make(chan net.Conn), closed: make(chan struct{})}
	f.http = &http.Server{
		Handler:           f,
		ReadHeaderTimeout: time.Duration(c.Limits.HeaderTimeout),
		ReadTimeout:       time.Duration(c.Limits.BodyTimeout),
		WriteTimeout:      time.Duration(c.Limits.WriteTimeout),
		IdleTimeout:       time.Duration(c.Limits.IdleTimeout),
		MaxHeaderBytes:    headerBytes(c.Limits),
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ConnContext:       withVisitor,
		ConnState:         noteIdle,
		ErrorLog:          c.Logger.StandardLogger(&hclog.StandardLoggerOptions{ForceLevel: hclog.Debug}),
	}
	go f.http.Serve(f.handed) // ends when drain or cut closes the server
	return f
}

// Serve accepts connections of l until the front door drains. With rawOnly they
// all speak JSON-RPC; otherwise the first byte decides.
func (f *Front) Serve(l net.Listener, rawOnly bool) {
	f.mu.Lock()
	f.listeners = append(f.listeners, l)
	f.mu.Unlock()
	for {
		conn, err := l.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if errors.Is(err, os.ErrDeadlineExceeded) && f.awaitResume() {
				continue
			}
			f.Logger.Warn("accept failed", "address", l.Addr(), "error", err)
			select {
			case <-f.drained:
				return
			case <-time.After(50 * time.Millisecond): // out of descriptors: others must end first
			}
			continue
		}
		f.count()
		if !f.room(conn, rawOnly) {
			continue
		}
		if c := f.take(conn); c != nil {
			go f.admit(c, rawOnly)
		}
	}
}

// count counts a connection for which there may be no room.
func (f *Front) count() {
	f.Metrics.Connections.Inc()
	f.open.Add(1)
}

// take makes a connection for which there is room one of the front's own; nil
// when there is a drain, for which it was too late.
func (f *Front) take(conn net.Conn) *counted {
	tune(conn, f.Socket)
	c := &counted{front: f}
	c.begin(conn)
	if f.begin(c) {
		return c
	}
	if !f.passOn(c, Passed{}) {
		c.Close()
	}
	return nil
}

// Connections is how many connections are open.
func (f *Front) Connections() int { return int(f.open.Load()) }

func (f *Front) closed(conn net.Conn) {
	conn.Close()
	f.open.Add(-1)
	f.Memory.Disconnect()
	f.Metrics.Connections.Dec()
}

// counted is a connection that is counted until it is closed.
type counted struct {
	timed
	front *Front
	once  sync.Once
}

// Close closes the connection once.
func (c *counted) Close() error {
	c.once.Do(func() { c.front.closed(c.Conn) })
	return nil
}

// admit secures a new connection when TLS is on, and serves it.
func (f *Front) admit(conn net.Conn, rawOnly bool) {
	p := &peeked{Conn: conn, front: f, accepted: conn}
	if !f.handshake(p) {
		f.speaking(conn)
		conn.Close()
		f.conns.Done()
		return
	}
	f.welcome(p, rawOnly)
}

// welcome finds out what a connection speaks and serves it.
func (f *Front) welcome(p *peeked, rawOnly bool) {
	defer f.conns.Done()
	speaks := speaksJSON
	var err error
	if !rawOnly {
		speaks, err = f.listen(p)
	}
	f.speaking(p.accepted)
	p.SetReadDeadline(time.Time{})
	if errors.Is(err, os.ErrDeadlineExceeded) && f.passOn(p.accepted, Passed{}) {
		return
	}
	switch speaks {
	case speaksHTTP:
		f.mu.Lock()
		f.web[p] = struct{}{}
		f.mu.Unlock()
		if secure, ok := p.Conn.(*tls.Conn); ok {
			f.handed.give(&peekedTLS{p, secure})
		} else {
			f.handed.give(p)
		}
	case speaksJSON:
		c := f.newRaw(p, p.visitor.client, certificateOf(p.Conn), nil)
		f.conns.Add(1)
		go func() { // on a stack of its own, which nothing has made large
			defer f.conns.Done()
			c.serve()
		}()
	default:
		p.Conn.Close()
	}
}

// speaking says that a connection is not silent any more.
func (f *Front) speaking(accepted net.Conn) {
	f.mu.Lock()
	delete(f.silent, accepted)
	f.mu.Unlock()
}

// begin notes a connection that has said nothing yet, so that a drain waits for
// what it will ask, but not for it to say something. It reports false when there
// is a drain already.
func (f *Front) begin(conn net.Conn) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	select {
	case <-f.drained:
		return false
	default:
		f.silent[conn] = struct{}{}
		f.conns.Add(1)
		return true
	}
}

// handshake says who the client is, after the TLS handshake when TLS is on. It
// reports false when the connection is not to be served.
func (f *Front) handshake(p *peeked) bool {
	client := address(p.RemoteAddr().String())
	p.visitor.client = client
	if f.TLS == nil {
		return true
	}
	p.SetDeadline(time.Now().Add(time.Duration(f.Limits.HeaderTimeout)))
	secure := tls.Server(p.Conn, f.TLS)
	if err := secure.HandshakeContext(f.base); err != nil {
		f.Logger.Debug("TLS handshake failed", "client", client, "error", err)
		f.Refused(Refusal{"tls", client, http.StatusForbidden})
		return false
	}
	p.Conn = secure
	state := secure.ConnectionState()
	p.visitor.client = clientName(&state, client)
	p.SetDeadline(time.Time{})
	return true
}

// listen waits for the first byte, which says what a connection speaks; unknown
// when it is not to be served.
func (f *Front) listen(p *peeked) (language, error) {
	p.SetReadDeadline(time.Now().Add(time.Duration(f.Limits.IdleTimeout)))
	if f.passing.Load() != nil {
		p.SetReadDeadline(longAgo)
	}
	speaks, err := p.peek()
	if err == nil && speaks == unknown {
		f.Logger.Debug("connection speaks neither HTTP nor JSON-RPC", "client", p.visitor.client)
		f.Refused(Refusal{"language", p.visitor.client, http.StatusBadRequest})
	}
	return speaks, err
}

// peek reads the first byte that is not white space.
func (c *peeked) peek() (language, error) {
	var one [1]byte
	for range 64 {
		if _, err := c.Conn.Read(one[:]); err != nil {
			return unknown, err
		}
		if speaks := detect(one[0]); speaks != spaces {
			c.first, c.unread = one[0], true
			return speaks, nil
		}
	}
	return unknown, nil
}

// Changed tells raw connections of the older era of changes that concern them; the
// streams of others hear it from the feed.
func (f *Front) Changed(c catalog.Changes) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for conn := range f.raw {
		if conn.settled() == "" {
			continue
		}
		if news := c.For(conn.peer.Subscribed()); news.Any() {
			go conn.tell(news) // ends by the write deadline at the latest
		}
	}
}
