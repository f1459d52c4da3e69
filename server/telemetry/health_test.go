package telemetry

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestHealth(t *testing.T) {
	broken := errors.New("no folder")
	tests := map[string]struct {
		method, path string
		err          error
		draining     bool
		status       int
		want         string
	}{
		"all well":          {"GET", "", nil, false, 200, `{"status":"healthy","checks":[{"name":"transport","status":"healthy"},{"name":"registry","status":"healthy"}]}`},
		"one fails":         {"GET", "", broken, false, 503, `{"status":"unhealthy","checks":[{"name":"transport","status":"healthy"},{"name":"registry","status":"unhealthy","detail":"no folder"}]}`},
		"draining":          {"GET", "", nil, true, 503, `{"status":"draining","checks":[{"name":"transport","status":"healthy"},{"name":"registry","status":"healthy"}]}`},
		"one, well":         {"GET", "transport", broken, false, 200, `{"name":"transport","status":"healthy"}`},
		"one, failing":      {"GET", "registry", broken, false, 503, `{"name":"registry","status":"unhealthy","detail":"no folder"}`},
		"one, draining":     {"GET", "transport", nil, true, 503, `{"name":"transport","status":"draining"}`},
		"one of no such":    {"GET", "attic", nil, false, 404, `404 page not found`},
		"not to be written": {"POST", "", nil, false, 405, `method not allowed`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			h := NewHealth()
			h.Register("transport", func() error { return errors.New("not yet") })
			h.Register("registry", func() error { return tc.err })
			h.Register("transport", func() error { return nil })
			h.SetDraining(tc.draining)
			var handler http.Handler = h
			if tc.path != "" {
				handler = h.Check(tc.path)
			}
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, httptest.NewRequest(tc.method, "/health/"+tc.path, nil))
			if got := strings.TrimSpace(w.Body.String()); w.Code != tc.status || got != tc.want {
				t.Errorf("got %d %s\nwant %d %s", w.Code, got, tc.status, tc.want)
			}
		})
	}
}
