package otlp

import (
	"maps"
	"math"
	"slices"

	dto "github.com/prometheus/client_model/go"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
)

func scope() *commonpb.InstrumentationScope {
	return &commonpb.InstrumentationScope{Name: Scope, Version: ScopeVersion()}
}

func resourceOf(attributes map[string]string) *resourcepb.Resource {
	r := &resourcepb.Resource{}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		r.Attributes = append(r.Attributes, attribute(name, attributes[name]))
	}
	return r
}

func attribute(name, value string) *commonpb.KeyValue {
	return &commonpb.KeyValue{Key: name, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: value}}}
}

// labels are attributes; an empty label of Prometheus is as good as none.
func labels(m *dto.Metric) []*commonpb.KeyValue {
	var out []*commonpb.KeyValue
	for _, l := range m.GetLabel() {
		if l.GetValue() != "" {
			out = append(out, attribute(l.GetName(), l.GetValue()))
		}
	}
	return out
}

// metricOf turns a family of Prometheus into a metric, as OpenTelemetry's
// "Prometheus and OpenMetrics Compatibility" has it; nil for a type that it does
// not know. Times are nanoseconds since 1970.
func metricOf(f *dto.MetricFamily, since, now uint64) *metricspb.Metric {
	m := &metricspb.Metric{Name: f.GetName(), Description: f.GetHelp()}
	const cumulative = metricspb.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE
	number := func(from *dto.Metric, since uint64, v float64) *metricspb.NumberDataPoint {
		return &metricspb.NumberDataPoint{Attributes: labels(from), StartTimeUnixNano: since, TimeUnixNano: now, Value: &metricspb.NumberDataPoint_AsDouble{AsDouble: v}}
	}
	switch f.GetType() {
	case dto.MetricType_COUNTER:
		sum := &metricspb.Sum{AggregationTemporality: cumulative, IsMonotonic: true}
		for _, x := range f.GetMetric() {
			sum.DataPoints = append(sum.DataPoints, number(x, since, x.GetCounter().GetValue()))
		}
		m.Data = &metricspb.Metric_Sum{Sum: sum}
	case dto.MetricType_GAUGE:
		gauge := &metricspb.Gauge{}
		for _, x := range f.GetMetric() {
			gauge.DataPoints = append(gauge.DataPoints, number(x, 0, x.GetGauge().GetValue()))
		}
		m.Data = &metricspb.Metric_Gauge{Gauge: gauge}
	case dto.MetricType_HISTOGRAM:
		histogram := &metricspb.Histogram{AggregationTemporality: cumulative}
		for _, x := range f.GetMetric() {
			histogram.DataPoints = append(histogram.DataPoints, histogramPoint(x, since, now))
		}
		m.Data = &metricspb.Metric_Histogram{Histogram: histogram}
	case dto.MetricType_SUMMARY:
		summary := &metricspb.Summary{}
		for _, x := range f.GetMetric() {
			summary.DataPoints = append(summary.DataPoints, summaryPoint(x, since, now))
		}
		m.Data = &metricspb.Metric_Summary{Summary: summary}
	default:
		return nil
	}
	return m
}

// histogramPoint counts each bucket by itself, where Prometheus counts all up to
// it.
func histogramPoint(x *dto.Metric, since, now uint64) *metricspb.HistogramDataPoint {
	h := x.GetHistogram()
	sum := h.GetSampleSum()
	p := &metricspb.HistogramDataPoint{Attributes: labels(x), StartTimeUnixNano: since, TimeUnixNano: now, Count: h.GetSampleCount(), Sum: &sum}
	before := uint64(0)
	for _, b := range h.GetBucket() {
		if math.IsInf(b.GetUpperBound(), 1) {
			break
		}
		p.ExplicitBounds = append(p.ExplicitBounds, b.GetUpperBound())
		p.BucketCounts = append(p.BucketCounts, b.GetCumulativeCount()-before)
		before = b.GetCumulativeCount()
	}
	p.BucketCounts = append(p.BucketCounts, h.GetSampleCount()-before)
	return p
}

func summaryPoint(x *dto.Metric, since, now uint64) *metricspb.SummaryDataPoint {
	s := x.GetSummary()
	p := &metricspb.SummaryDataPoint{Attributes: labels(x), StartTimeUnixNano: since, TimeUnixNano: now, Count: s.GetSampleCount(), Sum: s.GetSampleSum()}
	for _, q := range s.GetQuantile() {
		p.QuantileValues = append(p.QuantileValues, &metricspb.SummaryDataPoint_ValueAtQuantile{Quantile: q.GetQuantile(), Value: q.GetValue()})
	}
	return p
}
