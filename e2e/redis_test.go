//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// startRedis starts a real Redis on a port.
func startRedis(t *testing.T, port int) *program {
	t.Helper()
	cmd := background(t, nil, setup(t, "redis.sh"), "--port", fmt.Sprint(port), "--bind", "127.0.0.1",
		"--save", "", "--appendonly", "no", "--requirepass", "a password", "--dir", t.TempDir())
	waitFor(t, "Redis answers", 30*time.Second, func() bool {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return cmd
}

// replica is one of the servers that share a rate limit.
type replica struct {
	t    *testing.T
	port int
}

// startReplica starts a server that waits for Redis for that long.
func startReplica(t *testing.T, redis, quota int, onFailure, wait string) *replica {
	t.Helper()
	r := &replica{t: t, port: freePort(t)}
	document, err := json.Marshal(map[string]any{
		"name": "shared", "listen": map[string]any{"port": r.port}, "metrics": map[string]any{"enabled": false},
		"tool": map[string]any{"hello": map[string]any{"static": map[string]any{"text": "Hello!"}}},
		"rate_limit": []any{map[string]any{"requests_per_minute": quota, "redis": map[string]any{
			"url": fmt.Sprintf("redis://127.0.0.1:%d/1", redis), "password": "a password", "on_failure": onFailure, "timeout": wait,
		}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "server.json")
	if err := os.WriteFile(path, document, 0o600); err != nil {
		t.Fatal(err)
	}
	background(t, nil, filepath.Join(repository(t), "bin", "erlmcpd"), "run", "-document", path)
	waitFor(t, "the replica is up", 30*time.Second, func() bool { status, _ := r.get("/health"); return status == 200 })
	return r
}

func (r *replica) get(path string) (int, string) {
	resp, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d%s", r.port, path))
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body)
}

// call calls the tool, and returns the status and the answer.
func (r *replica) call() (int, string) {
	r.t.Helper()
	resp, err := http.Post(fmt.Sprintf("http://127.0.0.1:%d/mcp", r.port), "application/json",
		strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"hello"}}`))
	if err != nil {
		r.t.Errorf("a call is lost: %v", err)
		return 0, ""
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != 200 && resp.Header.Get("Retry-After") == "" {
		r.t.Errorf("a refusal does not say when to come back: %d %s", resp.StatusCode, body)
	}
	return resp.StatusCode, string(body)
}

// TestReplicasShareARateLimit has two servers ask a real Redis at once.
func TestReplicasShareARateLimit(t *testing.T) {
	port := freePort(t)
	startRedis(t, port)
	const quota = 150
	replicas := []*replica{startReplica(t, port, quota, "closed", "10s"), startReplica(t, port, quota, "closed", "10s")}
	seen := map[int]int{}
	var mu sync.Mutex
	each(16, func(i int) {
		for range 15 {
			status, _ := replicas[i%2].call()
			mu.Lock()
			seen[status]++
			mu.Unlock()
		}
	})
	if seen[200] != quota || seen[429] != 16*15-quota {
		t.Errorf("got %v, want %d calls answered and %d refused", seen, quota, 16*15-quota)
	}
	if _, body := replicas[0].call(); !strings.Contains(body, `"code":429,"message":"Too many requests","data":{"retryAfterMs":`) {
		t.Errorf("the refusal is %s", body)
	}
}

// TestRedisIsKilled kills Redis under a server that must not hang with it.
func TestRedisIsKilled(t *testing.T) {
	for onFailure, want := range map[string]int{"open": 200, "closed": 503} {
		t.Run(onFailure, func(t *testing.T) {
			port := freePort(t)
			redis := startRedis(t, port)
			r := startReplica(t, port, 100_000, onFailure, "100ms")
			waitFor(t, "calls are answered while Redis is there", 10*time.Second, func() bool { status, _ := r.call(); return status == 200 })
			redis.kill()
			longest := time.Duration(0)
			for range 50 {
				begun := time.Now()
				status, body := r.call()
				longest = max(longest, time.Since(begun))
				if status != want {
					t.Fatalf("without Redis: %d %s, want %d", status, body, want)
				}
				if want == 503 && !strings.Contains(body, `"code":503,"message":"The rate limit cannot be asked now"`) {
					t.Fatalf("the refusal is %s", body)
				}
			}
			t.Logf("the longest call without Redis took %s", longest)
			if longest > time.Second {
				t.Errorf("a call took %s", longest)
			}
			health, body := r.get("/health/rate_limit")
			if (health == 503) != (onFailure == "closed") {
				t.Errorf("health says %d %s", health, body)
			}
			startRedis(t, port)
			waitFor(t, "health is good again", 30*time.Second, func() bool { status, _ := r.get("/health"); return status == 200 })
			waitFor(t, "Redis is asked again", 30*time.Second, func() bool { status, _ := r.call(); return status == 200 && redisHas(t, port, "shared") })
		})
	}
}

// redisHas reports whether a key holds that text in its name.
func redisHas(t *testing.T, port int, text string) bool {
	t.Helper()
	c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return false
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(2 * time.Second))
	io.WriteString(c, "AUTH \"a password\"\r\nSELECT 1\r\nKEYS *\r\nQUIT\r\n")
	answer, _ := io.ReadAll(c)
	return strings.Contains(string(answer), text)
}

// TestRedisStopsAnswering stops Redis without ending it: its connections stay open.
func TestRedisStopsAnswering(t *testing.T) {
	port := freePort(t)
	redis := startRedis(t, port)
	r := startReplica(t, port, 100_000, "open", "100ms")
	r.call()
	stop(t, redis)
	begun := time.Now()
	for range 20 {
		if status, body := r.call(); status != 200 {
			t.Fatalf("%d %s", status, body)
		}
	}
	if took := time.Since(begun); took > 3*time.Second {
		t.Errorf("20 calls took %s with a Redis that does not answer", took)
	}
}

// stop stops a process until the end of the test.
func stop(t *testing.T, cmd *program) {
	t.Helper()
	if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Signal(syscall.SIGCONT) })
}
