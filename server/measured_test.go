package server_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/erlmcp/erlmcp/internal/reserve"
	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server"
)

// measured runs a server with that in its metrics block until the test ends.
func measured(t *testing.T, block string) *server.Runtime {
	t.Helper()
	doc, err := schemas.Parse([]byte(`{"name":"test","listen":{"port":0},"metrics":{"port":0,` + block + `}}`))
	if err != nil {
		t.Fatal(err)
	}
	rt, err := server.New(doc, server.Options{FilesDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if err := rt.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rt.Stop() })
	return rt
}

func TestMetricsOverOTLP(t *testing.T) {
	for _, protocol := range []string{"grpc", "http"} {
		t.Run(protocol, func(t *testing.T) {
			c := newCollector(t)
			rt := measured(t, fmt.Sprintf(`"otlp":{"endpoint":"http://%s","protocol":%q,"interval":"1s","resource":{"team":"a"}}`, c.at, protocol))
			post(t, rt.URL(), `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`)
			c.await("the count of the request", func() bool {
				m := c.metrics["erlmcp_requests_total"]
				for _, p := range m.GetSum().GetDataPoints() {
					if a := attributes(p.Attributes); a["method"] == "tools/list" && p.GetAsDouble() == 1 {
						return true
					}
				}
				return false
			})
			c.mu.Lock() // more arrives while this looks
			defer c.mu.Unlock()
			if h := c.metrics["erlmcp_latency_seconds"].GetHistogram(); len(h.GetDataPoints()) == 0 || len(h.DataPoints[0].BucketCounts) != len(h.DataPoints[0].ExplicitBounds)+1 {
				t.Errorf("the histogram is %v", h)
			}
			if c.metrics["go_goroutines"].GetGauge() == nil || c.about["team"] != "a" || c.about["service.name"] != "test" {
				t.Errorf("of %v there are %d metrics", c.about, len(c.metrics))
			}
		})
	}
}

func TestMetricsOnSeveralAddresses(t *testing.T) {
	port, release, err := reserve.Port()
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	second := fmt.Sprintf("127.0.0.1:%d", port)
	rt := measured(t, `"addresses":["`+second+`"]`)
	for _, url := range []string{rt.MetricsURL(), "http://" + second + "/metrics"} {
		resp, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != 200 {
			t.Errorf("%s answers %d", url, resp.StatusCode)
		}
	}
	r, err := http.NewRequest("GET", "http://"+second+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "evil.com"
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 403 {
		t.Errorf("for another host it answers %d", resp.StatusCode)
	}
}
