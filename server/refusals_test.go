package server_test

import (
	"errors"
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

	"github.com/erlmcp/erlmcp/server"
	"github.com/erlmcp/erlmcp/server/catalog"
)

const callEchoX = `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","arguments":{"text":"x"}}}`

// TestRateLimitsAndWhatTheyCount sends the same requests under several limits.
func TestRateLimitsAndWhatTheyCount(t *testing.T) {
	const list = `{"jsonrpc":"2.0","id":7,"method":"tools/list"}`
	for name, c := range map[string]struct {
		limits string
		send   [][2]string // who and what
		want   []int
		text   string // of the last answer
	}{
		"per client":      {`{"requests_per_minute":1}`, [][2]string{{"ada", list}, {"bob", list}, {"ada", list}}, []int{200, 200, 429}, "Too many requests"},
		"per server":      {`{"per":"server","requests_per_minute":2}`, [][2]string{{"ada", list}, {"bob", list}, {"ada", list}}, []int{200, 200, 429}, "Too many requests to this server"},
		"per tool":        {`{"per":"tool","requests_per_minute":1}`, [][2]string{{"ada", callEchoX}, {"ada", list}, {"bob", callEchoX}}, []int{200, 200, 429}, "Too many calls of this tool"},
		"of one tool":     {`{"tools":["e*o"],"requests_per_minute":1}`, [][2]string{{"ada", callEchoX}, {"ada", list}, {"bob", callEchoX}, {"ada", callEchoX}}, []int{200, 200, 200, 429}, "Too many requests"},
		"of another":      {`{"tools":["other"],"requests_per_minute":1}`, [][2]string{{"ada", callEchoX}, {"ada", callEchoX}}, []int{200, 200}, ""},
		"of one identity": {`{"identities":["bearer:a*"],"requests_per_minute":1}`, [][2]string{{"bob", list}, {"bob", list}, {"ada", list}, {"ada", list}}, []int{200, 200, 200, 429}, "Too many requests"},
		"per identity":    {`{"per":"identity","requests_per_minute":1}`, [][2]string{{"ada", list}, {"bob", list}, {"bob", list}}, []int{200, 200, 429}, "Too many requests"},
		"several, the later refuses, the earlier does not count": {
			`{"requests_per_minute":2},{"per":"tool","requests_per_minute":1}`,
			[][2]string{{"ada", callEchoX}, {"ada", callEchoX}, {"ada", list}, {"ada", list}}, []int{200, 429, 200, 429}, "Too many requests",
		},
	} {
		t.Run(name, func(t *testing.T) {
			rt := start(t, `,"auth":{`+bearers("ada", "bob")+`},"rate_limit":[`+c.limits+`]`, server.Options{})
			for i, s := range c.send {
				resp, body := post(t, rt.URL(), s[1], "Authorization", "Bearer "+s[0])
				if resp.StatusCode != c.want[i] {
					t.Fatalf("request %d: %d %s, want %d", i, resp.StatusCode, body, c.want[i])
				}
				if resp.StatusCode == 429 {
					if i == len(c.send)-1 && !strings.HasPrefix(body, `{"jsonrpc":"2.0","id":7,"error":{"code":429,"message":"`+c.text+`","data":{"retryAfterMs":`) {
						t.Errorf("got %s, want %q", body, c.text)
					}
					if after := resp.Header.Get("Retry-After"); after == "" || after == "0" {
						t.Errorf("Retry-After is %q", after)
					}
				}
			}
		})
	}
}

// TestTheGovernorShedsWork has the queue fill up, and asks for each kind of work.
func TestTheGovernorShedsWork(t *testing.T) {
	tool, started, letGo := blocking()
	defer letGo()
	folder := t.TempDir()
	rt := start(t, `,"limits":{"workers":1,"queue":50},"governor":{"intervene_at":0.5,"refuse_at":0.7,"hold":"10ms"},"resource":{"r":{"uri":"note://r","text":"x"}},"receipts":{"folder":`+quote(folder)+`}`,
		server.Options{Tools: []catalog.GoTool{tool, echo()}})
	var calls sync.WaitGroup
	call := func() {
		calls.Go(func() {
			if _, body := post(t, rt.URL(), callBlock); !strings.Contains(body, "done") {
				t.Errorf("a call that was taken: %s", body)
			}
		})
	}
	ask := func(method, params string) (int, string) {
		resp, body := post(t, rt.URL(), `{"jsonrpc":"2.0","id":1,"method":"`+method+`","params":`+params+`}`)
		if (resp.StatusCode == 503) != (resp.Header.Get("Retry-After") == "2") {
			t.Errorf("%s: %d, Retry-After %q", method, resp.StatusCode, resp.Header.Get("Retry-After"))
		}
		return resp.StatusCode, body
	}
	waiting := func(n int) {
		t.Helper()
		eventually(t, func() bool { return rt.Control().Status().InProgress == n+1 })
	}
	const shed = `{"jsonrpc":"2.0","id":1,"error":{"code":503,"message":"The server is overloaded and sheds work","data":{"retryAfterMs":2000}}}`
	control := func() {
		t.Helper()
		for _, c := range [][2]string{{"ping", "{}"}, {"initialize", `{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"x","version":"1"}}`}, {"logging/setLevel", `{"level":"info"}`}} {
			if status, body := ask(c[0], c[1]); status != 200 {
				t.Errorf("%s is refused: %d %s", c[0], status, body)
			}
		}
		if resp, err := http.Get(strings.TrimSuffix(rt.URL(), "/mcp") + "/health"); err != nil || resp.StatusCode != 200 {
			t.Errorf("health is refused: %v %v", resp, err)
		}
	}
	call()
	<-started
	for range 26 {
		call()
	}
	waiting(26) // a short queue is no pressure
	if status, _ := ask("tools/list", "{}"); status != 200 {
		t.Error("lists are refused when few calls wait")
	}
	for range 6 {
		call()
	}
	waiting(32) // 64%: lists, and what is in the middle between the marks, are shed
	eventually(t, func() bool { _, body := ask("tools/list", "{}"); return body == shed })
	if status, body := ask("resources/read", `{"uri":"note://r"}`); status != 503 || body != shed {
		t.Errorf("a resource: %d %s", status, body)
	}
	control()
	for range 3 {
		call()
	}
	waiting(35) // 70%: calls are shed
	impatient := &http.Client{Timeout: 50 * time.Millisecond}
	eventually(t, func() bool { // a call that is taken waits with the others
		resp, err := impatient.Post(rt.URL(), "application/json", strings.NewReader(strings.Replace(callEchoX, `"id":7`, `"id":1`, 1)))
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		return resp.StatusCode == 503 && string(body) == shed
	})
	control()
	resp, err := http.Get(strings.TrimSuffix(rt.URL(), "/mcp") + "/health/governor")
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if resp.StatusCode != 503 || !strings.Contains(string(text), "refusing, with the queue at ") || !strings.Contains(string(text), `"queue_percent":`) {
		t.Errorf("health of the governor: %d %s", resp.StatusCode, text)
	}
	letGo()
	calls.Wait()
	eventually(t, func() bool { status, _ := ask("tools/list", "{}"); return status == 200 })
	if status, _ := ask("tools/call", `{"name":"echo","arguments":{"text":"x"}}`); status != 200 {
		t.Error("calls are refused when all is well again")
	}
	rt.Stop()
	records := receiptsIn(t, folder)
	if !strings.Contains(records, `"governor"`) {
		t.Errorf("there is no receipt of a refusal by the governor: %s", records)
	}
}

func receiptsIn(t *testing.T, folder string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

// TestRefusalsForWantOfMemory has a server with little memory.
func TestRefusalsForWantOfMemory(t *testing.T) {
	rt := start(t, `,"limits":{"memory":"32MB"},"governor":{"intervene_at":0.98,"refuse_at":0.99}`, server.Options{})
	resp, body := post(t, rt.URL(), `{"x":"`+strings.Repeat("x", 2<<20)+`"}`)
	if resp.StatusCode != 413 || !strings.Contains(body, `"code":-32600,"message":"the body is larger than limits.memory has room for"`) {
		t.Errorf("what can never fit: %d %s", resp.StatusCode, body)
	}
	conn, err := net.Dial("tcp", rt.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 950000\r\n\r\n%s", strings.Repeat("x", 900_000))
	eventually(t, func() bool { // that has its memory
		resp, err := http.Get(strings.TrimSuffix(rt.URL(), "/mcp") + "/health/governor")
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		var percent int
		_, said, _ := strings.Cut(string(text), `"memory_percent":`)
		fmt.Sscanf(said, "%d", &percent)
		return percent > 50
	})
	large := `{"x":"` + strings.Repeat("x", 900_000) + `"}`
	resp, body = post(t, rt.URL(), large)
	if resp.StatusCode != 503 || resp.Header.Get("Retry-After") != "2" || body != `{"jsonrpc":"2.0","id":null,"error":{"code":503,"message":"The server is short of memory","data":{"retryAfterMs":2000}}}` {
		t.Errorf("what does not fit now: %d %s", resp.StatusCode, body)
	}
	if resp, body := post(t, rt.URL(), `{"jsonrpc":"2.0","id":1,"method":"ping"}`); resp.StatusCode != 200 {
		t.Errorf("a ping: %d %s", resp.StatusCode, body)
	}
	conn.Close()
	eventually(t, func() bool { resp, _ := post(t, rt.URL(), large); return resp.StatusCode == 400 }) // it is read, and is no request
}

// TestArgumentsOfManyValues are small as they are written and large as they are
// decoded.
func TestArgumentsOfManyValues(t *testing.T) {
	rt := start(t, `,"limits":{"memory":"1GB"}`, server.Options{})
	call := func(values int) (*http.Response, string) {
		return post(t, rt.URL(), `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":[`+strings.Repeat("1,", values)+`1]}}}`)
	}
	if resp, body := call(100_000); resp.StatusCode != 200 || !strings.Contains(body, "got array, want string") {
		t.Errorf("as many as fit: %d %s", resp.StatusCode, body)
	}
	const want = `{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"params.arguments holds more values than limits.memory has room for"}}`
	if resp, body := call(1_500_000); resp.StatusCode != 413 || body != want {
		t.Errorf("more than can ever fit: %d %s", resp.StatusCode, body)
	}
}

// TestAConnectionTooManyIsTold says why it is closed, in the language that it
// speaks.
func TestAConnectionTooManyIsTold(t *testing.T) {
	rt := start(t, `,"limits":{"connections":1}`, server.Options{})
	first := dial(t, rt)
	first.send(`{"jsonrpc":"2.0","id":1,"method":"ping"}`)
	first.receive()
	const want = `{"jsonrpc":"2.0","id":null,"error":{"code":503,"message":"Too many connections (limits.connections)","data":{"retryAfterMs":2000}}}`
	resp, body := post(t, rt.URL(), callEchoX)
	if resp.StatusCode != 503 || resp.Header.Get("Retry-After") != "2" || body != want {
		t.Errorf("over HTTP: %d %s", resp.StatusCode, body)
	}
	second := dial(t, rt)
	second.send(`{"jsonrpc":"2.0","id":1,"method":"ping"}`)
	if got := second.receive(); got != want {
		t.Errorf("raw: %s", got)
	}
}

// TestTheLimitsOfHeadersAndTime exceeds each.
func TestTheLimitsOfHeadersAndTime(t *testing.T) {
	for name, c := range map[string]struct{ limits, send, want string }{
		"headers that are too large": {`"header_size":"8KB"`, "GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("x", 9000) + "\r\n\r\n", "HTTP/1.1 431 "},
		"headers that fit":           {`"header_size":"8KB","idle_timeout":"1s"`, "GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("x", 7000) + "\r\n\r\n", "HTTP/1.1 200 "},
		"headers that do not end":    {`"header_timeout":"100ms"`, "GET /health HTTP/1.1\r\nHost: localhost\r\n", ""},
		"a body that does not end":   {`"body_timeout":"100ms"`, "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{", "HTTP/1.1 400 "},
		"nothing at all":             {`"idle_timeout":"100ms"`, "", ""},
		"a raw message without end":  {`"idle_timeout":"100ms"`, `{"jsonrpc":"2.0"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			rt := start(t, `,"limits":{`+c.limits+`}`, server.Options{})
			conn, err := net.Dial("tcp", rt.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(10 * time.Second))
			io.WriteString(conn, c.send)
			answer, err := io.ReadAll(conn) // until the server closes
			if errors.Is(err, syscall.ECONNRESET) {
				err = nil // it has not read all that was sent
			}
			if err != nil || !strings.HasPrefix(string(answer), c.want) || c.want == "" && len(answer) > 0 {
				t.Errorf("got %.200q, %v; want %q", answer, err, c.want)
			}
		})
	}
}

// TestABodyThatIsLateIsAnswered has the time for the answer begin when that for the
// body has ended.
func TestABodyThatIsLateIsAnswered(t *testing.T) {
	rt := start(t, `,"limits":{"body_timeout":"500ms","write_timeout":"500ms"}`, server.Options{})
	c := dial(t, rt)
	c.send("POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
	answer, err := io.ReadAll(c.lines)
	const want = `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"the body did not come within limits.body_timeout, 500ms"}}`
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 400 ") || !strings.HasSuffix(string(answer), want) {
		t.Errorf("got %q, %v", answer, err)
	}
}

func TestSecurityHeaders(t *testing.T) {
	rt := start(t, "", server.Options{})
	for _, url := range []string{rt.URL(), strings.TrimSuffix(rt.URL(), "/mcp") + "/health", strings.TrimSuffix(rt.URL(), "/mcp") + "/none"} {
		resp, _ := post(t, url, callEchoX)
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
			"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "Strict-Transport-Security": "",
		} {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", url, name, got, want)
			}
		}
	}
}
