package transport

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/erlmcp/erlmcp/server/auth"
	"github.com/erlmcp/erlmcp/server/memory"
	"github.com/erlmcp/erlmcp/server/protocol"
	"github.com/erlmcp/erlmcp/server/session"
)

// Handler answers messages.
type Handler interface {
	// Handle sees to it that x is answered exactly once, perhaps after it has
	// returned, by way of x.Detach. The context ends when the client has cancelled
	// by going away, where its protocol era says so, or when the server stops.
	Handle(ctx context.Context, x *Exchange)
}

// Exchange is one message of a client and the way back to it.
type Exchange struct {
	Data     []byte           // the message; valid until the exchange is answered
	Client   string           // who asks, for limits and logs: an identity, the name in a client certificate, or an IP address
	Identity *auth.Identity   // of who asks; nil when nobody is asked
	Header   http.Header      // of the HTTP request; nil on other transports
	Version  protocol.Version // what session or connection settled on, else [protocol.Undeclared]
	Peer     *session.Client  // what is known of the client that ids of requests belong to; nil without a session or connection
	Streams  bool             // whether the client takes other messages before the answer
	Begun    time.Time
	Hold     *memory.Hold // memory of the request; nil without bound

	way way
}

// way is how answers travel on a transport.
type way interface {
	answer(Answer)
	notify(message []byte) error
	keepAlive() error
	hangUp()
	detach(work func())
	stopping() <-chan struct{}
}

// Answer is the end of an exchange.
type Answer struct {
	Body       []byte // one JSON-RPC answer, or a batch of them; nil when there is nothing to say
	Status     int    // HTTP status; 0 is 200, or 202 without a body
	RetryAfter time.Duration
	Challenges []string // values of WWW-Authenticate
	// Settled is the version that initialize has settled on, and Session the name
	// of the session that it has opened, which HTTP clients send along.
	Settled protocol.Version
	Session string
}

// Answer sends the answer. Neither x nor its data may be used afterwards, and
// the body belongs to the transport.
func (x *Exchange) Answer(a Answer) { x.way.answer(a) }

// Notify sends a notification that belongs to this exchange, before its answer.
// The message may be reused when it returns.
func (x *Exchange) Notify(message []byte) error { return x.way.notify(message) }

// Detach runs work that may take long, so that other messages of the same
// connection need not wait: in a goroutine of its own where the connection
// carries several messages at once.
func (x *Exchange) Detach(work func()) { x.way.detach(work) }

// KeepAlive shows on a quiet stream that it is still there, and finds out whether
// the client is. Long-lived exchanges call it every [KeepAlivePeriod].
func (x *Exchange) KeepAlive() error { return x.way.keepAlive() }

// HangUp ends the stream of the exchange before its answer, where the client can
// take it up again later; elsewhere it does nothing.
func (x *Exchange) HangUp() { x.way.hangUp() }

// Stopping is closed when long-lived exchanges should end.
func (x *Exchange) Stopping() <-chan struct{} { return x.way.stopping() }

// Sub returns an exchange for one message of a batch; what it answers goes to
// answered.
func (x *Exchange) Sub(data []byte, answered func(Answer)) *Exchange {
	sub := *x
	sub.Data = data
	sub.way = &part{whole: x.way, answered: answered}
	return &sub
}

// part is the way of a message of a batch.
type part struct {
	whole    way
	answered func(Answer)
}

func (p *part) answer(a Answer)             { p.answered(a) }
func (p *part) notify(message []byte) error { return p.whole.notify(message) }
func (p *part) keepAlive() error            { return p.whole.keepAlive() }
func (p *part) hangUp()                     {}
func (p *part) detach(work func())          { work() }
func (p *part) stopping() <-chan struct{}   { return p.whole.stopping() }

// maxPooled is the largest buffer that is kept for reuse.
const maxPooled = 64 << 10

var buffers = sync.Pool{New: func() any { return new([]byte) }}

// Buffer returns an empty buffer for an answer; the transport takes it back when
// it has sent it.
func Buffer() []byte {
	p := buffers.Get().(*[]byte)
	b := *p
	*p = nil
	boxes.Put(p)
	return b[:0]
}

// boxes are the pointers that pooled buffers travel in, without their buffers.
var boxes = sync.Pool{New: func() any { return new([]byte) }}

func recycle(b []byte) {
	if cap(b) == 0 || cap(b) > maxPooled {
		return
	}
	p := boxes.Get().(*[]byte)
	*p = b
	buffers.Put(p)
}
