// Package telemetry is what is seen of a server: logs ([NewLogger]), Prometheus
// metrics ([Metrics]) and health ([Health]).
//
// It records and shows; it opens no ports and starts no goroutines, and keeps
// nothing of what a request or its answer holds.
package telemetry
