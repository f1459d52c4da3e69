package telemetry

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/erlmcp/erlmcp/schemas"
)

func TestLogger(t *testing.T) {
	var out bytes.Buffer
	log := NewLogger(schemas.Log{Level: "warn", Format: "text"}, &out)
	part := log.With("server", "a")
	part.Info("quiet")
	part.Warn("loud", "n", 1)
	if got := out.String(); strings.Contains(got, "quiet") || !strings.Contains(got, "[WARN]  loud: server=a n=1") {
		t.Errorf("got %q", got)
	}
	log.SetLevel(hclog.Debug)
	part.Debug("now")
	if !strings.Contains(out.String(), "now") {
		t.Error("a change of level did not reach a derived logger")
	}
}

func TestLoggerInJSON(t *testing.T) {
	var out bytes.Buffer
	NewLogger(schemas.Log{Level: "info", Format: "json"}, &out).Info("hello", "n", 1)
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil || line["@message"] != "hello" || line["n"] != 1.0 || line["@level"] != "info" {
		t.Errorf("got %s, %v", out.String(), err)
	}
}
