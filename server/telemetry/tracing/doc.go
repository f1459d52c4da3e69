// Package tracing makes the spans of OpenTelemetry: one for each request of a
// client ([Tracer.Start]) and one for each request to a web service ([Outgoing]).
//
// A trace goes on from client to server to web service by W3C Trace Context, which
// stands in headers, and in _meta of MCP messages (MCP 2026-07-28, basic, "_meta").
// A context without a span costs nothing: where tracing is off, nothing here
// allocates.
//
// How spans get to a collector is package otlp's matter.
//
// In order of reading: tracer.go, request.go, outgoing.go.
package tracing
