package server

import (
	"context"
	"encoding/json"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/erlmcp/erlmcp/server/memory"
	"github.com/erlmcp/erlmcp/server/protocol"
	"github.com/erlmcp/erlmcp/server/session"
	"github.com/erlmcp/erlmcp/server/task"
	"github.com/erlmcp/erlmcp/server/telemetry/tracing"
	"github.com/erlmcp/erlmcp/server/transport"
)

// call is a request on its way through the dispatcher.
type call struct {
	rt      *Runtime
	st      *state
	x       *transport.Exchange
	m       protocol.Message
	version protocol.Version
	ctx     context.Context
	release func()         // gives back the place under the rate limit
	cache   protocol.Cache // hint that goes with the result
	tool    string         // name of a tool that exists, for metrics
	failed  bool           // the tool's own answer is an error
	reason  string         // why it is refused, as in metrics; "" when it is not
	opened  time.Duration  // how long a stream took to open; 0 for other calls
	answer  transport.Answer

	method method
	known  bool     // whether there is such a method
	life   lifetime // of a call that goes through the workers, and of streams
	line   *line    // of tools and prompts, which may talk to the client
	rounds rounds
	span   *tracing.Span // nil when tracing is off
	task   *task.Task    // that the call goes on as
}

// Handle answers one message; see [transport.Handler].
func (rt *Runtime) Handle(ctx context.Context, x *transport.Exchange) {
	st := rt.current.Load()
	c := &call{rt: rt, st: st, x: x, version: x.Version, ctx: ctx}
	err := c.m.Decode(x.Data, st.depth)
	switch {
	case err != nil:
		rt.refuse(x, c.m.ID, err)
	case c.m.Kind == protocol.Batch:
		rt.batch(ctx, x, c.m.Batch)
	default:
		c.single()
	}
}

// single answers a message that is no batch.
func (c *call) single() {
	if c.m.Kind != protocol.Request && !c.version.Served() {
		c.m.Release()
		c.rt.refuse(c.x, nil, protocol.NotServed(string(c.version), false))
		return
	}
	switch c.m.Kind {
	case protocol.Request:
		c.method, c.known = methodOf(c.m.Method)
		c.request()
		return
	case protocol.Notification:
		if c.m.Method == protocol.Cancelled && c.x.Peer != nil {
			if id := c.m.Params.Get("requestId"); id != nil && !c.x.Peer.Cancel(id) {
				c.rt.forward(c.x)
			}
		}
	default:
		if c.x.Peer != nil && !c.x.Peer.Answer(c.m.ID, session.Reply{Result: c.m.Result, Error: c.m.Error}) {
			c.rt.forward(c.x)
		}
	}
	c.m.Release()
	c.x.Answer(transport.Answer{})
}

// refuse answers what is no request that there could be: JSON that is none, or what
// comes under a version that is not served (MCP 2025-11-25, basic/transports,
// "Protocol Version Header").
func (rt *Runtime) refuse(x *transport.Exchange, id json.RawMessage, err *protocol.Error) {
	rt.turnedAway(transport.Refusal{Reason: "malformed", Client: x.Client, Status: http.StatusBadRequest})
	x.Answer(transport.Answer{Body: protocol.AppendError(transport.Buffer(), id, err), Status: http.StatusBadRequest})
}

// request admits a request and runs its method.
func (c *call) request() {
	c.beginSpan()
	release, limited := c.st.limits.Admit(c.ctx, c.asked(), c.x.Begun)
	if limited != nil {
		c.refuse(c.turnDown("rate_limit", limited.Status, limited.Message, limited.RetryAfter))
		return
	}
	c.release = release
	c.rt.metrics.InProgress.Inc()
	if status, err := c.settleVersion(); err != nil {
		c.answer.Status = status
		c.finish(nil, err)
		return
	}
	if !c.known || !c.method.in(c.version) {
		if c.version.Modern() {
			c.answer.Status = http.StatusNotFound
		}
		c.finish(nil, protocol.NewError(protocol.MethodNotFound, "Method not found: %s", c.m.Method))
		return
	}
	if err := c.shed(); err != nil {
		c.finish(nil, err)
		return
	}
	if err := c.unrecorded(); err != nil {
		c.finish(nil, err)
		return
	}
	switch {
	case c.method.stream != nil:
		c.detach(0)
	case c.method.slow:
		c.queue()
	default:
		c.run()
	}
}

// settleVersion finds out which version the request is under: a request that
// declares its version is of the modern era, as is one whose HTTP header says so;
// any other is under what its session or connection has settled on. With an
// error comes the HTTP status.
func (c *call) settleVersion() (status int, _ *protocol.Error) {
	declared := c.m.DeclaredVersion()
	modernOnly := c.m.Method == protocol.Discover || c.m.Method == protocol.SubscriptionsListen
	if declared == "" && !modernOnly && !(c.version.Served() && c.version.Modern()) {
		if !c.version.Served() {
			return http.StatusBadRequest, protocol.NotServed(string(c.version), false)
		}
		return 0, nil
	}
	c.version = protocol.V20260728
	if err := c.m.CheckMeta(); err != nil {
		return http.StatusBadRequest, err
	}
	if c.x.Header != nil {
		if err := c.m.CheckVersionHeader(c.x.Header); err != nil {
			return http.StatusBadRequest, err
		}
	}
	if v := protocol.Version(declared); !v.Served() || !v.Modern() {
		return http.StatusBadRequest, protocol.NotServed(declared, true)
	}
	c.version = protocol.Version(declared)
	if c.x.Header != nil {
		if err := c.m.CheckHeaders(c.x.Header); err != nil {
			return http.StatusBadRequest, err
		}
	}
	return 0, nil
}

// queue runs a method that may take long, when a worker is free.
func (c *call) queue() {
	if !c.rt.workers.admit() {
		c.finish(nil, c.turnDown("queue", http.StatusServiceUnavailable, tooManyWait, time.Second))
		return
	}
	c.detach(time.Duration(c.st.doc.Limits.CallTimeout))
}

// detach lets other messages of the connection go on. It is known before that the
// call can be cancelled, as the next message may do so. A limit of 0 is none.
func (c *call) detach(limit time.Duration) {
	c.life.begin(c.ctx, c.x.Peer, c.m.ID, limit)
	c.x.Detach(c)
}

// Run implements [transport.Work]: what may take long of a stream, and of a call
// that was admitted to the workers.
func (c *call) Run() {
	defer c.life.end()
	if c.method.stream != nil {
		c.ctx = &c.life
		c.method.stream(c)
		return
	}
	defer c.rt.workers.leave()
	c.ctx = protocol.WithTrace(memory.With(&c.life, c.x.Hold), c.trace())
	if c.life.cause() == errCancelled || c.rt.workers.begin(&c.life) != nil {
		c.finish(nil, c.interrupted())
		return
	}
	defer c.rt.workers.done()
	c.run()
	c.life.end() // what still waits for the client must give its worker back
}

const tooManyWait = "Too many calls are waiting"

func overloaded() *protocol.Error { return comeBack(protocol.Overloaded, tooManyWait, time.Second) }

// yield gives back the worker of a call that waits for its client, and stops its
// clock; resume takes up both again. Several parts of a call may wait at a time.
func (c *call) yield() {
	if c.life.pause() {
		c.rt.workers.yield()
	}
}

func (c *call) resume() {
	if c.life.resume() {
		c.rt.workers.resume()
	}
}

// principal is who has proved to be who it is; "" for a client that is known by
// its address only, which may change.
func (c *call) principal() string {
	if c.x.Proven() {
		return c.x.Client
	}
	return ""
}

// late reports whether the call has taken too long.
func (c *call) late() bool {
	return c.life.cause() == context.DeadlineExceeded
}

// interrupted is the error of a call whose context has ended.
func (c *call) interrupted() *protocol.Error {
	if c.late() {
		return protocol.NewError(protocol.InternalError, "The call took longer than limits.call_timeout, %s", time.Duration(c.st.doc.Limits.CallTimeout))
	}
	return protocol.NewError(protocol.InternalError, "The call was cancelled")
}

// run runs a method and answers.
func (c *call) run() {
	dst := c.era().BeginResult(transport.Buffer(), c.m.ID, protocol.Completed)
	dst, err := c.guarded(dst)
	if c.st.gate.Restricts() && c.cache.Scope == "public" {
		c.cache.Scope = "private" // others may see something else
	}
	if err == nil {
		dst = c.era().EndResult(dst, c.cache)
	}
	c.finish(dst, err)
}

func (c *call) era() protocol.Era {
	return protocol.Era{Modern: c.version.Modern(), Server: c.st.identity}
}

// guarded runs a method; a panic in it is an internal error, and logged.
func (c *call) guarded(dst []byte) (_ []byte, err *protocol.Error) {
	defer func() {
		if p := recover(); p != nil {
			c.rt.log.Error("a method panicked", "method", c.metricName(), "tool", c.tool, "panic", p, "stack", string(debug.Stack()))
			err = protocol.NewError(protocol.InternalError, "Internal error")
		}
	}()
	return c.method.run(c, dst)
}

// finish answers with the result in dst, or with the error.
func (c *call) finish(dst []byte, err *protocol.Error) {
	took := c.opened
	if took == 0 {
		took = time.Since(c.x.Begun)
	}
	c.rt.metrics.Observe(c.metricName(), c.tool, took, err != nil || c.failed)
	if c.st.doc.Log.Access {
		fields := []any{"method", c.metricName(), "client", c.x.Client, "took", took}
		if c.tool != "" {
			fields = append(fields, "tool", c.tool)
		}
		if err != nil {
			fields = append(fields, "code", err.Code)
		}
		c.rt.log.Info("request", fields...)
	}
	c.rt.metrics.InProgress.Dec()
	c.release()
	if c.line != nil {
		c.line.close()
	}
	c.endSpan(err)
	c.life.unlist()
	if c.life.cause() == errCancelled {
		c.receipt(err)
		c.m.Release()
		c.x.Answer(transport.Answer{}) // nothing more is said of a cancelled request
		return
	}
	if err != nil {
		if c.version.Modern() && c.answer.Status == 0 && badRequest(err.Code) {
			c.answer.Status = http.StatusBadRequest
		}
		c.refuse(err)
		return
	}
	c.answer.Body = dst
	c.x.Hold.Answer(len(dst))
	c.receipt(nil)
	c.m.Release()
	c.x.Answer(c.answer)
}

// badRequest reports whether a modern error goes with that HTTP status.
func badRequest(code int) bool {
	return code == protocol.InvalidParams || code == protocol.HeaderMismatch || code == protocol.MissingClientCapability
}

// refuse answers with an error.
func (c *call) refuse(err *protocol.Error) {
	c.answer.Body = protocol.AppendError(transport.Buffer(), c.m.ID, err)
	c.endSpan(err)
	c.receipt(err)
	c.m.Release()
	c.x.Answer(c.answer)
}

// metricName is the method, or "other" for what clients make up.
func (c *call) metricName() string {
	if c.known {
		return c.m.Method
	}
	return "other"
}
