package server

import (
	"context"
	"errors"
	"net"
	"os"

	"github.com/erlmcp/erlmcp/server/control"
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

// Health is the report of all checks.
func (c controls) Health() (ok bool, json []byte) { return c.rt.health.Report() }
