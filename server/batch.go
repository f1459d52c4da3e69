package server

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/erlmcp/erlmcp/server/protocol"
	"github.com/erlmcp/erlmcp/server/transport"
)

// batch answers the messages of a batch together, in their order.
func (rt *Runtime) batch(ctx context.Context, x *transport.Exchange, messages []json.RawMessage) {
	if !x.Version.Served() {
		rt.refuse(x, nil, protocol.NotServed(string(x.Version), false))
		return
	}
	if !x.Version.Batches() {
		rt.refuse(x, nil, protocol.NewError(protocol.InvalidRequest, "version %s has no batches", x.Version))
		return
	}
	if !rt.workers.admit() {
		rt.turnedAway(transport.Refusal{Reason: "queue", Client: x.Client, Status: http.StatusServiceUnavailable})
		x.Answer(transport.Answer{Body: protocol.AppendError(transport.Buffer(), nil, overloaded()), Status: http.StatusServiceUnavailable, RetryAfter: time.Second})
		return
	}
	x.Detach(&batch{rt, ctx, x, messages})
}

// batch is the messages of a batch that was admitted to the workers.
type batch struct {
	rt       *Runtime
	ctx      context.Context
	x        *transport.Exchange
	messages []json.RawMessage
}

// Run implements [transport.Work].
func (b *batch) Run() {
	defer b.rt.workers.leave()
	out := append(transport.Buffer(), '[')
	for _, data := range b.messages {
		sub := b.x.Sub(data, func(a transport.Answer) {
			if a.Body == nil {
				return
			}
			if len(out) > 1 {
				out = append(out, ',')
			}
			out = append(out, a.Body...)
		})
		b.rt.part(b.ctx, sub)
	}
	if len(out) == 1 {
		b.x.Answer(transport.Answer{})
		return
	}
	b.x.Answer(transport.Answer{Body: append(out, ']')})
}

// part answers one message of a batch.
func (rt *Runtime) part(ctx context.Context, x *transport.Exchange) {
	st := rt.current.Load()
	c := &call{rt: rt, st: st, x: x, version: x.Version, ctx: ctx}
	err := c.m.Decode(x.Data, st.depth)
	if err == nil && (c.m.Kind == protocol.Batch || c.m.Method == protocol.Initialize || c.m.DeclaredVersion() != "") {
		err = protocol.NewError(protocol.InvalidRequest, "a batch cannot hold this message")
	}
	if err != nil {
		x.Answer(transport.Answer{Body: protocol.AppendError(nil, c.m.ID, err)})
		return
	}
	c.single()
}
