//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// observers makes sure that what watches servers is installed, and returns the
// path of the collector.
var observers = sync.OnceValues(func() (string, error) {
	cmd := exec.Command("setup/observe.sh")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
})

func collectorPath(t *testing.T) string {
	t.Helper()
	path, err := observers()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// eventually waits until holds says "", which otherwise says what is missing.
func eventually(t *testing.T, holds func() string) {
	t.Helper()
	deadline := time.After(time.Minute)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		missing := holds()
		if missing == "" {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal(missing)
		}
	}
}

// observed is an erlmcpd with a tool "hello" that a test watches.
type observed struct {
	*program
	t       *testing.T
	port    int
	control string
}

// observe starts an erlmcpd with those blocks in its document.
func observe(t *testing.T, env []string, blocks string) *observed {
	t.Helper()
	dir := t.TempDir()
	o := &observed{t: t, port: freePort(t), control: filepath.Join(dir, "control.sock")}
	document := fmt.Sprintf(`{"name":"small","listen":{"port":%d},"tool":{"hello":{"static":{"text":"Hello!"}}},%s}`, o.port, blocks)
	path := filepath.Join(dir, "server.json")
	if err := os.WriteFile(path, []byte(document), 0o600); err != nil {
		t.Fatal(err)
	}
	o.program = background(t, env, filepath.Join(repository(t), "bin", "erlmcpd"), "run", "-document", path, "-control", o.control)
	eventually(t, func() string {
		r, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/health/ready", o.port))
		if err != nil {
			return err.Error()
		}
		r.Body.Close()
		if _, err := os.Stat(o.control); err != nil { // it comes last, and signals are heard by then
			return err.Error()
		}
		return ""
	})
	return o
}

// call calls the tool, and returns how long it took.
func (o *observed) call(headers ...string) time.Duration {
	o.t.Helper()
	r, err := http.NewRequest("POST", fmt.Sprintf("http://127.0.0.1:%d/mcp", o.port), strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"hello"}}`))
	if err != nil {
		o.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	begun := time.Now()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		o.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || !strings.Contains(string(body), "Hello!") {
		o.t.Fatalf("%s %v", body, err)
	}
	return time.Since(begun)
}

func TestPrometheusScrapesEveryAddress(t *testing.T) {
	collectorPath(t)
	first, second, web := freePort(t), freePort(t), freePort(t)
	o := observe(t, nil, fmt.Sprintf(`"metrics":{"port":%d,"addresses":["127.0.0.1:%d"]}`, first, second))
	dir := t.TempDir()
	config := fmt.Sprintf("global: {scrape_interval: 500ms}\nscrape_configs:\n- job_name: erlmcp\n  static_configs:\n  - targets: ['127.0.0.1:%d', '127.0.0.1:%d']\n", first, second)
	if err := os.WriteFile(filepath.Join(dir, "prometheus.yml"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	background(t, nil, "prometheus", "--config.file="+filepath.Join(dir, "prometheus.yml"), "--storage.tsdb.path="+dir, fmt.Sprintf("--web.listen-address=127.0.0.1:%d", web))
	o.call()
	for query, want := range map[string]string{
		`sum by (tool) (erlmcp_requests_total{method="tools/call",tool="hello"})`: "2", // one, seen twice
		`count(up == 1)`:                                                                               "2",
		`sum(erlmcp_healthy{check="registry"})`:                                                        "2",
		`count(erlmcp_refused_total{reason="governor"})`:                                               "2",
		`sum(rate(erlmcp_latency_seconds_count{tool="hello"}[1m])) >= bool 0`:                          "1",
		`histogram_quantile(0.99, sum by (le) (erlmcp_latency_seconds_bucket{tool="hello"})) < bool 1`: "1",
	} {
		eventually(t, func() string {
			got := ask(web, query)
			if got != want {
				return fmt.Sprintf("%s is %q, want %s", query, got, want)
			}
			return ""
		})
	}
}

// ask is the value that Prometheus answers a query with, "" for none.
func ask(port int, query string) string {
	r, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/api/v1/query?query=%s", port, url.QueryEscape(query)))
	if err != nil {
		return err.Error()
	}
	defer r.Body.Close()
	var answer struct {
		Data struct {
			Result []struct{ Value []any }
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&answer); err != nil || len(answer.Data.Result) == 0 {
		return ""
	}
	return fmt.Sprint(answer.Data.Result[0].Value[1])
}

// collect starts OpenTelemetry's collector, which prints what it receives.
func collect(t *testing.T, grpc, web int) *program {
	t.Helper()
	config := filepath.Join(t.TempDir(), "collector.yaml")
	text := fmt.Sprintf(`
receivers: {otlp: {protocols: {grpc: {endpoint: 127.0.0.1:%d}, http: {endpoint: 127.0.0.1:%d}}}}
exporters: {debug: {verbosity: detailed, sampling_initial: 1000000}}
service:
  telemetry: {metrics: {level: none}}
  pipelines:
    traces: {receivers: [otlp], exporters: [debug]}
    metrics: {receivers: [otlp], exporters: [debug]}
`, grpc, web)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	p := background(t, nil, collectorPath(t), "--config=file:"+config)
	printed(t, p, "Everything is ready")
	return p
}

// printed waits until the program has printed all of that.
func printed(t *testing.T, p *program, parts ...string) {
	t.Helper()
	eventually(t, func() string {
		text := p.printed()
		for _, part := range parts {
			if !strings.Contains(text, part) {
				select {
				case <-p.ended:
					t.Fatalf("it has ended, and %q was not printed", part)
				default:
				}
				return fmt.Sprintf("%q was not printed", part)
			}
		}
		return ""
	})
}

func TestTheCollectorReceivesTracesAndMetrics(t *testing.T) {
	for _, protocol := range []string{"grpc", "http"} {
		t.Run(protocol, func(t *testing.T) {
			ports := map[string]int{"grpc": freePort(t), "http": freePort(t)}
			c := collect(t, ports["grpc"], ports["http"])
			o := observe(t, []string{fmt.Sprintf("OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:%d", ports[protocol])}, fmt.Sprintf(
				`"metrics":{"port":0,"otlp":{"protocol":%q,"interval":"1s"}},"tracing":{"protocol":%q,"timeout":"1s"}`, protocol, protocol))
			o.call("Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
			printed(t, c, "Name           : tools/call hello", "Trace ID       : 4bf92f3577b34da6a3ce929d0e0e4736", "Parent ID      : 00f067aa0ba902b7",
				"-> service.name: Str(small)", "-> gen_ai.tool.name: Str(hello)", "-> erlmcp.outcome: Str(ok)",
				"-> Name: erlmcp_requests_total", "-> Name: erlmcp_latency_seconds", "-> Name: go_goroutines")

			c.kill()
			slowest := time.Duration(0)
			for range 500 {
				slowest = max(slowest, o.call())
			}
			if slowest > 2*time.Second {
				t.Errorf("a call took %s while the collector was dead", slowest)
			}
			printed(t, o.program, "the OpenTelemetry collector does not take traces")
			c = collect(t, ports["grpc"], ports["http"])
			eventually(t, func() string {
				o.call()
				if !strings.Contains(c.printed(), "Name           : tools/call hello") || !strings.Contains(c.printed(), "-> Name: erlmcp_requests_total") {
					return "nothing arrives at the new collector"
				}
				return ""
			})
			printed(t, o.program, "the OpenTelemetry collector takes traces again")
		})
	}
}
