//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// flooded is a real erlmcpd with little memory.
type flooded struct {
	t      *testing.T
	pid    int
	port   int
	client *http.Client
	mu     sync.Mutex
	seen   map[string]int // answers by status
}

const floodLimitMB = 64

func startFlooded(t *testing.T) *flooded {
	f := &flooded{t: t, port: freePort(t), seen: map[string]int{}}
	f.client = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	document, err := json.Marshal(map[string]any{
		"name": "f", "listen": map[string]any{"port": f.port}, "metrics": map[string]any{"enabled": false},
		"limits": map[string]any{"memory": fmt.Sprintf("%dMB", floodLimitMB), "workers": 64, "queue": 256, "write_timeout": "5s"},
		"tool": map[string]any{
			"echo":  map[string]any{"static": map[string]any{"text": "${input.text}"}, "input": map[string]any{"text": map[string]any{"type": "string"}}},
			"zeros": map[string]any{"exec": map[string]any{"command": []string{"head", "-c", "4000000", "/dev/zero"}, "output_limit": "10MB"}},
			"sum":   map[string]any{"exec": map[string]any{"command": []string{"true"}}, "input": map[string]any{"of": map[string]any{"type": "array", "items": "integer"}}},
			"much":  map[string]any{"exec": map[string]any{"command": []string{"seq", "1", "600000"}, "output_limit": "10MB"}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "server.json")
	if err := os.WriteFile(path, document, 0o600); err != nil {
		t.Fatal(err)
	}
	f.pid = background(t, nil, filepath.Join(repository(t), "bin", "erlmcpd"), "run", "-document", path).Process.Pid
	waitFor(t, "the server is up", 30*time.Second, func() bool { return f.call("small") == 200 })
	clear(f.seen) // what was lost before does not count
	return f
}

// call calls the tool echo, and returns the status.
func (f *flooded) call(text string) int { return f.post("echo", `{"text":"`+text+`"}`) }

func (f *flooded) post(tool, arguments string) int {
	body := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"` + tool + `","arguments":` + arguments + `}}`
	resp, err := f.client.Post(fmt.Sprintf("http://127.0.0.1:%d/mcp", f.port), "application/json", strings.NewReader(body))
	if err != nil {
		f.note("lost")
		return 0
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		f.note("cut")
		return 0
	}
	if resp.StatusCode == 503 && (resp.Header.Get("Retry-After") == "" || !bytes.Contains(answer, []byte(`"retryAfterMs"`))) {
		f.t.Errorf("a refusal does not say when to come back: %.200s", answer)
	}
	f.note(strconv.Itoa(resp.StatusCode))
	return resp.StatusCode
}

func (f *flooded) note(what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen[what]++
}

// status reads a figure of /proc/PID/status in KB.
func (f *flooded) status(name string) int {
	f.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", f.pid))
	if err != nil {
		f.t.Fatalf("the server is gone: %v", err)
	}
	for _, line := range strings.Split(string(text), "\n") {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			kb, _ := strconv.Atoi(strings.Fields(rest)[0])
			return kb
		}
	}
	f.t.Fatalf("there is no %s", name)
	return 0
}

// withstood checks what a flood has left.
func (f *flooded) withstood() {
	f.t.Helper()
	peak := f.status("VmHWM")
	f.mu.Lock()
	f.t.Logf("peak %d KB of %d MB; answers: %v", peak, floodLimitMB, f.seen)
	f.mu.Unlock()
	if peak > floodLimitMB<<10 {
		f.t.Errorf("%d KB were resident, more than %d MB", peak, floodLimitMB)
	}
	waitFor(f.t, "the server serves again", 20*time.Second, func() bool { return f.call("small") == 200 })
}

// each runs a job many times at once.
func each(n int, job func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { job(i) })
	}
	wg.Wait()
}

// TestFlood asks for ten times the memory that the server may have, in each way
// that clients have.
func TestFlood(t *testing.T) {
	t.Run("of large bodies", func(t *testing.T) {
		f := startFlooded(t)
		text := strings.Repeat("x", 4<<20)
		each(10*floodLimitMB/4, func(int) { f.call(text) })
		if f.seen["503"] == 0 || f.seen["lost"] > 3 { // as good as none
			t.Error("nothing was refused, or the refusals were not heard")
		}
		f.withstood()
	})
	t.Run("of middling bodies", func(t *testing.T) {
		f := startFlooded(t)
		text := strings.Repeat("x", 300<<10)
		each(300, func(int) {
			for range 8 {
				f.call(text)
			}
		})
		f.withstood()
	})
	t.Run("of arguments of many values", func(t *testing.T) {
		f := startFlooded(t)
		of := func(value string, n int) string { return `{"of":[` + strings.Repeat(value+",", n) + value + `]}` }
		arguments := []string{of("1", 2_000_000), of("1", 25_000), of(`""`, 25_000), of(`""`, 1_000_000)} // the texts do not fit, each of them
		each(100, func(i int) { f.post("sum", arguments[i%len(arguments)]) })
		if f.seen["413"]+f.seen["503"] == 0 {
			t.Error("nothing was refused")
		}
		f.withstood()
		waitFor(t, "a call with many values is answered", 20*time.Second, func() bool { return f.post("sum", of("1", 25_000)) == 200 })
	})
	t.Run("of bodies that never end", func(t *testing.T) {
		f := startFlooded(t)
		part := bytes.Repeat([]byte("x"), 4<<20)
		conns := make([]net.Conn, 10*floodLimitMB/4)
		each(len(conns), func(i int) {
			conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", f.port))
			if err != nil {
				return
			}
			conns[i] = conn
			conn.SetWriteDeadline(time.Now().Add(5 * time.Second))
			fmt.Fprintf(conn, "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 6000000\r\n\r\n")
			conn.Write(part)
		})
		for _, c := range conns {
			if c != nil {
				c.Close()
			}
		}
		f.withstood()
	})
	t.Run("of raw messages that never end", func(t *testing.T) {
		f := startFlooded(t)
		part := append([]byte("{"), bytes.Repeat([]byte("x"), 4<<20)...)
		conns := make([]net.Conn, 10*floodLimitMB/4)
		each(len(conns), func(i int) {
			conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", f.port))
			if err != nil {
				return
			}
			conns[i] = conn
			conn.SetWriteDeadline(time.Now().Add(5 * time.Second))
			conn.Write(part)
		})
		for _, c := range conns {
			if c != nil {
				c.Close()
			}
		}
		f.withstood()
	})
	t.Run("of large answers", func(t *testing.T) {
		f := startFlooded(t)
		each(10*floodLimitMB/4, func(int) { f.post("much", "{}") })
		if f.seen["200"] == 0 || f.seen["503"] == 0 {
			t.Error("of many calls some should be answered and some refused")
		}
		f.withstood()
	})
	t.Run("of answers that grow when they are escaped", func(t *testing.T) {
		f := startFlooded(t)
		each(10*floodLimitMB/4, func(int) { f.post("zeros", "{}") })
		f.withstood()
	})
	t.Run("of answers that nobody reads", func(t *testing.T) {
		f := startFlooded(t)
		call := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"much"}}`
		conns := make([]net.Conn, 10*floodLimitMB/4)
		each(len(conns), func(i int) {
			conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", f.port))
			if err != nil {
				return
			}
			conns[i] = conn
			conn.(*net.TCPConn).SetReadBuffer(4 << 10)
			fmt.Fprintf(conn, "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(call), call)
			conn.SetReadDeadline(time.Now().Add(10 * time.Second))
			conn.Read(make([]byte, 1))
		})
		defer func() {
			for _, c := range conns {
				if c != nil {
					c.Close()
				}
			}
		}()
		f.withstood() // before they are closed
	})
	t.Run("of connections", func(t *testing.T) {
		f := startFlooded(t)
		conns := make([]net.Conn, 6000)
		each(len(conns), func(i int) {
			conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", f.port))
			if err != nil {
				return
			}
			conns[i] = conn
			io.WriteString(conn, "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
		})
		for _, c := range conns {
			if c != nil {
				c.Close()
			}
		}
		f.withstood()
	})
}
