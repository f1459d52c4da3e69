package telemetry

import "github.com/prometheus/client_golang/prometheus"

// WatchGovernor shows the phase of the governor, as a number from 0 (boot) to 3
// (refusing), and the highest pressure that it sees, where 1 is all that there may
// be. It is called once; the functions are called at each scrape.
func (m *Metrics) WatchGovernor(phase, pressure func() float64) {
	m.registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "erlmcp_governor_phase", Help: "Phase of the governor: 0 boot, 1 stable, 2 intervening, 3 refusing."}, phase),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "erlmcp_governor_pressure", Help: "Highest pressure that the governor sees, as a share of what there may be."}, pressure),
	)
}
