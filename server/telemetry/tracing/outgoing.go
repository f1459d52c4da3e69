package tracing

import (
	"context"
	"net/http"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/erlmcp/erlmcp/server/telemetry/otlp"
)

// Call is the span of a request to a web service; nil outside of a trace, where
// its methods do nothing.
type Call struct{ span trace.Span }

// Outgoing begins the span of a request to a web service, as a part of what its
// context is about, and writes the trace into the request's headers where they say
// nothing of one yet. The URL is not recorded, as secrets may stand in it.
func Outgoing(r *http.Request) *Call {
	parent := trace.SpanFromContext(r.Context())
	if !parent.SpanContext().IsValid() {
		return nil
	}
	ctx, span := parent.TracerProvider().Tracer(otlp.Scope, trace.WithInstrumentationVersion(otlp.ScopeVersion())).
		Start(r.Context(), r.Method, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
			attribute.String("http.request.method", r.Method), attribute.String("url.scheme", r.URL.Scheme),
			attribute.String("server.address", r.URL.Hostname())))
	if port, err := strconv.Atoi(r.URL.Port()); err == nil {
		span.SetAttributes(attribute.Int("server.port", port))
	}
	Inject(ctx, r.Header)
	return &Call{span}
}

// Inject writes the trace that the context is about into headers that say nothing
// of one yet.
func Inject(ctx context.Context, h http.Header) {
	if h.Get("Traceparent") == "" {
		format.Inject(ctx, propagation.HeaderCarrier(h))
	}
}

// Answered ends the span of a request that was answered with that status.
func (c *Call) Answered(status int) {
	if c == nil {
		return
	}
	c.span.SetAttributes(attribute.Int("http.response.status_code", status))
	if status >= 400 {
		c.fail(strconv.Itoa(status))
	}
	c.span.End()
}

// Failed ends the span of a request without an answer; why must hold no secret.
func (c *Call) Failed(why string) {
	if c == nil {
		return
	}
	c.fail(why)
	c.span.End()
}

func (c *Call) fail(why string) {
	c.span.SetAttributes(attribute.String("error.type", why))
	c.span.SetStatus(codes.Error, "")
}
