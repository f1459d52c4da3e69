package server_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/server"
	"github.com/erlmcp/erlmcp/server/catalog"
	"github.com/erlmcp/erlmcp/server/protocol"
)

func TestTheRateLimit(t *testing.T) {
	rt := start(t, `,"rate_limit":[{"requests_per_minute":1000}]`, server.Options{})
	var answered, refused atomic.Int64
	var wg sync.WaitGroup
	for range 11 {
		wg.Go(func() {
			for range 100 {
				resp, body := post(t, rt.URL(), `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","arguments":{"text":"x"}}}`)
				switch resp.StatusCode {
				case 200:
					answered.Add(1)
				case 429:
					refused.Add(1)
					seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
					if err != nil || seconds < 1 || seconds > 60 || !strings.HasPrefix(body, `{"jsonrpc":"2.0","id":7,"error":{"code":429,"message":"Too many requests","data":{"retryAfterMs":`) {
						t.Errorf("Retry-After %q, %s", resp.Header.Get("Retry-After"), body)
					}
				default:
					t.Errorf("%d %s", resp.StatusCode, body)
				}
			}
		})
	}
	wg.Wait()
	if answered.Load() != 1000 || refused.Load() != 100 {
		t.Errorf("%d answered, %d refused; want 1000 and 100", answered.Load(), refused.Load())
	}
	if resp, err := http.Get(strings.TrimSuffix(rt.URL(), "/mcp") + "/health"); err != nil || resp.StatusCode != 200 {
		t.Errorf("health counts against the limit: %v, %v", resp, err)
	}
	if resp, _ := post(t, rt.URL(), `{"jsonrpc":"2.0","method":"notifications/initialized"}`); resp.StatusCode != 202 {
		t.Errorf("a notification counts against the limit: %d", resp.StatusCode)
	}
	c := dial(t, rt)
	c.send(`{"jsonrpc":"2.0","id":7,"method":"ping"}`)
	if got := c.receive(); !strings.Contains(got, `"code":429`) {
		t.Errorf("raw messages have another limit: %s", got)
	}
}

func TestAReloadKeepsTheQuotasThatAreUsed(t *testing.T) {
	const limit = `,"rate_limit":[{"requests_per_minute":2}]`
	rt := start(t, limit, server.Options{})
	ping := func() int {
		resp, _ := post(t, rt.URL(), `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`)
		return resp.StatusCode
	}
	for _, want := range []int{200, 200, 429} {
		if got := ping(); got != want {
			t.Errorf("got %d, want %d", got, want)
		}
	}
	if err := rt.Reload(document(t, limit+`,"instructions":"x"`), ""); err != nil {
		t.Fatal(err)
	}
	if got := ping(); got != 429 {
		t.Errorf("after a reload: %d", got)
	}
}

// blocking is a tool whose calls wait until they are let go.
func blocking() (tool catalog.GoTool, started <-chan struct{}, letGo func()) {
	begun, gate := make(chan struct{}, 100), make(chan struct{})
	return catalog.GoTool{Name: "block", Does: toolFunc(func(ctx context.Context, _ map[string]any) (*protocol.ToolResult, error) {
		begun <- struct{}{}
		select {
		case <-gate:
			return &protocol.ToolResult{Content: []protocol.Content{protocol.Text("done")}}, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	})}, begun, sync.OnceFunc(func() { close(gate) })
}

const callBlock = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"block"}}`

func TestWorkersAndQueue(t *testing.T) {
	tool, started, letGo := blocking()
	rt := start(t, `,"limits":{"workers":1,"queue":1}`, server.Options{Tools: []catalog.GoTool{tool}})
	defer letGo()
	answers := make(chan string, 2)
	call := func() {
		_, body := post(t, rt.URL(), callBlock)
		answers <- body
	}
	go call()
	<-started
	go call()
	eventually(t, func() bool { return rt.Control().Status().InProgress == 2 })
	resp, body := post(t, rt.URL(), callBlock)
	if resp.StatusCode != 503 || resp.Header.Get("Retry-After") != "1" || !strings.Contains(body, `"code":503`) {
		t.Errorf("a call too many: %d %s", resp.StatusCode, body)
	}
	if _, body := post(t, rt.URL(), `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`); !strings.Contains(body, `"block"`) {
		t.Errorf("a list waits for workers: %s", body)
	}
	letGo()
	for range 2 {
		if body := <-answers; !strings.Contains(body, "done") {
			t.Errorf("a call that waited: %s", body)
		}
	}
}

// eventually waits for a condition.
func eventually(t testing.TB, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatal("it never came to be")
		}
		time.Sleep(time.Millisecond)
	}
}

func TestACallThatTakesTooLong(t *testing.T) {
	tool, _, letGo := blocking()
	defer letGo()
	rt := start(t, `,"limits":{"call_timeout":"20ms"}`, server.Options{Tools: []catalog.GoTool{tool}})
	_, body := post(t, rt.URL(), callBlock)
	if !strings.Contains(body, `longer than limits.call_timeout, 20ms."}],"isError":true`) {
		t.Errorf("got %s", body)
	}
}

func TestAModernClientThatGoesAwayHasCancelled(t *testing.T) {
	started, ended := make(chan struct{}), make(chan struct{})
	stuck := catalog.GoTool{Name: "stuck", Does: toolFunc(func(ctx context.Context, _ map[string]any) (*protocol.ToolResult, error) {
		close(started)
		<-ctx.Done()
		close(ended)
		return nil, ctx.Err()
	})}
	rt := start(t, "", server.Options{Tools: []catalog.GoTool{stuck}})
	ctx, cancel := context.WithCancel(context10s(t))
	message, headers := modern("tools/call", `"name":"stuck"`, "stuck")
	r, _ := http.NewRequestWithContext(ctx, "POST", rt.URL(), strings.NewReader(message))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	go http.DefaultClient.Do(r)
	<-started
	cancel()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Error("the call goes on")
	}
}

func TestTheAccessLogHasNoArguments(t *testing.T) {
	var log lockedBuffer
	rt := start(t, `,"log":{"access":true}`, server.Options{Log: &log})
	post(t, rt.URL(), `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"secret"}}}`)
	post(t, rt.URL(), `{"jsonrpc":"2.0","id":1,"method":"made\nup secret"}`)
	rt.Stop()
	for _, want := range []string{"method=tools/call", "tool=echo", "client=127.0.0.1", "method=other", "code=-32601"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("there is no %q in %s", want, log.String())
		}
	}
	if strings.Contains(log.String(), "secret") {
		t.Errorf("an argument is logged: %s", log.String())
	}
}

// lockedBuffer is a buffer that several goroutines write.
type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestATooLargeAnswerAndAToolThatPanics(t *testing.T) {
	large := catalog.GoTool{Name: "large", Does: toolFunc(func(context.Context, map[string]any) (*protocol.ToolResult, error) {
		return &protocol.ToolResult{Content: []protocol.Content{protocol.Text(strings.Repeat("x", 5000))}}, nil
	})}
	bad := catalog.GoTool{Name: "bad", Does: toolFunc(func(context.Context, map[string]any) (*protocol.ToolResult, error) {
		panic("secret")
	})}
	broken := catalog.GoTool{Name: "broken", Does: toolFunc(func(context.Context, map[string]any) (*protocol.ToolResult, error) {
		return nil, errors.New("secret")
	})}
	rt := start(t, `,"limits":{"response_size":"4KB"}`, server.Options{Tools: []catalog.GoTool{large, bad, broken}})
	for name, want := range map[string]string{
		"large":  `"text":"The answer is larger than limits.response_size, 4KB."}],"isError":true`,
		"bad":    `"code":-32603,"message":"Internal error"`,
		"broken": `"code":-32603,"message":"The tool broken failed inside the server"`,
	} {
		_, body := post(t, rt.URL(), `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"`+name+`"}}`)
		if !strings.Contains(body, want) || strings.Contains(body, "secret") {
			t.Errorf("%s: %s", name, body)
		}
	}
}

func TestATooLargePrompt(t *testing.T) {
	rt := start(t, `,"limits":{"response_size":"4KB"},"prompt":{"p":{"argument":{"a":{}},"message":[{"text":"${input.a}"}]}}`, server.Options{})
	get := func(length int) string {
		_, body := post(t, rt.URL(), `{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"p","arguments":{"a":"`+strings.Repeat("x", length)+`"}}}`)
		return body
	}
	if body := get(3000); !strings.Contains(body, `"messages":[`) {
		t.Errorf("one that fits: %s", body)
	}
	if body := get(5000); !strings.Contains(body, `"code":-32603,"message":"The prompt is larger than limits.response_size, 4KB"`) {
		t.Errorf("one that does not: %s", body)
	}
}

func TestStopFinishesCallsInProgress(t *testing.T) {
	tool, started, letGo := blocking()
	rt := start(t, "", server.Options{Tools: []catalog.GoTool{tool}})
	answers := make(chan string, 1)
	go func() {
		_, body := post(t, rt.URL(), callBlock)
		answers <- body
	}()
	<-started
	c := dial(t, rt)
	c.send(strings.Replace(callBlock, `"id":1`, `"id":2`, 1))
	<-started
	stopped := make(chan error, 1)
	go func() { stopped <- rt.Stop() }()
	eventually(t, func() bool { return rt.Control().Status().State == "draining" })
	eventually(t, func() bool { _, err := net.Dial("tcp", rt.Addr().String()); return err != nil })
	letGo()
	if body := <-answers; !strings.Contains(body, "done") {
		t.Errorf("the call over HTTP: %s", body)
	}
	if got := c.receive(); !strings.Contains(got, `"id":2`) || !strings.Contains(got, "done") {
		t.Errorf("the call over a raw connection: %s", got)
	}
	if _, err := c.lines.ReadByte(); err != io.EOF {
		t.Errorf("the raw connection stays open: %v", err)
	}
	if err := <-stopped; err != nil {
		t.Errorf("stop: %v", err)
	}
}

func TestStopCutsOffWhatTakesTooLong(t *testing.T) {
	tool, started, letGo := blocking()
	defer letGo()
	rt := start(t, `,"limits":{"drain_timeout":"20ms"}`, server.Options{Tools: []catalog.GoTool{tool}})
	c := dial(t, rt)
	c.send(callBlock)
	<-started
	if err := rt.Stop(); err == nil || !strings.Contains(err.Error(), "cut off") {
		t.Errorf("stop: %v", err)
	}
}

func TestConnectionLimit(t *testing.T) {
	rt := start(t, `,"limits":{"connections":1}`, server.Options{})
	first := dial(t, rt)
	first.send(`{"jsonrpc":"2.0","id":1,"method":"ping"}`)
	first.receive()
	if _, err := dial(t, rt).lines.ReadByte(); err == nil {
		t.Error("a connection too many got an answer")
	}
	first.conn.Close()
	eventually(t, func() bool { return rt.Control().Status().Connections == 0 })
	again := dial(t, rt)
	again.send(`{"jsonrpc":"2.0","id":1,"method":"ping"}`)
	again.receive()
}

func TestAPortInUse(t *testing.T) {
	rt := start(t, "", server.Options{})
	doc := document(t, "")
	*doc.Listen.Port = rt.Addr().(*net.TCPAddr).Port
	other, err := server.New(doc, server.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Stop()
	found := diag.FromError(other.Start())
	if len(found) != 1 || found[0].Summary != "Port in use" || !strings.Contains(found[0].Detail, rt.Addr().String()) || !strings.Contains(found[0].Remedy, "ss -ltnp") {
		t.Errorf("got %+v", found)
	}
}
