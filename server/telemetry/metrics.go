package telemetry

import (
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// other stands for every label value that is not known: a client cannot make up
// time series.
const other = "other"

// methods are those of MCP 2025-11-25, 2026-07-28 and the Tasks extension that
// clients send.
var methods = []string{
	"completion/complete", "initialize", "logging/setLevel", "notifications/cancelled", "notifications/initialized",
	"notifications/progress", "notifications/roots/list_changed", "ping", "prompts/get", "prompts/list", "resources/list",
	"resources/read", "resources/subscribe", "resources/templates/list", "resources/unsubscribe", "server/discover",
	"subscriptions/listen", "tasks/cancel", "tasks/get", "tasks/update", callMethod, "tools/list", other,
}

const callMethod = "tools/call"

// reasons are those of refusals that are told apart.
var reasons = []string{"auth", "connections", "governor", "language", "malformed", "memory", "no_session", "origin", "queue", "rate_limit", "receipts", "sessions", "size", "subscriptions", "tls", other}

// Metrics are the counters, gauges and histograms of one server. Their methods
// are safe for concurrent use; Observe and Refused allocate nothing.
type Metrics struct {
	Connections prometheus.Gauge // connections open now
	Sessions    prometheus.Gauge // sessions held now
	Queue       prometheus.Gauge // tool calls that wait for a worker
	InProgress  prometheus.Gauge // requests being answered

	registry *prometheus.Registry
	requests *prometheus.CounterVec
	errors   *prometheus.CounterVec
	latency  *prometheus.HistogramVec

	methods map[string]*series // never changed
	refused map[string]prometheus.Counter
	setting sync.Mutex                         // held by SetTools
	tools   atomic.Pointer[map[string]*series] // never changed, only replaced
}

// series are the time series of one method, or of the calls of one tool.
type series struct {
	requests, errors prometheus.Counter
	latency          prometheus.Observer
}

// NewMetrics returns metrics in a registry of their own, with those of the Go
// runtime and of the process. Every name is there from the first scrape on.
func NewMetrics() *Metrics {
	labels := []string{"method", "tool"}
	m := &Metrics{
		Connections: gauge("erlmcp_connections", "Connections open now."),
		Sessions:    gauge("erlmcp_sessions", "Sessions held now."),
		Queue:       gauge("erlmcp_queue_depth", "Tool calls that wait for a worker."),
		InProgress:  gauge("erlmcp_requests_in_progress", "Requests being answered now."),
		registry:    prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "erlmcp_requests_total", Help: "Requests answered, by method and, for tools/call, tool.",
		}, labels),
		errors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "erlmcp_errors_total", Help: "Requests answered with an error, by method and, for tools/call, tool.",
		}, labels),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "erlmcp_latency_seconds", Help: "Time from a request's arrival to its answer, by method and, for tools/call, tool.",
			Buckets: []float64{.0001, .0005, .001, .005, .01, .05, .1, .5, 1, 5, 10, 30},
		}, labels),
		methods: map[string]*series{},
		refused: map[string]prometheus.Counter{},
	}
	refusals := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "erlmcp_refused_total", Help: "Requests and connections refused before they were looked at, by reason.",
	}, []string{"reason"})
	m.registry.MustRegister(
		m.Connections, m.Sessions, m.Queue, m.InProgress, m.requests, m.errors, m.latency, refusals,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	for _, name := range methods {
		m.methods[name] = m.resolve(name, "")
	}
	for _, reason := range reasons {
		m.refused[reason] = refusals.WithLabelValues(reason)
	}
	m.tools.Store(&map[string]*series{})
	return m
}

func gauge(name, help string) prometheus.Gauge {
	return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
}

func (m *Metrics) resolve(method, tool string) *series {
	return &series{
		requests: m.requests.WithLabelValues(method, tool),
		errors:   m.errors.WithLabelValues(method, tool),
		latency:  m.latency.WithLabelValues(method, tool),
	}
}

// SetTools says which tools have series of their own. Series of tools that are
// gone are dropped; calls of a tool that is not named count with tool "".
func (m *Metrics) SetTools(names []string) {
	m.setting.Lock()
	defer m.setting.Unlock()
	next := make(map[string]*series, len(names))
	for _, name := range names {
		next[name] = m.resolve(callMethod, name)
	}
	for name := range *m.tools.Swap(&next) {
		if !slices.Contains(names, name) {
			m.requests.DeleteLabelValues(callMethod, name)
			m.errors.DeleteLabelValues(callMethod, name)
			m.latency.DeleteLabelValues(callMethod, name)
		}
	}
}

// Observe counts an answered request. tool is empty but for tools/call.
func (m *Metrics) Observe(method, tool string, d time.Duration, failed bool) {
	s := m.series(method, tool)
	s.requests.Inc()
	if failed {
		s.errors.Inc()
	}
	s.latency.Observe(d.Seconds())
}

func (m *Metrics) series(method, tool string) *series {
	if tool != "" && method == callMethod {
		if s := (*m.tools.Load())[tool]; s != nil {
			return s
		}
	}
	if s := m.methods[method]; s != nil {
		return s
	}
	return m.methods[other]
}

// Refused counts a request or a connection that was refused before it was looked
// at.
func (m *Metrics) Refused(reason string) {
	c := m.refused[reason]
	if c == nil {
		c = m.refused[other]
	}
	c.Inc()
}

// Gatherer gives the metrics as they are now.
func (m *Metrics) Gatherer() prometheus.Gatherer { return m.registry }

// Handler serves the metrics to Prometheus.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4})
}
