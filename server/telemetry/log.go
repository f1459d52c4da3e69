package telemetry

import (
	"io"

	"github.com/hashicorp/go-hclog"

	"github.com/erlmcp/erlmcp/schemas"
)

// NewLogger returns a logger that writes lines to w, as text or as JSON. Its
// SetLevel changes the level of everything derived from it.
func NewLogger(log schemas.Log, w io.Writer) hclog.Logger {
	return hclog.New(&hclog.LoggerOptions{
		Level:      hclog.LevelFromString(log.Level),
		Output:     w,
		JSONFormat: log.Format == "json",
		TimeFormat: "2006-01-02T15:04:05.000Z07:00",
	})
}
