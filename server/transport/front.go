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
	"github.com/erlmcp/erlmcp/server/catalog"
	"github.com/erlmcp/erlmcp/server/guard"
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
	Path     string // of the MCP endpoint
	Limits   schemas.Limits
	TLS      *tls.Config // nil for plain connections
	Metrics  *telemetry.Metrics
	Logger   hclog.Logger
}

// Front is the front door of a server: any number of listeners that share its
// limits.
type Front struct {
	Config
	http    *http.Server
	handed  *handover
	drained chan struct{} // closed when no new work is taken
	once    sync.Once

	open  atomic.Int64 // connections
	conns sync.WaitGroup

	mu        sync.Mutex
	listeners []net.Listener
	raw       map[*rawConn]struct{}
}

// NewFront returns a front door that listens nowhere yet. The context is that of
// all work; it ends when what is still going on after a drain is to be cut off.
func NewFront(ctx context.Context, c Config) *Front {
	f := &Front{Config: c, drained: make(chan struct{}), raw: map[*rawConn]struct{}{}}
	f.handed = &handover{conns: make(chan net.Conn), closed: make(chan struct{})}
	f.http = &http.Server{
		Handler:           f,
		ReadHeaderTimeout: time.Duration(c.Limits.HeaderTimeout),
		IdleTimeout:       time.Duration(c.Limits.IdleTimeout),
		MaxHeaderBytes:    32 << 10,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          c.Logger.StandardLogger(&hclog.StandardLoggerOptions{ForceLevel: hclog.Debug}),
	}
	go f.http.Serve(f.handed) // ends when drain or cut closes the server
	return f
}

// Serve accepts connections of l until the front door drains. With rawOnly they
// all speak JSON-RPC; otherwise the first byte decides.
func (f *Front) Serve(ctx context.Context, l net.Listener, rawOnly bool) {
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
		if f.open.Add(1) > int64(f.Limits.Connections) {
			f.Metrics.Refused("connections")
			f.closed(conn)
			continue
		}
		f.Metrics.Connections.Set(float64(f.open.Load()))
		f.conns.Add(1)
		go f.admit(ctx, &counted{Conn: conn, front: f}, rawOnly)
	}
}

// Connections is how many connections are open.
func (f *Front) Connections() int { return int(f.open.Load()) }

func (f *Front) closed(conn net.Conn) {
	conn.Close()
	f.Metrics.Connections.Set(float64(f.open.Add(-1)))
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

// CloseWrite ends the direction to the client.
func (c *counted) CloseWrite() error {
	if t, ok := c.Conn.(*net.TCPConn); ok {
		return t.CloseWrite()
	}
	return nil
}

// admit finds out what a new connection speaks and serves it.
func (f *Front) admit(ctx context.Context, conn net.Conn, rawOnly bool) {
	defer f.conns.Done()
	client := host(conn.RemoteAddr())
	conn.SetDeadline(time.Now().Add(time.Duration(f.Limits.HeaderTimeout)))
	var secure *tls.Conn
	if f.TLS != nil {
		secure = tls.Server(conn, f.TLS)
		if err := secure.HandshakeContext(ctx); err != nil {
			f.Logger.Debug("TLS handshake failed", "client", client, "error", err)
			f.Metrics.Refused("tls")
			conn.Close()
			return
		}
		conn = secure
		state := secure.ConnectionState()
		client = clientName(&state, client)
	}
	p := peeked{Conn: conn, unread: true}
	speaks := speaksJSON
	if !rawOnly {
		var err error
		if speaks, err = p.peek(); err != nil {
			conn.Close()
			return
		}
	} else {
		p.unread = false
	}
	conn.SetDeadline(time.Time{})
	switch speaks {
	case speaksHTTP:
		if secure != nil {
			f.handed.give(&peekedTLS{p, secure})
		} else {
			f.handed.give(&p)
		}
	case speaksJSON:
		f.serveRaw(ctx, &p, client)
	default:
		f.Logger.Debug("connection speaks neither HTTP nor JSON-RPC", "client", client)
		f.Metrics.Refused("language")
		conn.Close()
	}
}

// peek reads the first byte that is not white space.
func (c *peeked) peek() (language, error) {
	var one [1]byte
	for range 64 {
		if _, err := c.Conn.Read(one[:]); err != nil {
			return unknown, err
		}
		if speaks := detect(one[0]); speaks != spaces {
			c.first = one[0]
			return speaks, nil
		}
	}
	return unknown, nil
}

// host is the IP address of a client.
func host(a net.Addr) string {
	if t, ok := a.(*net.TCPAddr); ok {
		return t.AddrPort().Addr().Unmap().WithZone("").String()
	}
	return a.String()
}

// clientName is the name in a client's certificate that was checked, else the
// fallback.
func clientName(state *tls.ConnectionState, fallback string) string {
	if len(state.VerifiedChains) == 0 {
		return fallback
	}
	leaf := state.VerifiedChains[0][0]
	switch {
	case leaf.Subject.CommonName != "":
		return "cert:" + leaf.Subject.CommonName
	case len(leaf.DNSNames) > 0:
		return "cert:" + leaf.DNSNames[0]
	case len(leaf.URIs) > 0:
		return "cert:" + leaf.URIs[0].String()
	}
	return "cert:" + leaf.SerialNumber.String()
}

// Changed tells raw connections of the older era that lists have changed; the
// streams of others hear it from the feed.
func (f *Front) Changed(c catalog.Changes) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for conn := range f.raw {
		if v := conn.settled(); v != "" {
			go conn.tell(c) // ends by the write deadline at the latest
		}
	}
}

// Drain takes no new connections and no new requests, and returns when those in
// progress have been answered, or with the context's error.
func (f *Front) Drain(ctx context.Context) error {
	f.stop()
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
	for conn := range f.raw {
		conn.stopReading()
	}
}

// handover is the listener through which net/http gets its connections.
type handover struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (h *handover) give(c net.Conn) {
	select {
	case h.conns <- c:
	case <-h.closed:
		c.Close()
	}
}

// Accept returns the next connection that speaks HTTP.
func (h *handover) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.closed:
		return nil, net.ErrClosed
	}
}

// Close ends Accept.
func (h *handover) Close() error {
	h.once.Do(func() { close(h.closed) })
	return nil
}

// Addr is no address: connections come from several listeners.
func (h *handover) Addr() net.Addr { return &net.UnixAddr{Name: "front", Net: "handover"} }
