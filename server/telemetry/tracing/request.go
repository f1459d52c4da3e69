package tracing

import (
	"context"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// Request is what is known of a request when its span begins.
type Request struct {
	Method string // of MCP, from a bounded set
	Begun  time.Time
	// Carriers are where the context of the client's trace may stand, the most
	// telling first.
	Carriers []Carrier
}

// Outcome is what has become of a request.
type Outcome struct {
	Version  string // of the protocol
	Tool     string // "" when it was about none
	Identity string // of the client; "" when it has proved none
	Client   string // the client as limits know it
	Result   string // "ok", "error", "cancelled", or why it was refused
	Failed   bool
	Code     int // of a JSON-RPC error; 0 without one
}

// Span is the span of a request.
type Span struct {
	span   trace.Span
	method string
}

// Start begins the span of a request, in the client's trace when it has one.
func (t *Tracer) Start(ctx context.Context, r Request) (context.Context, *Span) {
	for _, c := range r.Carriers {
		if remote := format.Extract(ctx, reading{c}); trace.SpanContextFromContext(remote).IsValid() {
			ctx = remote
			break
		}
	}
	ctx, span := t.tracer.Start(ctx, r.Method, trace.WithSpanKind(trace.SpanKindServer), trace.WithTimestamp(r.Begun),
		trace.WithAttributes(attribute.String("mcp.method.name", r.Method)))
	return ctx, &Span{span, r.Method}
}

// End ends the span. The names of its attributes are those of OpenTelemetry's
// conventions for MCP where there are some.
func (s *Span) End(o Outcome) {
	if !s.span.IsRecording() {
		s.span.End()
		return
	}
	attributes := []attribute.KeyValue{attribute.String("mcp.protocol.version", o.Version), attribute.String("erlmcp.outcome", o.Result)}
	if o.Tool != "" {
		s.span.SetName(s.method + " " + o.Tool)
		attributes = append(attributes, attribute.String("gen_ai.tool.name", o.Tool))
	}
	if o.Identity != "" {
		attributes = append(attributes, attribute.String("enduser.id", o.Identity))
	} else if o.Client != "" {
		attributes = append(attributes, attribute.String("client.address", o.Client))
	}
	if o.Code != 0 {
		code := strconv.Itoa(o.Code)
		attributes = append(attributes, attribute.String("rpc.response.status_code", code), attribute.String("error.type", code))
	} else if o.Failed {
		attributes = append(attributes, attribute.String("error.type", "tool_error"))
	}
	s.span.SetAttributes(attributes...)
	if o.Failed {
		s.span.SetStatus(codes.Error, "")
	}
	s.span.End()
}
