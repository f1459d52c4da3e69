//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// watched is a configuration of a server on a target of that kind, with those
// settings.
func watched(kind, settings string, port int) string {
	return fmt.Sprintf(`
target %q "here" {
  %s
}
server "watched" {
  target  = target.%s.here
  version = "1.2.0"
  listen { port = %d }
  metrics { port = 0 }
  log { access = true }
  tool "hello" {
    static { text = "Hello!" }
  }
}
`, kind, settings, kind, port)
}

func TestServerCommands(t *testing.T) {
	for kind, settings := range map[string]string{
		"host":   fmt.Sprintf("root = %q", filepath.Join(t.TempDir(), "root")),
		"docker": `prefix = "erlmcp-watched"`,
	} {
		t.Run(kind, func(t *testing.T) {
			w := newWorkspace(t, "")
			port := freePort(t)
			w.write("main.mcp.hcl", watched(kind, settings, port))
			w.must(0, "apply", "-auto-approve")
			address := "server.watched@" + kind + ".here"

			status := w.must(0, "server", "status").stdout
			contains(t, status, address+"  ", "running", "version   1.2.0")
			contains(t, w.must(0, "server", "status", "watched", "-json").stdout, `"address": "`+address+`"`, `"document_sha256"`)
			w.must(0, "call", fmt.Sprintf("http://127.0.0.1:%d", port), "hello")
			eventually(t, func() string { // an engine writes its log a moment later
				line := w.must(0, "server", "logs", "watched", "-tail=1").stdout
				if strings.Contains(line, "method=tools/call") && strings.Contains(line, "tool=hello") {
					return ""
				}
				return "the last line is " + line
			})
			contains(t, w.must(0, "server", "logs", "watched", "-tail=-1").stdout, "serving: name=watched")
			contains(t, w.must(0, "server", "ping", "watched").stdout, address+" (", ") answers.")
			contains(t, w.must(0, "server", "reload", address).stdout, "has loaded its document again.")
			contains(t, w.must(0, "server", "sessions").stdout, "No sessions.")
			contains(t, w.must(0, "server", "log-level", "debug", "watched").stdout, "logs from level debug on.")
			contains(t, w.must(1, "server", "log-level", "loud", "watched").stderr, "log-level: the level is one of trace, debug, info, warn and error.")
			contains(t, w.must(0, "server", "reopen-logs", "watched").stdout, "has opened its log files anew.")
			w.must(0, "server", "profile", "watched", "-kind=heap", "-out=heap.pprof")
			contains(t, tool(t, "go", "tool", "pprof", "-top", filepath.Join(w.dir, "heap.pprof")), "Type: inuse_space")
			contains(t, w.must(1, "server", "ping", "wathced").stderr, "No such server", "Did you mean watched?")

			follows(t, w, port)

			contains(t, w.must(0, "server", "drain", "watched").stdout, "takes no new work, and has ended its calls.")
			contains(t, w.must(0, "server", "status", "watched").stdout, "draining")
			contains(t, w.must(0, "server", "stop", "watched").stdout, "has stopped.")
			contains(t, w.must(0, "server", "status", "watched").stdout, address+"  not ready", "ended last with exit")
			contains(t, w.must(1, "server", "ping", "watched").stderr, "The server does not run")
			w.must(0, "apply", "-auto-approve")
			w.must(0, "server", "ping", "watched")
		})
	}
}

// follows checks that a log is shown as lines come.
func follows(t *testing.T, w *workspace, port int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	cmd := w.command(ctx, "server", "logs", "watched", "-f", "-tail=0")
	out := &program{}
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() string {
		w.must(0, "call", fmt.Sprintf("http://127.0.0.1:%d", port), "hello")
		if !strings.Contains(out.printed(), "tool=hello") {
			return "the log does not come: " + out.printed()
		}
		return ""
	})
	cancel()
	_ = cmd.Wait() // says that the context has ended
	if code := cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("Ctrl-C ends it with %d", code)
	}
}

// TestObservedExample runs the example without a collector.
func TestObservedExample(t *testing.T) {
	w := newWorkspace(t, "observed")
	w.must(0, "apply", "-auto-approve")
	w.must(0, "plan", "-detailed-exitcode")
	contains(t, w.must(0, "call", "http://localhost:8080", "health").stdout, `"status":"healthy"`)
	contains(t, page(t, "http://localhost:8080/"), "<h1>Observed</h1>", "All is well")
	contains(t, page(t, "http://localhost:9464/metrics"), `erlmcp_requests_total{method="tools/call",tool="health"} 1`)
	contains(t, fileText(filepath.Join(w.dir, "observed.log")), `"tool":"health"`)
	eventually(t, func() string {
		if logs := w.must(0, "server", "logs", "observed").stdout; !strings.Contains(logs, "the OpenTelemetry collector does not take traces") {
			return logs
		}
		return ""
	})
}

func page(t *testing.T, url string) string {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// TestServerCommandsOverASocket looks after a server that nobody has applied.
func TestServerCommandsOverASocket(t *testing.T) {
	o := observe(t, nil, `"metrics":{"port":0}`)
	w := newWorkspace(t, "")
	w.write("main.mcp.hcl", "target \"sim\" \"world\" {}\n")
	contains(t, w.must(0, "server", "-control", o.control, "status").stdout, "control.sock  running", "version   0.0.0")
	contains(t, w.must(0, "server", "ping", "-control", o.control).stdout, "answers.")
	contains(t, w.must(1, "server", "ping").stderr, "No server runs", "Nothing was applied from here.")
	info, err := os.Stat(o.control)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket: %v, %v", info.Mode(), err)
	}
	contains(t, w.must(0, "server", "-help").stdout, "Commands:\n  status ", "\n  drain ")
}
