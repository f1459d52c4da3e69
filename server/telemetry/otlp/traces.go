package otlp

import (
	"context"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// Traces returns what sends spans to a collector.
func Traces(o Options) sdk.SpanExporter {
	return otlptrace.NewUnstarted(&uploader{newClient(o, traces)})
}

// uploader implements [otlptrace.Client].
type uploader struct{ *client }

// Start implements [otlptrace.Client]; connections are made when they are needed.
func (u *uploader) Start(context.Context) error { return nil }

// Stop implements [otlptrace.Client].
func (u *uploader) Stop(context.Context) error {
	u.close()
	return nil
}

// UploadTraces implements [otlptrace.Client]. What fails is reported by itself.
func (u *uploader) UploadTraces(ctx context.Context, spans []*tracepb.ResourceSpans) error {
	u.export(ctx, &tracepb.TracesData{ResourceSpans: spans}) // on the wire the same as a request for an export
	return nil
}
