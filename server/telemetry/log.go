package telemetry

import (
	"io"

	"github.com/hashicorp/go-hclog"

	"github.com/erlmcp/erlmcp/schemas"
)

// NewLogger returns a logger that writes lines to w, as text or as JSON.
func NewLogger(log schemas.Log, w io.Writer) hclog.Logger {
	return hclog.New(&hclog.LoggerOptions{
		Name:       "erlmcpd",
		Level:      hclog.LevelFromString(log.Level),
		Output:     w,
		JSONFormat: log.Format == "json",
	})
}
