package telemetry

import "github.com/prometheus/client_golang/prometheus"

// Watch adds a gauge for each health check, upstreams among them.
func (m *Metrics) Watch(h *Health) { m.registry.MustRegister(healthGauges{h}) }

// healthGauges implements [prometheus.Collector]: the checks are made for each
// scrape.
type healthGauges struct{ health *Health }

var healthGauge = prometheus.NewDesc("erlmcp_healthy", "Whether a health check passes: 1 or 0.", []string{"check"}, nil)

// Describe implements [prometheus.Collector].
func (healthGauges) Describe(out chan<- *prometheus.Desc) { out <- healthGauge }

// Collect implements [prometheus.Collector].
func (g healthGauges) Collect(out chan<- prometheus.Metric) {
	checks, _ := g.health.snapshot()
	for _, c := range checks {
		value := 0.0
		if c.state().Status == Healthy {
			value = 1
		}
		out <- prometheus.MustNewConstMetric(healthGauge, prometheus.GaugeValue, value, c.name)
	}
}
