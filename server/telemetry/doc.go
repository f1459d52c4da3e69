// Package telemetry is what is seen of a server: logs ([Logs]), Prometheus metrics
// ([Metrics]), health ([Health]) and a page about it for people ([Page]).
//
// It records and shows, and keeps nothing of what a request or its answer holds. It
// opens no ports. What goes elsewhere is for the packages below it: sink (logs),
// tracing and otlp (OpenTelemetry).
//
// In order of reading: health.go, page.go, metrics.go, watch.go, log.go.
package telemetry
