package server

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/erlmcp/erlmcp/schemas"
)

func TestTheEnvironmentOverridesTheDocument(t *testing.T) {
	const both = `"metrics":{"otlp":{"endpoint":"http://a:1"}},"tracing":{"endpoint":"http://a:1","protocol":"http"}`
	for name, tc := range map[string]struct {
		document string
		env      map[string]string
		holds    string // in the document
		lacks    string
		wrong    string
	}{
		"nothing":             {document: both, holds: `"tracing":{"enabled":true,"endpoint":"http://a:1","protocol":"http"`},
		"the level":           {env: map[string]string{envLogLevel: "debug"}, holds: `"log":{"level":"debug"`},
		"no metrics":          {env: map[string]string{envMetrics: "false"}, holds: `"metrics":{"enabled":false`},
		"metrics":             {document: `"metrics":{"enabled":false}`, env: map[string]string{envMetrics: "1"}, holds: `"metrics":{"enabled":true`},
		"traces":              {env: map[string]string{envTracing: "true"}, holds: `"tracing":{"enabled":true,"protocol":"grpc","sample_ratio":1`},
		"no traces":           {document: both, env: map[string]string{envTracing: "0"}, holds: `"tracing":{"enabled":false`},
		"no traces anyway":    {env: map[string]string{envTracing: "false"}, lacks: "tracing"},
		"no OpenTelemetry":    {document: both, env: map[string]string{envOTel: "false"}, holds: `"tracing":{"enabled":false`, lacks: "otlp"},
		"OpenTelemetry":       {env: map[string]string{envOTel: "true"}, holds: `"otlp":{"protocol":"grpc","timeout":"10s","interval":"1m0s"}`},
		"all but traces":      {env: map[string]string{envOTel: "true", envTracing: "false"}, holds: `"tracing":{"enabled":false`},
		"where the collector": {document: both, env: map[string]string{envEndpoint: "https://b:2"}, holds: `"endpoint":"https://b:2","protocol":"http"`, lacks: "a:1"},
		"how it is spoken to": {document: both, env: map[string]string{envProtocol: "grpc"}, holds: `"protocol":"grpc"`, lacks: `"http"`},
		"a wrong level":       {env: map[string]string{envLogLevel: "loud"}, wrong: `ERLMCP_LOG_LEVEL is "loud"; it must be one of trace, debug, info, warn, error.`},
		"a wrong flag":        {env: map[string]string{envTracing: "yes"}, wrong: `ERLMCP_TRACING_ENABLED is "yes"; it must be one of true, false, 1, 0.`},
		"a wrong protocol":    {env: map[string]string{envProtocol: "udp"}, wrong: `OTEL_EXPORTER_OTLP_PROTOCOL is "udp"`},
	} {
		t.Run(name, func(t *testing.T) {
			text := `{"name":"a"}`
			if tc.document != "" {
				text = `{"name":"a",` + tc.document + `}`
			}
			doc, err := schemas.Parse([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			err = Override(doc, func(name string) string { return tc.env[name] })
			if tc.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), tc.wrong) {
					t.Fatalf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.Marshal(doc)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(got), tc.holds) || tc.lacks != "" && strings.Contains(string(got), tc.lacks) {
				t.Errorf("the document is %s", got)
			}
		})
	}
}
