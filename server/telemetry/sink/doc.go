// Package sink is where log lines go beyond the console: to a file that is
// rotated, to syslog, to journald, to Elasticsearch.
//
// A [Sink] takes what hclog hands to it and never makes the caller wait for a
// network or another process: what goes to one passes through a bounded queue,
// and what finds it full is dropped and counted. Which sinks a server has, and
// from which level on each takes lines, is package telemetry's to say.
//
// In order of reading: sink.go, file.go, queue.go, daemon.go, syslog.go, journal.go,
// elastic.go.
package sink
