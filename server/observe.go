package server

import (
	"cmp"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server/protocol"
	"github.com/erlmcp/erlmcp/server/telemetry"
	"github.com/erlmcp/erlmcp/server/telemetry/otlp"
	"github.com/erlmcp/erlmcp/server/telemetry/tracing"
)

// observed is how one document is seen from outside.
type observed struct {
	tracer *tracing.Tracer      // nil when tracing is off
	logs   *telemetry.LogChange // to be put in place
}

// observe prepares how a document is seen. What has not changed goes on.
func (rt *Runtime) observe(doc *schemas.Server, old *state) (o observed, err error) {
	if o.logs, err = rt.logs.Prepare(doc.Log, doc.Name); err != nil {
		return o, err
	}
	if old != nil && equal(old.doc.Tracing, doc.Tracing) && old.doc.Version == doc.Version {
		o.tracer = old.tracer
		return o, nil
	}
	o.tracer = tracing.New(doc.Tracing, rt.about(doc), rt.exports("traces"))
	return o, nil
}

// drop gives back what was prepared for a server that does not come to be.
func (o observed) drop() {
	o.logs.Drop()
	if o.tracer != nil {
		o.tracer.Close()
	}
}

// takeUp puts it in place of what an earlier document had.
func (rt *Runtime) takeUp(next, old *state) {
	if old != nil && old.logs == next.logs {
		return // it is the same document
	}
	rt.logs.Commit(next.logs)
	if old != nil && old.tracer != nil && old.tracer != next.tracer {
		go old.tracer.Close() // ends within seconds
	}
}

// exports says how the export of something goes.
func (rt *Runtime) exports(what string) func(error) {
	return func(err error) {
		if err != nil {
			rt.log.Warn("the OpenTelemetry collector does not take "+what, "error", err)
		} else {
			rt.log.Info("the OpenTelemetry collector takes " + what + " again")
		}
	}
}

// about is what OpenTelemetry is told of the server.
func (rt *Runtime) about(doc *schemas.Server) map[string]string {
	return map[string]string{
		"service.name": doc.Name, "service.version": doc.Version, "service.instance.id": rt.instance.String(),
	}
}

// push begins to send metrics to a collector, if the document says so.
func (rt *Runtime) push(doc *schemas.Server) {
	o := doc.Metrics.OTLP
	if o == nil {
		return
	}
	rt.pusher = otlp.Push(otlp.Options{
		Endpoint: o.Endpoint, Protocol: o.Protocol, Headers: o.Headers, CA: o.CA, Timeout: time.Duration(o.Timeout), Failed: rt.exports("metrics"),
	}, rt.metrics.Gatherer(), tracing.Resource(rt.about(doc), o.Resource), time.Duration(o.Interval))
}

// unobserve sends what has not been sent yet, if that does not take long.
func (rt *Runtime) unobserve() error {
	var sending sync.WaitGroup
	if t := rt.current.Load().tracer; t != nil {
		sending.Go(t.Close)
	}
	if rt.pusher != nil {
		sending.Go(rt.pusher.Close)
	}
	sending.Wait()
	return rt.logs.Close() // last, as the others may have something to say
}

// beginSpan begins the span of the request when tracing is on. The context of the
// client's trace stands in _meta (MCP 2026-07-28, basic, "_meta"), or in the
// headers.
func (c *call) beginSpan() {
	if c.st.tracer == nil {
		return
	}
	carriers := []tracing.Carrier{metaCarrier{&c.m}}
	if c.x.Header != nil {
		carriers = append(carriers, c.x.Header)
	}
	c.ctx, c.span = c.st.tracer.Start(c.ctx, tracing.Request{
		Method: c.metricName(), Begun: c.x.Begun, Carriers: carriers,
	})
}

// trace is the trace that upstreams are told of: with the span of the request when
// tracing is on, else as the client has begun it.
func (c *call) trace() protocol.Trace {
	if c.span == nil {
		return c.m.Trace(c.x.Header)
	}
	h := http.Header{}
	tracing.Inject(c.ctx, h)
	return protocol.Trace{Parent: h.Get(protocol.TraceParent), State: h.Get(protocol.TraceState)}
}

// endSpan ends the span of the request, if it has one.
func (c *call) endSpan(err *protocol.Error) {
	if c.span == nil {
		return
	}
	o := tracing.Outcome{
		Version: string(c.version), Tool: c.tool, Identity: c.principal(), Client: c.x.Client,
		Result: c.outcome(err), Failed: err != nil || c.failed,
	}
	if err != nil {
		o.Code = err.Code
		if reason := cmp.Or(c.reason, refusals[err.Code]); reason != "" {
			o.Result = reason
		}
	}
	c.span.End(o)
	c.span = nil
}

// metaCarrier reads the context of a trace from _meta.
type metaCarrier struct{ m *protocol.Message }

func (m metaCarrier) Get(key string) string { return m.m.MetaText(key) }

// ReopenLogs opens log files anew, as another program may have moved them.
func (rt *Runtime) ReopenLogs() error {
	if err := rt.logs.Reopen(); err != nil {
		return err
	}
	rt.log.Info("log files were opened anew")
	return nil
}

// setLevel changes the level of the log until the next reload.
func (rt *Runtime) setLevel(level string) error {
	if schemas.Describe[schemas.Log]().Attribute("level").Check(level) != "" {
		return errors.New("the level is one of trace, debug, info, warn and error")
	}
	rt.logs.SetLevel(hclog.LevelFromString(level))
	rt.log.Info("the log level was changed", "level", level)
	return nil
}
