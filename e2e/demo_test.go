//go:build e2e

package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestDemo does what a newcomer does: clones the repository and types make demo,
// twice.
func TestDemo(t *testing.T) {
	clone := filepath.Join(t.TempDir(), "erlmcp")
	tool(t, "git", "clone", "-q", repository(t), clone)
	make_ := func(target string) string {
		cmd := exec.Command("make", target)
		cmd.Dir = clone
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("make %s: %v\n%s", target, err, out)
		}
		return string(out)
	}
	t.Cleanup(func() { make_("demo-down") })
	contains(t, make_("demo"), "Applied: 1 created.", "Restore the database", "http://localhost:8080/mcp")
	contains(t, make_("demo"), "No changes.", "Restore the database")

	t.Run("what an operator types by hand", func(t *testing.T) { byHand(t) })
}

func byHand(t *testing.T) {
	// echo '…' | nc localhost 8080
	conn, err := net.Dial("tcp", "localhost:8080")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprintln(conn, `{"jsonrpc":"2.0","method":"tools/list","params":{},"id":2}`)
	conn.(*net.TCPConn).CloseWrite()
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	contains(t, line, `"id":2`, `"search"`)

	health := get(t, http.DefaultClient, "http://localhost:8080/health")
	var status struct {
		Status string
		Checks []struct{ Name, Status string }
	}
	if err := json.Unmarshal([]byte(health), &status); err != nil || status.Status != "healthy" || len(status.Checks) < 3 {
		t.Errorf("health %s: %v", health, err)
	}
	for _, part := range []string{"transport", "session", "registry"} {
		contains(t, get(t, http.DefaultClient, "http://localhost:8080/health/"+part), `"healthy"`)
	}
	contains(t, get(t, http.DefaultClient, "http://localhost:9090/metrics"),
		"erlmcp_requests_total", "erlmcp_errors_total", "erlmcp_latency_seconds_bucket")
}

func get(t *testing.T, client *http.Client, url string) string {
	t.Helper()
	r, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s, %v\n%s", url, r.Status, err, body)
	}
	return string(body)
}

// hostServer is a configuration with one server on this machine.
func hostServer(t *testing.T, w *workspace, port int) {
	w.write("main.mcp.hcl", fmt.Sprintf(`
target "host" "here" { root = "root" }
server "hello" {
  target = target.host.here
  listen { port = %d }
  metrics { enabled = false }
  rate_limit { requests_per_minute = 1000 }
  tool "hello" {
    static { text = "Hello!" }
  }
}
`, port))
}

func TestRateLimit(t *testing.T) {
	w := newWorkspace(t, "")
	port := freePort(t)
	hostServer(t, w, port)
	w.must(0, "apply", "-auto-approve")
	url := fmt.Sprintf("http://127.0.0.1:%d/mcp", port)

	// The apply asked for health only, which does not count.
	var mu sync.Mutex
	statuses := map[int]int{}
	var group sync.WaitGroup
	for range 11 {
		group.Go(func() {
			for range 100 {
				r, err := http.Post(url, "application/json", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"ping"}`))
				if err != nil {
					t.Error(err)
					return
				}
				body, _ := io.ReadAll(r.Body)
				r.Body.Close()
				if r.StatusCode == http.StatusTooManyRequests {
					if wait, err := strconv.Atoi(r.Header.Get("Retry-After")); err != nil || wait < 1 || wait > 60 {
						t.Errorf("Retry-After %q", r.Header.Get("Retry-After"))
					}
					if !strings.Contains(string(body), `"error"`) {
						t.Errorf("no JSON-RPC error in %s", body)
					}
				}
				mu.Lock()
				statuses[r.StatusCode]++
				mu.Unlock()
			}
		})
	}
	group.Wait()
	if statuses[200] != 1000 || statuses[429] != 100 {
		t.Errorf("1,100 requests gave %v", statuses)
	}
}

// TestKilledApplyConvergesOnThisMachine ends an apply with SIGKILL at random
// moments, and the server with it.
func TestKilledApplyConvergesOnThisMachine(t *testing.T) {
	w := newWorkspace(t, "")
	port := freePort(t)
	hostServer(t, w, port)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 20 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(1+random.IntN(250))*time.Millisecond)
		cmd := w.command(ctx, "apply", "-auto-approve", "-replace", "server.hello")
		cmd.WaitDelay = time.Second
		_ = cmd.Run() // killed when the time is over
		cancel()
	}
	w.must(0, "apply", "-auto-approve")
	w.must(0, "plan", "-detailed-exitcode")
	contains(t, w.must(0, "call", fmt.Sprintf("http://127.0.0.1:%d", port), "hello").stdout, "Hello!")
	waitFor(t, "the supervisor and its child run, and nothing else", 30*time.Second, func() bool { return running(t, filepath.Join(w.dir, "root")) == 2 })
}

// running counts the processes whose command line mentions a folder.
func running(t *testing.T, folder string) int {
	t.Helper()
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, path := range lines {
		line, _ := os.ReadFile(path)
		cwd, _ := os.Readlink(filepath.Join(filepath.Dir(path), "cwd"))
		if strings.Contains(string(line), folder) || strings.HasPrefix(cwd, folder) {
			n++
		}
	}
	return n
}

// TestKilledServer ends the server and its supervisor with SIGKILL: drift says
// so, and apply starts it again.
func TestKilledServer(t *testing.T) {
	w := newWorkspace(t, "")
	port := freePort(t)
	hostServer(t, w, port)
	w.must(0, "apply", "-auto-approve")
	pids := processes(t, filepath.Join(w.dir, "root"))
	for _, pid := range pids {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) { // the child goes with its supervisor
			t.Fatal(err)
		}
	}
	waitFor(t, "they have ended", 30*time.Second, func() bool { return running(t, filepath.Join(w.dir, "root")) == 0 })
	contains(t, w.must(2, "drift").stdout, "running")
	w.must(0, "apply", "-auto-approve")
	contains(t, w.must(0, "call", fmt.Sprintf("http://127.0.0.1:%d", port), "hello").stdout, "Hello!")
}

// TestTwoApplies starts two at once: each ends well or is refused with the
// holder, and the state is whole.
func TestTwoApplies(t *testing.T) {
	w := newWorkspace(t, "")
	hostServer(t, w, freePort(t))
	var group sync.WaitGroup
	results := make([]error, 4)
	outputs := make([]string, 4)
	for i := range results {
		group.Go(func() {
			out, err := w.command(t.Context(), "apply", "-auto-approve").CombinedOutput()
			results[i], outputs[i] = err, string(out)
		})
	}
	group.Wait()
	done := 0
	for i, err := range results {
		var exit *exec.ExitError
		switch {
		case err == nil:
			done++
		case errors.As(err, &exit) && exit.ExitCode() == 1:
			contains(t, outputs[i], "The state is locked", "process")
		default:
			t.Errorf("%v\n%s", err, outputs[i])
		}
	}
	if done == 0 {
		t.Error("no apply came through")
	}
	w.must(0, "apply", "-auto-approve")
	w.must(0, "plan", "-detailed-exitcode")
}
