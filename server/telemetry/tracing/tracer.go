package tracing

import (
	"context"
	"maps"
	"os"
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server/telemetry/otlp"
)

const (
	maxQueued    = 2048            // spans that wait for the collector
	batch        = 512             // spans of one export at the most
	batchWait    = 2 * time.Second // that a span waits for others
	closeTimeout = 2 * time.Second // for what is queued when the server stops
)

// Tracer makes the spans of one server.
type Tracer struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
}

// New returns a tracer that exports as the block says; nil when it says that
// there are to be no traces. failed is [otlp.Options.Failed].
func New(t *schemas.Tracing, about map[string]string, failed func(error)) *Tracer {
	if t == nil || !*t.Enabled {
		return nil
	}
	exporter := otlp.Traces(otlp.Options{
		Endpoint: t.Endpoint, Protocol: t.Protocol, Headers: t.Headers, CA: t.CA, Timeout: time.Duration(t.Timeout), Failed: failed,
	})
	all := Resource(about, t.Resource)
	var attributes []attribute.KeyValue
	for _, name := range slices.Sorted(maps.Keys(all)) {
		attributes = append(attributes, attribute.String(name, all[name]))
	}
	provider := sdk.NewTracerProvider(
		sdk.WithResource(resource.NewSchemaless(attributes...)),
		sdk.WithSampler(sdk.ParentBased(sdk.TraceIDRatioBased(*t.SampleRatio))),
		sdk.WithRawSpanLimits(sdk.SpanLimits{
			AttributeValueLengthLimit: 1024, AttributeCountLimit: 32, EventCountLimit: 8, LinkCountLimit: 8,
			AttributePerEventCountLimit: 8, AttributePerLinkCountLimit: 8,
		}),
		sdk.WithBatcher(exporter, sdk.WithMaxQueueSize(maxQueued), sdk.WithMaxExportBatchSize(batch),
			sdk.WithBatchTimeout(batchWait), sdk.WithExportTimeout(time.Duration(t.Timeout))),
	)
	return &Tracer{provider: provider, tracer: provider.Tracer(otlp.Scope, trace.WithInstrumentationVersion(otlp.ScopeVersion()))}
}

// Resource is what is said of a server with everything that it exports: about it,
// and what the document adds or puts in its place.
func Resource(about, given map[string]string) map[string]string {
	all := map[string]string{}
	if host, err := os.Hostname(); err == nil {
		all["host.name"] = host
	}
	maps.Copy(all, about)
	maps.Copy(all, given)
	return all
}

// Close exports what is queued, if the collector takes it soon.
func (t *Tracer) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	_ = t.provider.Shutdown(ctx) // what could not be exported has been reported
}

// format is how the context of a trace is written: W3C Trace Context.
var format = propagation.TraceContext{}

// Carrier is where the context of a trace may stand in a request. Get returns ""
// for what is not there.
type Carrier interface{ Get(key string) string }

// reading makes a carrier of one that is only read.
type reading struct{ Carrier }

func (reading) Set(string, string) {}
func (reading) Keys() []string     { return nil }
