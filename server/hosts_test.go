package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/erlmcp/erlmcp/server"
)

// TestHostAndOriginOfHealthAndMetrics asks as a page would whose name was bound
// to loopback.
func TestHostAndOriginOfHealthAndMetrics(t *testing.T) {
	rt := start(t, "", server.Options{})
	base := strings.TrimSuffix(rt.URL(), "/mcp")
	for _, c := range []struct {
		name, url, host, origin string
		want                    int
	}{
		{"health", base + "/health", "", "", 200},
		{"health, by name", base + "/health", "localhost:1", "", 200},
		{"health, rebound", base + "/health", "evil.example.com", "", 403},
		{"one check, rebound", base + "/health/registry", "evil.example.com", "", 403},
		{"health, from a page of elsewhere", base + "/health", "", "https://evil.example.com", 403},
		{"what is not there, rebound", base + "/x", "evil.example.com", "", 403},
		{"metrics", rt.MetricsURL(), "", "", 200},
		{"metrics, rebound", rt.MetricsURL(), "evil.example.com", "", 403},
		{"metrics, from a page of elsewhere", rt.MetricsURL(), "", "https://evil.example.com", 403},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := http.NewRequest(http.MethodGet, c.url, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Host = c.host
			if c.origin != "" {
				r.Header.Set("Origin", c.origin)
			}
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != c.want {
				t.Errorf("got %d, want %d", resp.StatusCode, c.want)
			}
		})
	}
}

func TestProbesOfAServerForAnyHost(t *testing.T) {
	public := document(t, "")
	public.Listen.Address, public.Metrics.Address = "0.0.0.0", "0.0.0.0"
	rt, err := server.New(public, server.Options{FilesDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if err := rt.Start(); err != nil {
		t.Fatal(err)
	}
	defer rt.Stop()
	for _, url := range []string{strings.TrimSuffix(rt.URL(), "/mcp") + "/health", rt.MetricsURL()} {
		for _, host := range []string{"10.1.2.3:8080", "server.cluster.local", "localhost"} {
			r, err := http.NewRequest(http.MethodGet, url, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Host = host
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != 200 {
				t.Errorf("%s of %s: %d", url, host, resp.StatusCode)
			}
		}
	}
}
