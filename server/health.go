package server

import (
	"errors"
	"net/http"
	"strings"

	"github.com/erlmcp/erlmcp/server/guard"
)

// watch registers the health checks.
func (rt *Runtime) watch() {
	rt.health.Register("transport", func() error {
		if rt.phase.Load() == "starting" {
			return errors.New("not listening yet")
		}
		if rt.front.Connections() >= rt.current.Load().doc.Limits.Connections {
			return errors.New("no more connections are accepted")
		}
		return nil
	})
	rt.health.Register("session", func() error {
		rt.metrics.Sessions.Set(float64(rt.sessions.Len()))
		return nil
	})
	if rt.certificates != nil {
		rt.health.Register("tls", rt.certificates.Err)
	}
	rt.health.Register("rate_limit", func() error { return rt.current.Load().limits.Err() })
	if rt.receipts != nil {
		rt.health.Register("receipts", rt.receipts.Err)
	}
	rt.health.Register("registry", func() error {
		return rt.current.Load().catalog.Reachable()
	})
	rt.health.Tell("transport", func() map[string]int {
		return map[string]int{"connections": rt.front.Connections(), "in_progress": rt.workers.inProgress()}
	})
	rt.health.Tell("session", func() map[string]int { return map[string]int{"sessions": rt.sessions.Len()} })
	rt.health.Tell("registry", func() map[string]int {
		tools, resources, prompts := rt.current.Load().catalog.Size()
		return map[string]int{"tools": tools, "resources": resources, "prompts": prompts}
	})
}

// serveOthers answers HTTP requests that are not for the MCP endpoint.
func (rt *Runtime) serveOthers(w http.ResponseWriter, r *http.Request) {
	st := rt.current.Load()
	if st.gate.ServeMetadata(w, r) {
		return
	}
	if rt.refused(w, rt.front.Origin, r) {
		return
	}
	if r.URL.Path == "/" && st.doc.Health.StatusPage {
		rt.servePage(st, w, r)
		return
	}
	path := st.doc.Health.Path
	if r.URL.Path == path {
		rt.health.ServeHTTP(w, r)
		return
	}
	switch name, ok := strings.CutPrefix(r.URL.Path, path+"/"); {
	case !ok:
		http.NotFound(w, r)
	case name == "live":
		rt.health.ServeLive(w, r)
	case name == "ready":
		rt.health.ServeReady(w, r)
	default:
		rt.health.Check(name).ServeHTTP(w, r)
	}
}

// refused answers a request whose Host or Origin is not served, with status 403.
func (rt *Runtime) refused(w http.ResponseWriter, o *guard.Origin, r *http.Request) bool {
	err := o.CheckProbe(r)
	if err != nil {
		rt.metrics.Refused("origin")
		http.Error(w, err.Error(), http.StatusForbidden)
	}
	return err != nil
}
