// Package otlp sends traces and metrics to an OpenTelemetry collector, by the
// OpenTelemetry Protocol over gRPC or over HTTP (opentelemetry.io/docs/specs/otlp).
//
// The messages are OpenTelemetry's own. Their way is net/http's, for gRPC too,
// as one unary call needs little of it: OpenTelemetry's exporters bring a gRPC
// library along that takes more memory than the runtime has.
//
// What is in a span is package tracing's to say. Nothing here makes a call wait.
//
// In order of reading: client.go, traces.go, metrics.go, convert.go.
package otlp
