package upstream

import (
	"context"
	"crypto/rand"
	"strings"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/erlmcp/erlmcp/server/dialogue"
	"github.com/erlmcp/erlmcp/server/protocol"
)

// exchange is a request to the upstream, until its client has been told the answer.
type exchange struct {
	id   string // cannot be guessed; the progress token of the request too
	u    *Upstream
	link *link
	can  protocol.Capabilities // of the client that it is for
	ctx  context.Context       // of the request
	end  context.CancelFunc
	over chan struct{} // closed when it is answered or given up
	told chan struct{} // closed when nobody is to be told so any more

	// What it was answered with; valid once over is closed.
	result any
	err    error

	mu       sync.Mutex
	peer     *dialogue.Client // at the other end; nil while the client is to come back
	expiry   *time.Timer      // set meanwhile
	asked    chan struct{}    // takes a value when there are questions to ask
	open     []*questions     // that have no answer yet
	sequence int
}

// exchangeKey is the key of the exchange in the context of its request.
type exchangeKey struct{}

// begin begins an exchange for the call that ctx is of, whose client is there from
// the first: the upstream may speak as soon as it is asked. It outlives ctx.
func (u *Upstream) begin(ctx context.Context, l *link) *exchange {
	client := dialogue.From(ctx)
	e := &exchange{id: rand.Text(), u: u, link: l, over: make(chan struct{}), told: make(chan struct{}), asked: make(chan struct{}, 1), can: client.Capabilities(), peer: client}
	e.ctx, e.end = context.WithCancel(context.WithValue(context.WithoutCancel(ctx), exchangeKey{}, e))
	u.mu.Lock()
	u.exchanges[e.id] = e
	u.mu.Unlock()
	return e
}

// finish ends an exchange with what it was answered with, unless it has ended.
func (u *Upstream) finish(e *exchange, result any, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !e.ended() {
		e.result, e.err = result, err
		close(e.over)
	}
	e.end()
}

// ended reports whether the exchange is answered or given up.
func (e *exchange) ended() bool {
	select {
	case <-e.over:
		return true
	default:
		return false
	}
}

// forget lets go of an exchange whose client was told its answer, or is told none.
func (u *Upstream) forget(e *exchange) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.exchanges[e.id] == e {
		delete(u.exchanges, e.id)
		close(e.told)
	}
}

// doubtTime is how long the upstream is taken to work on a call that was given up.
const doubtTime = time.Minute

// abandon gives up an exchange: the upstream is told, and what it may still ask
// is not taken for a question of another call.
func (u *Upstream) abandon(e *exchange, err error) {
	u.mu.Lock()
	if !e.ended() {
		u.doubtful = time.Now().Add(doubtTime)
	}
	u.mu.Unlock()
	u.finish(e, nil, err)
	u.forget(e)
}

// abandonAll gives up what is in progress on a connection that is lost.
func (u *Upstream) abandonAll(l *link, why error) {
	u.mu.Lock()
	var lost []*exchange
	for _, e := range u.exchanges {
		if e.link == l {
			lost = append(lost, e)
		}
	}
	u.doubtful = time.Time{} // a new connection knows of none of them
	u.mu.Unlock()
	for _, e := range lost {
		u.finish(e, nil, refuse("The server behind this, %s, has not answered: %s", u.name, why))
	}
}

// exchange is the one of an id, or nil.
func (u *Upstream) exchange(id string) *exchange {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.exchanges[id]
}

// keyPrefix begins the key of a question, before the id of the exchange and the
// number of the question.
const keyPrefix = "upstream/"

// resumed is the exchange that the client of the call was asked about, when the
// call has been made before; asked without an exchange says that it is over.
func (u *Upstream) resumed(ctx context.Context) (e *exchange, asked bool) {
	for key := range dialogue.From(ctx).Given() {
		rest, ok := strings.CutPrefix(key, keyPrefix)
		if !ok {
			continue
		}
		asked = true
		id, _, _ := strings.Cut(rest, "/")
		if e := u.exchange(id); e != nil {
			return e, true
		}
	}
	return nil, asked
}

// client is who is at the other end now, or nil.
func (e *exchange) client() *dialogue.Client {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.peer
}

// attach puts a client that has come back at the other end; it reports false when
// there is one.
func (e *exchange) attach(c *dialogue.Client) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.peer != nil {
		return false
	}
	e.peer = c
	if e.expiry != nil {
		e.expiry.Stop()
		e.expiry = nil
	}
	if len(e.open) > 0 {
		e.ring()
	}
	return true
}

// park leaves the exchange open for a client that is to come back.
func (e *exchange) park(most time.Duration, expired func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.peer = nil
	e.expiry = time.AfterFunc(most, expired)
}

// ring says that there is something to ask.
func (e *exchange) ring() {
	select {
	case e.asked <- struct{}{}:
	default:
	}
}

// meta is the _meta of a request: its progress token, the trace that it is part
// of, and in the modern era what its client can do.
func (e *exchange) meta(ctx context.Context) mcp.Meta {
	m := mcp.Meta{"progressToken": e.id}
	if t := protocol.TraceOf(ctx); t.Parent != "" {
		m[protocol.TraceParent] = t.Parent
		if t.State != "" {
			m[protocol.TraceState] = t.State
		}
	}
	if e.link.modern() {
		m[protocol.MetaClientCapabilities] = e.u.declared(e.can)
		m[protocol.MetaLogLevel] = "debug" // the client's own level is looked at when a message comes
	}
	return m
}

// declared is what a client can do of what the block allows the upstream to ask
// (MCP, schema, "ClientCapabilities").
func (u *Upstream) declared(can protocol.Capabilities) map[string]any {
	empty := map[string]any{}
	object := func(names map[string]protocol.Capabilities) map[string]any {
		out := map[string]any{}
		for name, what := range names {
			if can&what != 0 {
				out[name] = empty
			}
		}
		return out
	}
	out := map[string]any{}
	if is(u.spec.Sampling) && can&protocol.CanSample != 0 {
		out["sampling"] = object(map[string]protocol.Capabilities{"tools": protocol.CanSampleTools, "context": protocol.CanSampleContext})
	}
	if is(u.spec.Elicitation) && can&(protocol.CanElicit|protocol.CanElicitURL) != 0 {
		out["elicitation"] = object(map[string]protocol.Capabilities{"form": protocol.CanElicit, "url": protocol.CanElicitURL})
	}
	if is(u.spec.Roots) && can&protocol.CanListRoots != 0 {
		out["roots"] = empty
	}
	return out
}
