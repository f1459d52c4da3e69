//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// caller is a client that calls one tool again and again.
type caller struct {
	url     string
	http    *http.Client
	session string // of the older protocol era
	begun   int    // sessions
}

func (c *caller) post(ctx context.Context, body string, headers ...string) (int, string, http.Header, error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, strings.NewReader(body))
	if err != nil {
		return 0, "", nil, err
	}
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("Accept", "application/json, text/event-stream")
	for i := 0; i < len(headers); i += 2 {
		q.Header.Set(headers[i], headers[i+1])
	}
	r, err := c.http.Do(q)
	if err != nil {
		return 0, "", nil, err
	}
	defer r.Body.Close()
	raw, err := io.ReadAll(r.Body)
	return r.StatusCode, string(raw), r.Header, err
}

// modern calls as MCP 2026-07-28 has it: each request stands alone.
func (c *caller) modern(ctx context.Context) error {
	status, body, _, err := c.post(ctx,
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"hello","arguments":{},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`,
		"MCP-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/call", "Mcp-Name", "hello")
	return answered(status, body, err)
}

// legacy calls as MCP 2025-11-25 has it: in a session, and in a new one when the
// server no longer knows it (basic/transports, session management).
func (c *caller) legacy(ctx context.Context) error {
	const version = "2025-11-25"
	for range 2 {
		if c.session == "" {
			status, body, header, err := c.post(ctx, `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"`+version+`","capabilities":{},"clientInfo":{"name":"load","version":"1"}}}`)
			if err != nil || status != http.StatusOK {
				return fmt.Errorf("initialize: %d %s (%w)", status, body, err)
			}
			c.session = header.Get("Mcp-Session-Id")
			c.begun++
			if status, body, _, err := c.post(ctx, `{"jsonrpc":"2.0","method":"notifications/initialized"}`, "Mcp-Session-Id", c.session, "MCP-Protocol-Version", version); status == http.StatusNotFound {
				c.session = ""
				continue
			} else if err != nil || status != http.StatusAccepted {
				return fmt.Errorf("initialized: %d %s (%w)", status, body, err)
			}
		}
		status, body, _, err := c.post(ctx, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"hello","arguments":{}}}`,
			"Mcp-Session-Id", c.session, "MCP-Protocol-Version", version)
		if status == http.StatusNotFound {
			c.session = ""
			continue
		}
		return answered(status, body, err)
	}
	return errors.New("sessions do not last for one call")
}

func answered(status int, body string, err error) error {
	if err == nil && status == http.StatusOK && strings.Contains(body, "Hello") {
		return nil
	}
	return fmt.Errorf("%d %s (%w)", status, body, err)
}

// TestKubernetesRolling changes a server, step by step, while clients use it.
func TestKubernetesRolling(t *testing.T) {
	w := newCluster(t, "")
	images := newRegistry(t)
	write := func(workers int, text string) {
		w.write("main.mcp.hcl", fmt.Sprintf(`
target "kubernetes" "cluster" {
  namespace        = "rolling"
  create_namespace = true
  registry         = "%s/erlmcp"
}

server "hello" {
  target = target.kubernetes.cluster
  scale { replicas = 2 }
  limits {
    workers = %d
    memory  = "64MB"
    cpu     = 0.4
  }
  tool "hello" {
    static { text = "Hello %s" }
  }
}
`, images.address, workers, text))
	}
	write(4, "one")
	w.must(0, "apply", "-auto-approve")
	ip := tool(t, "kubectl", "-n", "rolling", "get", "service", "hello", "-o", "jsonpath={.spec.clusterIP}")
	url := "http://" + ip + ":8080/mcp"

	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	var calls, failed, sessions atomic.Int64
	for n := range 8 {
		c := &caller{url: url, http: &http.Client{Transport: &http.Transport{DisableKeepAlives: n%4 < 2}, Timeout: 20 * time.Second}}
		call := c.modern
		if n%2 == 1 {
			call = c.legacy
		}
		for deadline := time.Now().Add(20 * time.Second); call(ctx) != nil; {
			if time.Now().After(deadline) {
				t.Fatal("the server does not answer through its Service")
			}
		}
		all.Add(1)
		go func() {
			defer all.Done()
			for ctx.Err() == nil {
				if err := call(context.WithoutCancel(ctx)); err != nil {
					failed.Add(1)
					t.Errorf("client %d: %v", n, err)
				}
				calls.Add(1)
				time.Sleep(5 * time.Millisecond) // load, not a siege
			}
			sessions.Add(int64(c.begun))
		}()
	}
	write(8, "one") // new pods
	w.must(0, "apply", "-auto-approve")
	write(8, "two") // a reload
	w.must(0, "apply", "-auto-approve")
	tool(t, "kubectl", "-n", "rolling", "wait", "--for=jsonpath={.status.replicas}=2", "deployment/hello", "--timeout=60s")
	stop()
	all.Wait()
	if n := calls.Load(); n < 100 {
		t.Errorf("only %d calls were made", n)
	}
	t.Logf("%d calls in %d sessions of the older era, %d failed", calls.Load(), sessions.Load(), failed.Load())

	t.Run("a disruption budget refuses to take two pods at once", func(t *testing.T) {
		names := strings.Fields(tool(t, "kubectl", "-n", "rolling", "get", "pods", "-l", "erlmcp.dev/server=hello", "-o", `jsonpath={range .items[?(@.status.phase=="Running")]}{.metadata.name} {end}`))
		refused := 0
		for _, name := range names {
			if err := evict(t, "rolling", name); err != nil {
				contains(t, err.Error(), "disruption budget")
				refused++
			}
		}
		if refused == 0 {
			t.Errorf("all of %v were evicted at once", names)
		}
	})
}
