package server

import (
	"slices"
	"strings"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/schemas"
)

// The environment variables that override a document.
const (
	envLogLevel = "ERLMCP_LOG_LEVEL"
	envMetrics  = "ERLMCP_METRICS_ENABLED"
	envTracing  = "ERLMCP_TRACING_ENABLED"
	envOTel     = "ERLMCP_OTEL_ENABLED"
	envEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT"
	envProtocol = "OTEL_EXPORTER_OTLP_PROTOCOL"
)

// Override changes a document as the environment says, which lookup gives the
// variables of; one that is empty counts as not set. ERLMCP_LOG_LEVEL is the level
// of the log, ERLMCP_METRICS_ENABLED and ERLMCP_TRACING_ENABLED turn Prometheus
// metrics and traces on and off, ERLMCP_OTEL_ENABLED everything that goes to an
// OpenTelemetry collector: OTEL_EXPORTER_OTLP_ENDPOINT says where that is, and
// OTEL_EXPORTER_OTLP_PROTOCOL how it is spoken to. The error is a [diag.List].
func Override(doc *schemas.Server, lookup func(name string) string) error {
	e := environment{lookup: lookup}
	if level := e.word(envLogLevel, schemas.Describe[schemas.Log]().Attribute("level").Enum...); level != "" {
		doc.Log.Level = level
	}
	if on := e.flag(envMetrics); on != nil {
		doc.Metrics.Enabled = on
	}
	if on := e.flag(envOTel); on != nil {
		if !*on {
			doc.Metrics.OTLP = nil
		} else if doc.Metrics.OTLP == nil {
			doc.Metrics.OTLP = &schemas.MetricsOTLP{}
		}
		e.trace(doc, *on)
	}
	if on := e.flag(envTracing); on != nil {
		e.trace(doc, *on)
	}
	protocol := map[string]string{"grpc": "grpc", "http/protobuf": "http", "": ""}[e.word(envProtocol, "grpc", "http/protobuf")]
	e.collector(doc, lookup(envEndpoint), protocol)
	if err := e.wrong.Err(); err != nil {
		return err
	}
	return doc.Complete()
}

// environment reads variables, and collects what is wrong with them.
type environment struct {
	lookup func(string) string
	wrong  diag.List
}

// word is the value of a variable, which must be one of those; "" when it is not
// set.
func (e *environment) word(name string, allowed ...string) string {
	v := e.lookup(name)
	if v == "" || slices.Contains(allowed, v) {
		return v
	}
	e.wrong = append(e.wrong, diag.Errorf("Wrong environment variable", "%s is %q; it must be one of %s.", name, v, strings.Join(allowed, ", ")).
		Fix("Correct it, or unset it to have what the document says."))
	return ""
}

// flag is nil when the variable is not set.
func (e *environment) flag(name string) *bool {
	v := e.word(name, "true", "false", "1", "0")
	if v == "" {
		return nil
	}
	on := v == "true" || v == "1"
	return &on
}

// trace turns traces on or off.
func (e *environment) trace(doc *schemas.Server, on bool) {
	if doc.Tracing == nil {
		if !on {
			return
		}
		doc.Tracing = &schemas.Tracing{}
	}
	doc.Tracing.Enabled = &on
}

// collector says where the collector is of what the document exports.
func (e *environment) collector(doc *schemas.Server, endpoint, protocol string) {
	set := func(endpointOf, protocolOf *string) {
		if endpoint != "" {
			*endpointOf = endpoint
		}
		if protocol != "" {
			*protocolOf = protocol
		}
	}
	if t := doc.Tracing; t != nil {
		set(&t.Endpoint, &t.Protocol)
	}
	if o := doc.Metrics.OTLP; o != nil {
		set(&o.Endpoint, &o.Protocol)
	}
}
