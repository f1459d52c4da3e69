// Package telemetry is what is seen of a server: logs ([NewLogger]), Prometheus
// metrics ([Metrics]) and health ([Health]).
//
// It records and shows; it opens no ports and starts no goroutines. Arguments
// and contents never reach it.
package telemetry
