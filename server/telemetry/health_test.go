package telemetry

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func get(handler http.Handler, method string) (int, string, http.Header) {
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(method, "/", nil))
	return w.Code, strings.TrimSpace(w.Body.String()), w.Header()
}

func TestLiveAndReady(t *testing.T) {
	broken, fine := func() error { return errors.New("no folder") }, func() error { return nil }
	for name, tc := range map[string]struct {
		prepare   func(*Health)
		ready     int
		says      string
		all       int
		allStatus string
	}{
		"all well":           {func(h *Health) { h.Register("a", fine) }, 200, `{"status":"healthy"}`, 200, "healthy"},
		"one fails":          {func(h *Health) { h.Register("a", broken); h.RegisterPart("upstream/b", fine) }, 503, `{"status":"unhealthy"}`, 503, "unhealthy"},
		"a part fails":       {func(h *Health) { h.Register("a", fine); h.RegisterPart("upstream/b", broken) }, 200, `{"status":"degraded"}`, 200, "degraded"},
		"a part and another": {func(h *Health) { h.Register("a", broken); h.RegisterPart("upstream/b", broken) }, 503, `{"status":"unhealthy"}`, 503, "unhealthy"},
		"a part that went":   {func(h *Health) { h.RegisterPart("upstream/b", broken); h.Remove("upstream/b") }, 200, `{"status":"healthy"}`, 200, "healthy"},
		"draining":           {func(h *Health) { h.Register("a", fine); h.SetDraining(true) }, 503, `{"status":"draining"}`, 503, "draining"},
	} {
		t.Run(name, func(t *testing.T) {
			h := NewHealth()
			tc.prepare(h)
			if code, body, _ := get(http.HandlerFunc(h.ServeReady), "GET"); code != tc.ready || body != tc.says {
				t.Errorf("ready: %d %s", code, body)
			}
			if code, body, _ := get(http.HandlerFunc(h.ServeLive), "GET"); code != 200 || body != `{"status":"alive"}` {
				t.Errorf("live: %d %s", code, body)
			}
			if code, body, _ := get(h, "GET"); code != tc.all || !strings.HasPrefix(body, `{"status":"`+tc.allStatus+`"`) {
				t.Errorf("all: %d %s", code, body)
			}
		})
	}
}

func TestFactsAreTold(t *testing.T) {
	h := NewHealth()
	h.Register("session", func() error { return nil })
	h.Tell("session", func() map[string]int { return map[string]int{"sessions": 3} })
	if _, body, _ := get(h.Check("session"), "GET"); body != `{"name":"session","status":"healthy","facts":{"sessions":3}}` {
		t.Errorf("got %s", body)
	}
}

func TestHealthIsAMetric(t *testing.T) {
	h, m := NewHealth(), NewMetrics()
	m.Watch(h)
	h.Register("transport", func() error { return nil })
	h.RegisterPart("upstream/a", func() error { return errors.New("away") })
	wantLines(t, scrape(m), `erlmcp_healthy{check="transport"} 1`, `erlmcp_healthy{check="upstream/a"} 0`)
}

func TestPage(t *testing.T) {
	h := NewHealth()
	h.Register("registry", func() error { return errors.New("no <folder>") })
	p := Page{Title: "<script>alert(1)</script>", Description: `"quoted" & so on`, Version: "1", Runtime: "erlmcp 1", Facts: []Fact{{"Tools", "3"}}, Health: h.State()}
	page := http.HandlerFunc(p.Serve)
	code, body, header := get(page, "GET")
	if code != 200 {
		t.Errorf("status %d", code)
	}
	for _, part := range []string{"&lt;script&gt;alert(1)&lt;/script&gt;", "&#34;quoted&#34; &amp; so on", "<dt>Tools</dt><dd>3</dd>", "Not well", "<span>registry</span><em>unhealthy</em>"} {
		if !strings.Contains(body, part) {
			t.Errorf("%q is missing in %s", part, body)
		}
	}
	for _, part := range []string{"<script", "http://", "https://", "src=", "style=", "folder"} {
		if strings.Contains(body, part) {
			t.Errorf("%q stands in it", part)
		}
	}
	policy := header.Get("Content-Security-Policy")
	_, inside, _ := strings.Cut(body, "<style>")
	inside, _, _ = strings.Cut(inside, "</style>")
	sum := sha256.Sum256([]byte(inside))
	if want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; "; !strings.HasPrefix(policy, want) {
		t.Errorf("the policy is %q, want %q", policy, want)
	}
	if code, _, _ := get(page, "POST"); code != 405 {
		t.Errorf("POST gives %d", code)
	}
}

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
