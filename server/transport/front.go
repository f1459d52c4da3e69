package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
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
	drained chan struct{} // closed when no new work is taken
	once    sync.Once

	open    atomic.Int64 // connections
	turning atomic.Int64 // connections that are told why they are refused
	conns   sync.WaitGroup

	mu        sync.Mutex
	listeners []net.Listener
	silent    map[net.Conn]struct{} // have not said yet what they speak
	raw       map[*rawConn]struct{}
}

// NewFront returns a front door that listens nowhere yet. The context is that of
// all work; it ends when what is still going on after a drain is to be cut off.
func NewFront(ctx context.Context, c Config) *Front {
	f := &Front{
		Config: c, base: ctx, drained: make(chan struct{}),
		silent: map[net.Conn]struct{}{}, raw: map[*rawConn]struct{}{},
		pipes: pipes{open: map[string]*pipe{}},
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
			f.Logger.Warn("accept failed", "address", l.Addr(), "error", err)
			select {
			case <-f.drained:
				return
			case <-time.After(50 * time.Millisecond): // out of descriptors: others must end first
			}
			continue
		}
		f.Metrics.Connections.Inc()
		f.open.Add(1)
		if !f.room(conn, rawOnly) {
			continue
		}
		tune(conn, f.Socket)
		if c := (&counted{Conn: conn, front: f}); f.begin(c) {
			go f.admit(c, rawOnly)
		} else {
			c.Close()
		}
	}
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
	net.Conn
	front *Front
	once  sync.Once
}

// Close closes the connection once.
func (c *counted) Close() error {
	c.once.Do(func() { c.front.closed(c.Conn) })
	return nil
}

// admit finds out what a new connection speaks and serves it.
func (f *Front) admit(conn net.Conn, rawOnly bool) {
	defer f.conns.Done()
	p, client, speaks := f.identify(conn, rawOnly)
	f.mu.Lock()
	delete(f.silent, conn)
	f.mu.Unlock()
	switch speaks {
	case speaksHTTP:
		if secure, ok := p.Conn.(*tls.Conn); ok {
			f.handed.give(&peekedTLS{p, secure})
		} else {
			f.handed.give(&p)
		}
	case speaksJSON:
		f.serveRaw(&p, client, certificateOf(p.Conn), false)
	default:
		conn.Close()
	}
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

// identify secures the connection when TLS is on, and says who the client is and
// what it speaks; unknown when it is not to be served.
func (f *Front) identify(conn net.Conn, rawOnly bool) (p peeked, client string, speaks language) {
	client = address(conn.RemoteAddr().String())
	if f.TLS != nil {
		conn.SetDeadline(time.Now().Add(time.Duration(f.Limits.HeaderTimeout)))
		secure := tls.Server(conn, f.TLS)
		if err := secure.HandshakeContext(f.base); err != nil {
			f.Logger.Debug("TLS handshake failed", "client", client, "error", err)
			f.Refused(Refusal{"tls", client, http.StatusForbidden})
			return p, client, unknown
		}
		conn = secure
		state := secure.ConnectionState()
		client = clientName(&state, client)
		conn.SetDeadline(time.Time{})
	}
	p = peeked{Conn: conn}
	if rawOnly {
		return p, client, speaksJSON
	}
	conn.SetReadDeadline(time.Now().Add(time.Duration(f.Limits.IdleTimeout)))
	speaks, err := p.peek()
	conn.SetReadDeadline(time.Time{})
	if err == nil && speaks == unknown {
		f.Logger.Debug("connection speaks neither HTTP nor JSON-RPC", "client", client)
		f.Refused(Refusal{"language", client, http.StatusBadRequest})
	}
	return p, client, speaks
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

// Drain takes no new connections and no new requests, and returns when those in
// progress have been answered, or with the context's error.
func (f *Front) Drain(ctx context.Context) error {
	f.stop()
	f.farewell(ctx)
	failed := f.http.Shutdown(ctx)
	done := make(chan struct{})
	go func() { f.conns.Wait(); close(done) }() // ends when Cut closes what is left
	select {
	case <-done:
		return failed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// farewellPeriod is how long connections that are kept alive may come once more.
const farewellPeriod = 300 * time.Millisecond

// farewell lets clients that ask again and again find out, with an answer, that
// their connection ends: closed under them, a request that is on its way would be
// lost, and clients do not repeat what may have had an effect (RFC 9110, 9.2.2).
func (f *Front) farewell(ctx context.Context) {
	tick := time.NewTicker(farewellPeriod / 30)
	defer tick.Stop()
	end := time.After(farewellPeriod)
	for f.open.Load() > 0 {
		select {
		case <-tick.C:
		case <-end:
			return
		case <-ctx.Done():
			return
		}
	}
}

// Cut closes everything at once.
func (f *Front) Cut() {
	f.stop()
	f.http.Close()
	f.mu.Lock()
	defer f.mu.Unlock()
	for conn := range f.raw {
		conn.conn.Close()
	}
}

func (f *Front) stop() {
	f.once.Do(func() { close(f.drained) })
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, l := range f.listeners {
		l.Close()
	}
	for conn := range f.silent {
		conn.Close()
	}
	for conn := range f.raw {
		conn.stopReading()
	}
}
