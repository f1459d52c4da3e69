package otlp

import (
	"context"
	"time"

	dto "github.com/prometheus/client_model/go"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/erlmcp/erlmcp/version"
)

// closeTimeout bounds the last export of a server that stops.
const closeTimeout = 2 * time.Second

// Pusher sends the metrics of a registry to a collector, at intervals.
type Pusher struct {
	client   *client
	from     prometheus.Gatherer
	resource map[string]string
	since    time.Time
	stop     context.CancelFunc
	done     chan struct{}
}

// Push begins to send what the gatherer has, with the attributes of the resource.
func Push(o Options, from prometheus.Gatherer, resource map[string]string, every time.Duration) *Pusher {
	ctx, stop := context.WithCancel(context.Background())
	p := &Pusher{client: newClient(o, metrics), from: from, resource: resource, since: time.Now(), stop: stop, done: make(chan struct{})}
	go p.run(ctx, every) // ends with Close
	return p
}

func (p *Pusher) run(ctx context.Context, every time.Duration) {
	defer close(p.done)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			p.push(ctx)
		case <-ctx.Done():
			last, end := context.WithTimeout(context.Background(), closeTimeout)
			defer end()
			p.push(last)
			return
		}
	}
}

func (p *Pusher) push(ctx context.Context) {
	families, err := p.from.Gather()
	if err != nil && len(families) == 0 {
		p.client.Failed(err)
		return
	}
	p.client.export(ctx, p.message(families))
}

func (p *Pusher) message(families []*dto.MetricFamily) *metricspb.MetricsData {
	scope := &metricspb.ScopeMetrics{Scope: scope()}
	now := uint64(time.Now().UnixNano())
	for _, f := range families {
		if m := metricOf(f, uint64(p.since.UnixNano()), now); m != nil {
			scope.Metrics = append(scope.Metrics, m)
		}
	}
	return &metricspb.MetricsData{ResourceMetrics: []*metricspb.ResourceMetrics{{Resource: resourceOf(p.resource), ScopeMetrics: []*metricspb.ScopeMetrics{scope}}}}
}

// Close sends the metrics once more, if the collector takes them soon.
func (p *Pusher) Close() {
	p.stop()
	<-p.done
	p.client.close()
}

// Scope is the name of what makes spans and metrics, as OpenTelemetry's
// "instrumentation scope".
const Scope = "github.com/erlmcp/erlmcp/server"

// ScopeVersion is its version.
func ScopeVersion() string { return version.Version }
