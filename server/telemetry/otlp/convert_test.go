package otlp

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
)

func TestEachKindOfMetric(t *testing.T) {
	counter := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "c_total", Help: "Counts."}, []string{"a", "none"})
	counter.WithLabelValues("x", "").Add(3)
	gauge := prometheus.NewGauge(prometheus.GaugeOpts{Name: "g", Help: "Is."})
	gauge.Set(-1)
	histogram := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "h", Help: "Spreads.", Buckets: []float64{1, 2}})
	for _, v := range []float64{0.5, 1.5, 1.6, 9} {
		histogram.Observe(v)
	}
	summary := prometheus.NewSummary(prometheus.SummaryOpts{Name: "s", Help: "Sums."})
	summary.Observe(4)
	for name, tc := range map[string]struct {
		metric prometheus.Collector
		want   string
	}{
		"a counter": {counter, `name: "c_total" description: "Counts." sum { aggregation_temporality: AGGREGATION_TEMPORALITY_CUMULATIVE is_monotonic: true
			data_points { attributes { key: "a" value { string_value: "x" } } start_time_unix_nano: 1 time_unix_nano: 2 as_double: 3 } }`},
		"a gauge": {gauge, `name: "g" description: "Is." gauge { data_points { time_unix_nano: 2 as_double: -1 } }`},
		"a histogram": {histogram, `name: "h" description: "Spreads." histogram { aggregation_temporality: AGGREGATION_TEMPORALITY_CUMULATIVE
			data_points { start_time_unix_nano: 1 time_unix_nano: 2 count: 4 sum: 12.6 bucket_counts: [1, 2, 1] explicit_bounds: [1, 2] } }`},
		"a summary": {summary, `name: "s" description: "Sums." summary { data_points { start_time_unix_nano: 1 time_unix_nano: 2 count: 1 sum: 4 } }`},
	} {
		t.Run(name, func(t *testing.T) {
			r := prometheus.NewRegistry()
			r.MustRegister(tc.metric)
			families, err := r.Gather()
			if err != nil {
				t.Fatal(err)
			}
			want := &metricspb.Metric{}
			if err := prototext.Unmarshal([]byte(tc.want), want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(proto.Message(want), proto.Message(metricOf(families[0], 1, 2)), protocmp.Transform()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
