package host

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/document"
)

const (
	settleTimeout = 60 * time.Second
	logExcerpt    = 64 << 10 // bytes
)

// awaitHealth waits until the server says that it is well. The supervisor's end
// comes from ended (nil when it was not started now); the log is of interest
// from that place on.
func awaitHealth(ctx context.Context, c resource.Change, f folder, ended <-chan error, from int64) error {
	limit := cmp.Or(c.Rollout.HealthTimeout, settleTimeout)
	why, told := "", ""
	var failure string
	done, err := await(ctx, limit, func() (bool, error) {
		err := f.healthy(ctx)
		if err == nil {
			return f.childState().PID != 0, nil // its supervisor writes that down meanwhile
		}
		why = err.Error()
		if message := "waiting for health: " + why; message != told {
			told = message
			c.Progress(message)
		}
		select {
		case err := <-ended:
			failure = fmt.Sprintf("its supervisor ended (%v)", err)
			return true, nil
		default:
		}
		if child := f.childState(); ended != nil && child.Exit != "" {
			failure = "it ended: " + child.Exit
			return true, nil
		}
		return false, nil
	})
	switch {
	case err != nil:
		return err
	case done && failure == "":
		return nil
	case !done:
		failure = fmt.Sprintf("after %s %s", limit, why)
	}
	detail := "The server in " + string(f) + " is not well: " + failure + "."
	if log := document.Excerpt(tail(f.log(), from), c.Desired); log != "" {
		detail += " Its log ends with:\n" + document.Indent(log)
	}
	d := diag.Errorf("the server does not become healthy", "%s", detail).
		Fix("Correct the configuration and apply again.")
	d.Address = c.Address.String()
	return d
}

// tail is the end of a log, from the place on; nothing when it cannot be read.
func tail(path string, from int64) []byte {
	in, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return nil
	}
	if from > info.Size() {
		from = 0 // it was rotated
	}
	b, _ := io.ReadAll(io.NewSectionReader(in, max(from, info.Size()-logExcerpt), logExcerpt))
	return b
}
