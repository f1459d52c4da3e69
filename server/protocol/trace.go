package protocol

import (
	"context"
	"net/http"
	"strings"
)

// Names of the W3C Trace Context, both of HTTP headers and of members of _meta
// (MCP 2026-07-28, basic, "General fields").
const (
	TraceParent = "traceparent"
	TraceState  = "tracestate"
)

// Trace is the trace that a request is part of (W3C Trace Context, level 1). The
// zero value is none.
type Trace struct{ Parent, State string }

// Trace reads the trace of a request from its _meta, or else from the HTTP headers
// that it came with, which may be nil. One that is not well formed is none.
func (m *Message) Trace(h http.Header) Trace {
	t := Trace{m.metaText(TraceParent), m.metaText(TraceState)}
	if t.Parent == "" && h != nil {
		t = Trace{h.Get(TraceParent), h.Get(TraceState)}
	}
	if !isTraceParent(t.Parent) {
		return Trace{}
	}
	const most = 512
	if len(t.State) > most || strings.ContainsFunc(t.State, func(r rune) bool { return r < ' ' || r > '~' }) {
		t.State = ""
	}
	return t
}

func (m *Message) metaText(name string) string {
	if raw := m.Meta.Get(name); isString(raw) {
		return text(raw)
	}
	return ""
}

// isTraceParent reports whether s has the form of version 00:
// 00-<32 hexadecimal digits>-<16>-<2>.
func isTraceParent(s string) bool {
	if len(s) != len("00-00000000000000000000000000000000-0000000000000000-00") || s[:3] != "00-" || s[35] != '-' || s[52] != '-' {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return r != '-' && !strings.ContainsRune("0123456789abcdef", r) }) &&
		strings.Count(s, "-") == 3
}

type traceKey struct{}

// WithTrace returns a context of work that is part of a trace.
func WithTrace(ctx context.Context, t Trace) context.Context {
	if t == (Trace{}) {
		return ctx
	}
	return context.WithValue(ctx, traceKey{}, t)
}

// TraceOf returns the trace that work is part of; the zero value when it is part
// of none.
func TraceOf(ctx context.Context) Trace {
	t, _ := ctx.Value(traceKey{}).(Trace)
	return t
}
