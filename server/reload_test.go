package server_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/erlmcp/erlmcp/server"
)

func TestReload(t *testing.T) {
	rt := start(t, `,"tool":{"a":{"static":{"text":"one"}}}`, server.Options{Digest: "d1"})
	call := func() string {
		_, body := post(t, rt.URL(), `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"}}`)
		return body
	}
	if got := call(); !strings.Contains(got, "one") {
		t.Fatalf("before: %s", got)
	}
	for _, c := range []struct{ name, fields, want string }{
		{"another limit", `,"limits":{"workers":3}`, "changes limits, which"},
		{"TLS", `,"tls":{"certificate_file":"/a","key_file":"/b"}`, "changes tls, which"},
		{"a path that is none", `,"health":{"path":"up"}`, "health.path: it is not a plain URL path"},
		{"a path that is taken", `,"health":{"path":"/mcp"}`, "where health is told"},
		{"a folder that is not there", `,"resource":{"r":{"folder":"nowhere"}}`, "resource.r: open folder nowhere"},
		{"a template that is none", `,"prompt":{"p":{"message":[{"text":"${input"}]}}`, "prompt.p.message: message 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := rt.Reload(document(t, c.fields), "d2")
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error = %v, want one with %q", err, c.want)
			}
			if got := call(); !strings.Contains(got, "one") {
				t.Errorf("a refused document has changed something: %s", got)
			}
		})
	}
	if err := rt.Reload(document(t, `,"tool":{"a":{"static":{"text":"two"}}}`), "d3"); err != nil {
		t.Fatal(err)
	}
	if got := call(); !strings.Contains(got, "two") {
		t.Errorf("after: %s", got)
	}
	if s := rt.Control().Status(); s.DocumentSHA256 != "d3" || s.State != "running" || s.URL != rt.URL() || s.Port == 0 {
		t.Errorf("status: %+v", s)
	}
}

func TestNoCallIsLostWhileReloading(t *testing.T) {
	one, two := `,"tool":{"a":{"static":{"text":"one"}}}`, `,"tool":{"a":{"static":{"text":"two"}},"b":{"static":{"text":"b"}}}`
	rt := start(t, one, server.Options{})
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				resp, body := post(t, rt.URL(), `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"}}`)
				if resp.StatusCode != 200 || !strings.Contains(body, `"text":"one"`) && !strings.Contains(body, `"text":"two"`) {
					t.Errorf("%d %s", resp.StatusCode, body)
				}
			}
		})
	}
	c := dial(t, rt)
	for i := range 20 {
		next := one
		if i%2 == 0 {
			next = two
		}
		if err := rt.Reload(document(t, next), ""); err != nil {
			t.Error(err)
		}
		c.send(`{"jsonrpc":"2.0","id":1,"method":"ping"}`)
		c.receive()
	}
	close(done)
	wg.Wait()
}
