package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/erlmcp/erlmcp/server/control"
	"github.com/erlmcp/erlmcp/server/telemetry"
)

// Control returns what a control socket offers of this runtime.
func (rt *Runtime) Control() control.Handler { return controls{rt} }

type controls struct{ rt *Runtime }

// Status says how the server is.
func (c controls) Status() control.Status {
	rt := c.rt
	st := rt.current.Load()
	s := control.Status{
		Name: st.doc.Name, Version: st.doc.Version, PID: os.Getpid(), Started: rt.started,
		DocumentSHA256: st.digest, State: rt.phase.Load().(string),
		Sessions: rt.sessions.Len(), Connections: rt.front.Connections(), InProgress: rt.workers.inProgress(),
	}
	for _, check := range rt.health.State().Checks {
		if check.Status != telemetry.Healthy {
			s.Troubles = append(s.Troubles, control.Trouble{Check: check.Name, Detail: check.Detail})
		}
	}
	if rt.ports.front != nil {
		s.URL, s.MetricsURL = rt.URL(), rt.MetricsURL()
		if a, ok := rt.Addr().(*net.TCPAddr); ok {
			s.Address, s.Port = a.IP.String(), a.Port
		}
	}
	return s
}

// Reload loads the document anew and puts it in place.
func (c controls) Reload(ctx context.Context) error {
	if c.rt.opts.Load == nil {
		return errors.New("this server has no document to load again")
	}
	doc, digest, err := c.rt.opts.Load(ctx)
	if err != nil {
		return err
	}
	return c.rt.Reload(doc, digest)
}

// Stop stops the server gracefully.
func (c controls) Stop(context.Context) error { return c.rt.Stop() }

// Drain takes no new work, and returns when the calls in progress have ended, or
// with an error after limits.drain_timeout.
func (c controls) Drain(ctx context.Context) error {
	err := c.rt.drain(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("calls are still in progress after limits.drain_timeout, %s", time.Duration(c.rt.current.Load().doc.Limits.DrainTimeout))
	}
	return err
}

// Reopen opens log files anew.
func (c controls) Reopen() error { return c.rt.ReopenLogs() }

// SetLevel changes the level of the log until the next reload.
func (c controls) SetLevel(level string) error { return c.rt.setLevel(level) }

// Sessions are those that were used last.
func (c controls) Sessions(most int) []control.Session {
	var out []control.Session
	for _, s := range c.rt.sessions.Latest(most) {
		out = append(out, control.Session{
			Name: s.Name, Version: string(s.Version), Identity: s.Owner, Used: s.Used, Subscribed: s.Subscribed, Streaming: s.Streaming,
		})
	}
	return out
}

// Profile records what the process does.
func (c controls) Profile(ctx context.Context, kind string, span time.Duration) ([]byte, error) {
	return profile(ctx, kind, span)
}

// Health is the report of all checks.
func (c controls) Health() (ok bool, json []byte) { return c.rt.health.Report() }
