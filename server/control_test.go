package server_test

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server"
	"github.com/erlmcp/erlmcp/server/catalog"
)

func TestSessionsAreToldWithoutWhatOpensThem(t *testing.T) {
	rt := start(t, "", server.Options{})
	const initialize = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"a","version":"1"}}}`
	var names []string
	for range 3 {
		resp, _ := post(t, rt.URL(), initialize)
		names = append(names, resp.Header.Get("Mcp-Session-Id"))
	}
	list := rt.Control().Sessions(2)
	if len(list) != 2 {
		t.Fatalf("%d sessions", len(list))
	}
	for i, s := range list {
		name := names[2-i] // the latest first
		if s.Name == name || !strings.HasPrefix(name, s.Name) || len(s.Name) != 8 || s.Version != "2025-11-25" || time.Since(s.Used) > time.Minute {
			t.Errorf("session %d is told as %+v", i, s)
		}
	}
}

func TestDrainLeavesAServerToBeLookedAt(t *testing.T) {
	begun, end := make(chan struct{}), make(chan struct{})
	slow := catalog.GoTool{Name: "slow", Spec: schemas.Tool{Description: "Takes its time"}, Does: toolFunc(func(context.Context, map[string]any) (*toolResult, error) {
		close(begun)
		<-end
		return &toolResult{Content: texts("done")}, nil
	})}
	rt := start(t, "", server.Options{Tools: []catalog.GoTool{slow}})
	answered := make(chan string, 1)
	go func() {
		_, body := post(t, rt.URL(), `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"slow"}}`)
		answered <- body
	}()
	<-begun
	drained := make(chan error, 1)
	go func() { drained <- rt.Control().Drain(context.Background()) }()
	close(end)
	if body := <-answered; !strings.Contains(body, "done") {
		t.Errorf("the call is answered %s", body)
	}
	if err := <-drained; err != nil {
		t.Error(err)
	}
	if s := rt.Control().Status(); s.State != "draining" {
		t.Errorf("it is %s", s.State)
	}
	if resp, err := http.Get(rt.URL()); err == nil {
		resp.Body.Close()
		t.Error("it still takes connections")
	}
	if resp, err := http.Get(rt.MetricsURL()); err != nil || resp.StatusCode != 200 {
		t.Errorf("its metrics: %v", err)
	}
}

func TestADrainThatTakesTooLongSaysSo(t *testing.T) {
	begun, end := make(chan struct{}), make(chan struct{})
	defer close(end)
	slow := catalog.GoTool{Name: "slow", Spec: schemas.Tool{Description: "Takes its time"}, Does: toolFunc(func(context.Context, map[string]any) (*toolResult, error) {
		close(begun)
		<-end
		return &toolResult{}, nil
	})}
	rt := start(t, `,"limits":{"drain_timeout":"50ms"}`, server.Options{Tools: []catalog.GoTool{slow}})
	go http.Post(rt.URL(), "application/json", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"slow"}}`))
	<-begun
	err := rt.Control().Drain(context.Background())
	if err == nil || err.Error() != "calls are still in progress after limits.drain_timeout, 50ms" {
		t.Errorf("it says %v", err)
	}
}

func TestLogFilesAndLevelsChangeWhileItRuns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.log")
	rt := start(t, `,"log":{"file":{"path":"`+path+`"}}`, server.Options{})
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	if err := rt.Control().Reopen(); err != nil {
		t.Fatal(err)
	}
	text := func() string {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if got := text(); strings.Contains(got, "serving") || !strings.Contains(got, "log files were opened anew") {
		t.Errorf("the new file holds %s", got)
	}
	if err := rt.Control().SetLevel("error"); err != nil {
		t.Fatal(err)
	}
	before := text()
	reload := func(fields string) {
		t.Helper()
		if err := rt.Reload(document(t, fields), ""); err != nil {
			t.Fatal(err)
		}
	}
	if err := rt.Control().SetLevel("warn"); err != nil || text() != before {
		t.Errorf("%v; the file holds %s", err, text())
	}
	reload(`,"log":{"file":{"path":"` + path + `"}}`)
	if !strings.Contains(text(), "reloaded") {
		t.Errorf("after the reload the level is not that of the document: %s", text())
	}
	reload(`,"log":{"file":{"path":"` + path + `","level":"error"}}`)
	before = text()
	reload(`,"title":"new","log":{"file":{"path":"` + path + `","level":"error"}}`)
	if text() != before {
		t.Errorf("the level of the file has not changed: %s", text())
	}
	if err := rt.Reload(document(t, `,"log":{"file":{"path":"/nowhere/a.log"}}`), ""); err == nil || !strings.Contains(err.Error(), "open the log file") {
		t.Errorf("a file that cannot be opened: %v", err)
	}
	if err := rt.Control().SetLevel("loud"); err == nil {
		t.Error("a level that is none is taken")
	}
}

func TestTracingChangesWhileItRuns(t *testing.T) {
	c := newCollector(t)
	rt := start(t, "", server.Options{})
	post(t, rt.URL(), echoHi)
	if err := rt.Reload(document(t, traced(c, "http", "")), ""); err != nil {
		t.Fatal(err)
	}
	post(t, rt.URL(), echoHi)
	if err := rt.Reload(document(t, ""), ""); err != nil {
		t.Fatal(err)
	}
	c.span("tools/call echo") // what was queued is sent when tracing ends
	post(t, rt.URL(), echoHi)
	rt.Stop()
	if len(c.spans) != 1 {
		t.Errorf("%d spans, want that of the call in between", len(c.spans))
	}
}

func TestProfiles(t *testing.T) {
	rt := start(t, "", server.Options{})
	for _, kind := range []string{"cpu", "heap", "goroutine", "allocs"} {
		p, err := rt.Control().Profile(context.Background(), kind, 10*time.Millisecond)
		if err != nil || !bytes.HasPrefix(p, []byte{0x1f, 0x8b}) { // gzip, as pprof has it
			t.Errorf("%s: %d bytes, %v", kind, len(p), err)
		}
	}
	if _, err := rt.Control().Profile(context.Background(), "soul", 0); err == nil || !strings.Contains(err.Error(), "there is no profile") {
		t.Errorf("it says %v", err)
	}
}

func TestThePageIsThereWhenAskedFor(t *testing.T) {
	for fields, status := range map[string]int{"": 404, `,"health":{"status_page":true}`: 200} {
		rt := start(t, fields, server.Options{})
		root := strings.TrimSuffix(rt.URL(), "/mcp") + "/"
		for host, want := range map[string]int{"": status, "evil.com": 403} {
			r, err := http.NewRequest("GET", root, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Host = host
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != want {
				t.Errorf("with %q, for host %q it answers %d, want %d", fields, host, resp.StatusCode, want)
			}
		}
	}
}

func TestStatusTellsWhatIsNotWell(t *testing.T) {
	rt := start(t, `,"upstream":{"gone":{"http":{"url":"http://127.0.0.1:1/mcp"}}}`, server.Options{})
	s := rt.Control().Status()
	if len(s.Troubles) != 1 || s.Troubles[0].Check != "upstream/gone" || !strings.Contains(s.Troubles[0].Detail, "connection refused") {
		t.Errorf("troubles: %+v", s.Troubles)
	}
	if s := start(t, "", server.Options{}).Control().Status(); len(s.Troubles) != 0 {
		t.Errorf("of one that is well: %+v", s.Troubles)
	}
}
