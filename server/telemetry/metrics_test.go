package telemetry

import (
	"fmt"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

func scrape(m *Metrics) string {
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return w.Body.String()
}

func wantLines(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, l := range lines {
		if !strings.Contains("\n"+text, "\n"+l+"\n") {
			t.Errorf("no line %q", l)
		}
	}
}

func TestEveryNameIsThereBeforeAnyRequest(t *testing.T) {
	wantLines(t, scrape(NewMetrics()),
		`erlmcp_requests_total{method="tools/call",tool=""} 0`,
		`erlmcp_errors_total{method="tools/call",tool=""} 0`,
		`erlmcp_latency_seconds_count{method="tools/call",tool=""} 0`,
		`erlmcp_refused_total{reason="rate_limit"} 0`,
		`erlmcp_connections 0`, `erlmcp_sessions 0`, `erlmcp_queue_depth 0`, `erlmcp_requests_in_progress 0`,
	)
	for _, name := range []string{"go_goroutines", "process_resident_memory_bytes"} {
		if !strings.Contains(scrape(NewMetrics()), "\n"+name+" ") {
			t.Errorf("no %s", name)
		}
	}
}

func TestObserve(t *testing.T) {
	m := NewMetrics()
	m.SetTools([]string{"forecast", "gone"})
	m.Observe("tools/call", "forecast", 2*time.Millisecond, false)
	m.Observe("tools/call", "forecast", 2*time.Millisecond, true)
	m.Observe("tools/call", "made up", time.Millisecond, true)
	m.Observe("tools/list", "", time.Millisecond, false)
	m.Observe("tools/list", "forecast", time.Millisecond, false)
	m.Observe("no/such/method", "", time.Millisecond, false)
	m.Refused("rate_limit")
	m.Refused("made up")
	m.Sessions.Set(3)
	wantLines(t, scrape(m),
		`erlmcp_requests_total{method="tools/call",tool="forecast"} 2`,
		`erlmcp_errors_total{method="tools/call",tool="forecast"} 1`,
		`erlmcp_latency_seconds_bucket{method="tools/call",tool="forecast",le="0.001"} 0`,
		`erlmcp_latency_seconds_bucket{method="tools/call",tool="forecast",le="0.005"} 2`,
		`erlmcp_requests_total{method="tools/call",tool=""} 1`,
		`erlmcp_requests_total{method="tools/list",tool=""} 2`,
		`erlmcp_requests_total{method="other",tool=""} 1`,
		`erlmcp_refused_total{reason="rate_limit"} 1`,
		`erlmcp_refused_total{reason="other"} 1`,
		`erlmcp_sessions 3`,
	)
	m.SetTools([]string{"forecast"})
	text := scrape(m)
	wantLines(t, text, `erlmcp_requests_total{method="tools/call",tool="forecast"} 2`)
	if strings.Contains(text, `"gone"`) {
		t.Error("the series of a tool that is gone remain")
	}
}

func TestLabelsAreBounded(t *testing.T) {
	m := NewMetrics()
	before := strings.Count(scrape(m), "\n")
	for i := range 1000 {
		m.Observe(fmt.Sprint("method", i), fmt.Sprint("tool", i), 0, true)
		m.Observe("tools/call", fmt.Sprint("tool", i), 0, true)
		m.Refused(fmt.Sprint("reason", i))
	}
	if after := strings.Count(scrape(m), "\n"); after != before {
		t.Errorf("%d lines became %d", before, after)
	}
}

func TestMetricsAreSafeForConcurrentUse(t *testing.T) {
	m := NewMetrics()
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for range 200 {
				if i == 0 {
					m.SetTools([]string{"a", "b"})
					m.SetTools([]string{"a"})
				}
				m.Observe("tools/call", "b", time.Millisecond, false)
			}
		})
	}
	wg.Wait()
	if !regexp.MustCompile(`erlmcp_requests_total\{method="tools/call",tool="a"\} 0`).MatchString(scrape(m)) {
		t.Error("the tool that stayed is gone")
	}
}

func TestObserveAllocatesNothing(t *testing.T) {
	m := NewMetrics()
	m.SetTools([]string{"a"})
	if n := testing.AllocsPerRun(100, func() {
		m.Observe("tools/call", "a", time.Millisecond, true)
		m.Observe("made up", "a", time.Millisecond, true)
		m.Refused("rate_limit")
	}); n != 0 {
		t.Errorf("%g allocations", n)
	}
}

func BenchmarkObserve(b *testing.B) {
	m := NewMetrics()
	m.SetTools([]string{"a"})
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			m.Observe("tools/call", "a", time.Millisecond, false)
		}
	})
}
