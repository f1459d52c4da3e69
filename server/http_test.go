package server_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server"
	"github.com/erlmcp/erlmcp/server/catalog"
)

func TestCallAToolOverHTTP(t *testing.T) {
	rt := start(t, "", server.Options{})
	resp, body := post(t, rt.URL(), `{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"echo","arguments":{"text":"hé\n"}}}`)
	want := `{"jsonrpc":"2.0","id":"a","result":{"content":[{"type":"text","text":"hé\n"}]}}`
	if resp.StatusCode != 200 || body != want {
		t.Errorf("%d %s\nwant %s", resp.StatusCode, body, want)
	}
}

// modern returns a message of the modern era and the headers that go with it.
func modern(method, params, name string) (string, []string) {
	if params != "" {
		params += ","
	}
	message := `{"jsonrpc":"2.0","id":1,"method":"` + method + `","params":{` + params +
		`"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`
	headers := []string{"MCP-Protocol-Version", "2026-07-28", "Mcp-Method", method}
	if name != "" {
		headers = append(headers, "Mcp-Name", name)
	}
	return message, headers
}

func TestModernRequests(t *testing.T) {
	rt := start(t, `,"resource":{"note":{"text":"a note"}}`, server.Options{})
	const dress = `"resultType":"complete","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"test","version":"0.0.0"}}`
	for _, c := range []struct {
		name, method, params, nameHeader string
		status                           int
		want                             string
	}{
		{"discover", "server/discover", "", "", 200, dress + `,"supportedVersions":["2026-07-28"],"capabilities":{`},
		{"a list can be cached", "tools/list", "", "", 200, `"ttlMs":300000,"cacheScope":"public"}}`},
		{"a call", "tools/call", `"name":"echo","arguments":{"text":"x"}`, "echo", 200, dress + `,"content":[{"type":"text","text":"x"}]}}`},
		{"arguments that do not fit are the tool's error", "tools/call", `"name":"echo","arguments":{"text":1}`, "echo", 200, `"text":"Invalid arguments: text: got number, want string"}],"isError":true`},
		{"arguments that are not an object", "tools/call", `"name":"echo","arguments":[]`, "echo", 400, `"code":-32602`},
		{"an unknown tool", "tools/call", `"name":"nothing"`, "nothing", 400, `"code":-32602,"message":"Unknown tool: nothing"`},
		{"reading", "resources/read", `"uri":"erlmcp://note"`, "erlmcp://note", 200, `"contents":[{"uri":"erlmcp://note","mimeType":"text/plain","text":"a note"}],"ttlMs":0,"cacheScope":"private"}}`},
		{"a resource that is not there", "resources/read", `"uri":"erlmcp://x"`, "erlmcp://x", 400, `"code":-32602,"message":"Resource not found","data":{"uri":"erlmcp://x"}`},
		{"the name header differs", "tools/call", `"name":"echo","arguments":{"text":"x"}`, "other", 400, `"code":-32020`},
		{"the name header is missing", "tools/call", `"name":"echo","arguments":{"text":"x"}`, "", 400, `"code":-32020`},
		{"a method of the older era", "ping", "", "", 404, `"code":-32601`},
		{"initialize", "initialize", `"protocolVersion":"2025-11-25"`, "", 404, `"code":-32601`},
		{"a method that does not exist", "tools/nothing", "", "", 404, `"code":-32601`},
		{"a bad cursor", "tools/list", `"cursor":"x"`, "", 400, `"code":-32602`},
	} {
		t.Run(c.name, func(t *testing.T) {
			message, headers := modern(c.method, c.params, c.nameHeader)
			resp, body := post(t, rt.URL(), message, headers...)
			if resp.StatusCode != c.status || !strings.Contains(body, c.want) {
				t.Errorf("%d %s\nwant %d and %s", resp.StatusCode, body, c.status, c.want)
			}
			if !json.Valid([]byte(body)) {
				t.Errorf("not JSON: %s", body)
			}
			if resp.Header.Get("Mcp-Session-Id") != "" {
				t.Error("a modern request got a session")
			}
		})
	}
}

func TestMirroredArguments(t *testing.T) {
	tool := echo()
	tool.Spec = schemas.Tool{InputSchema: `{"type":"object","properties":{"text":{"type":"string","x-mcp-header":"Text"},"o":{"type":"object","properties":{"n":{"type":"integer","x-mcp-header":"N"},"b":{"type":"boolean","x-mcp-header":"b"}}}}}`}
	rt := start(t, "", server.Options{Tools: []catalog.GoTool{tool}})
	for _, c := range []struct {
		name, args string
		headers    []string
		status     int
	}{
		{"all match", `{"text":"hé","o":{"n":42,"b":true}}`, []string{"Mcp-Param-Text", "=?base64?aMOp?=", "Mcp-Param-N", "42.0", "Mcp-Param-B", "true"}, 200},
		{"what is not given has no header", `{"text":"x","o":{"n":null}}`, []string{"Mcp-Param-Text", "x"}, 200},
		{"a header is missing", `{"text":"x","o":{"n":1}}`, []string{"Mcp-Param-Text", "x"}, 400},
		{"a header differs", `{"text":"x"}`, []string{"Mcp-Param-Text", "y"}, 400},
		{"a number differs", `{"text":"x","o":{"n":1}}`, []string{"Mcp-Param-Text", "x", "Mcp-Param-N", "2"}, 400},
		{"a header without its argument", `{"text":"x"}`, []string{"Mcp-Param-Text", "x", "Mcp-Param-N", "2"}, 400},
		{"a header that is not ASCII", `{"text":"é"}`, []string{"Mcp-Param-Text", "é"}, 400},
		{"a header of nobody's", `{"text":"x"}`, []string{"Mcp-Param-Text", "x", "Mcp-Param-Other", "2"}, 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			message, headers := modern("tools/call", `"name":"echo","arguments":`+c.args, "echo")
			resp, body := post(t, rt.URL(), message, append(headers, c.headers...)...)
			if resp.StatusCode != c.status || c.status == 400 && !strings.Contains(body, `"code":-32020`) {
				t.Errorf("%d %s, want %d", resp.StatusCode, body, c.status)
			}
		})
	}
}

func TestWhichEraARequestIsOf(t *testing.T) {
	rt := start(t, "", server.Options{})
	const list = `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`
	meta := func(v string) string {
		return `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"` + v + `","io.modelcontextprotocol/clientCapabilities":{}}}}`
	}
	for _, c := range []struct {
		name, message string
		headers       []string
		status        int
		want          string
	}{
		{"nothing is said: the older era", list, nil, 200, `"result":{"tools":[`},
		{"the header names an older version", list, []string{"MCP-Protocol-Version", "2025-06-18"}, 200, `"result":{"tools":[`},
		{"the header names a version that is not served", list, []string{"MCP-Protocol-Version", "1900-01-01"}, 400, `"code":-32022,"message":"Unsupported protocol version","data":{"requested":"1900-01-01","supported":["2026-07-28","2025-11-25"`},
		{"only the header names the modern version", list, []string{"MCP-Protocol-Version", "2026-07-28"}, 400, `"code":-32602`},
		{"only the message names the modern version", meta("2026-07-28"), nil, 400, `"code":-32020`},
		{"header and message differ", meta("2026-07-28"), []string{"MCP-Protocol-Version", "2025-11-25", "Mcp-Method", "tools/list"}, 400, `"code":-32020`},
		{"the message names a version that is not served", meta("2099-01-01"), []string{"MCP-Protocol-Version", "2099-01-01", "Mcp-Method", "tools/list"}, 400, `"code":-32022,"message":"Unsupported protocol version","data":{"requested":"2099-01-01","supported":["2026-07-28"]}`},
		{"the message names an older version", meta("2025-11-25"), []string{"MCP-Protocol-Version", "2025-11-25", "Mcp-Method", "tools/list"}, 400, `"code":-32022`},
		{"discover without _meta", `{"jsonrpc":"2.0","id":1,"method":"server/discover"}`, nil, 400, `"code":-32602`},
	} {
		t.Run(c.name, func(t *testing.T) {
			resp, body := post(t, rt.URL(), c.message, c.headers...)
			if resp.StatusCode != c.status || !strings.Contains(body, c.want) {
				t.Errorf("%d %s\nwant %d and %s", resp.StatusCode, body, c.status, c.want)
			}
		})
	}
}

// TestAVersionThatIsNotServed sends what no method is asked by.
func TestAVersionThatIsNotServed(t *testing.T) {
	rt := start(t, "", server.Options{})
	resp, _ := post(t, rt.URL(), initMessage)
	session := resp.Header.Get("Mcp-Session-Id")
	const note = `{"jsonrpc":"2.0","method":"notifications/initialized"}`
	for _, c := range []struct {
		name, method, message, version string
		status                         int
	}{
		{"a notification", "POST", note, "1900-01-01", 400},
		{"a notification of a served version", "POST", note, "2025-11-25", 202},
		{"an answer", "POST", `{"jsonrpc":"2.0","id":"a","result":{}}`, "1900-01-01", 400},
		{"a batch", "POST", `[` + note + `]`, "1900-01-01", 400},
		{"the stream of changes", "GET", "", "1900-01-01", 400},
		{"the end of the session", "DELETE", "", "1900-01-01", 400},
		{"the end of the session, of a served version", "DELETE", "", "2025-11-25", 204},
	} {
		t.Run(c.name, func(t *testing.T) {
			resp, body := send(t, c.method, rt.URL(), c.message, "Mcp-Session-Id", session, "MCP-Protocol-Version", c.version)
			if resp.StatusCode != c.status || c.status == 400 && !strings.Contains(body, `"code":-32022`) {
				t.Errorf("%d %s; want %d", resp.StatusCode, body, c.status)
			}
		})
	}
}

const initMessage = `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}`

func TestSessions(t *testing.T) {
	rt := start(t, "", server.Options{})
	resp, body := post(t, rt.URL(), initMessage)
	name := resp.Header.Get("Mcp-Session-Id")
	if len(name) != 32 || !strings.Contains(body, `"protocolVersion":"2025-11-25"`) {
		t.Fatalf("session %q: %s", name, body)
	}
	session := []string{"Mcp-Session-Id", name, "MCP-Protocol-Version", "2025-11-25"}
	if resp, body := post(t, rt.URL(), `{"jsonrpc":"2.0","method":"notifications/initialized"}`, session...); resp.StatusCode != 202 || body != "" {
		t.Errorf("a notification: %d %q", resp.StatusCode, body)
	}
	if resp, body := post(t, rt.URL(), `{"jsonrpc":"2.0","id":1,"method":"ping"}`, "Mcp-Session-Id", name, "MCP-Protocol-Version", "1900-01-01"); resp.StatusCode != 400 {
		t.Errorf("a version that is not served: %d %s", resp.StatusCode, body)
	}
	if resp, body := post(t, rt.URL(), `{"jsonrpc":"2.0","id":1,"method":"ping"}`, session...); body != `{"jsonrpc":"2.0","id":1,"result":{}}` {
		t.Errorf("ping: %d %s", resp.StatusCode, body)
	}
	if _, body := post(t, rt.URL(), `{"jsonrpc":"2.0","id":1,"method":"logging/setLevel","params":{"level":"warning"}}`, session...); body != `{"jsonrpc":"2.0","id":1,"result":{}}` {
		t.Errorf("setLevel: %s", body)
	}
	if _, body := post(t, rt.URL(), `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{}}}`, session...); !strings.Contains(body, `"isError":true`) {
		t.Errorf("arguments that do not fit, in 2025-11-25: %s", body)
	}
	r, _ := http.NewRequest("DELETE", rt.URL(), nil)
	r.Header.Set("Mcp-Session-Id", name)
	if resp, err := http.DefaultClient.Do(r); err != nil || resp.StatusCode != 204 {
		t.Errorf("DELETE: %v, %v", resp, err)
	}
	if resp, _ := post(t, rt.URL(), `{"jsonrpc":"2.0","id":1,"method":"ping"}`, session...); resp.StatusCode != 404 {
		t.Errorf("a session that has ended: %d", resp.StatusCode)
	}
	if _, body := post(t, rt.URL(), strings.Replace(initMessage, "2025-11-25", "2099-01-01", 1)); !strings.Contains(body, `"protocolVersion":"2025-11-25"`) {
		t.Errorf("initialize with a version that is not known: %s", body)
	}
}

func TestRefusedRequests(t *testing.T) {
	rt := start(t, `,"limits":{"request_size":"1KB","json_depth":8}`, server.Options{})
	for _, c := range []struct {
		name, message string
		headers       []string
		status        int
		want          string
	}{
		{"not JSON", `{`, nil, 400, `"code":-32700`},
		{"deep nesting", `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":[[[[[[[[]]]]]]]]}}`, nil, 400, "nested too deeply"},
		{"a large body", `{"a":"` + strings.Repeat("x", 2000) + `"}`, nil, 413, "too large"},
		{"another media type", `{}`, []string{"Content-Type", "text/plain"}, 415, "application/json"},
		{"a foreign origin", `{}`, []string{"Origin", "https://evil.example"}, 403, `"code":-32600`},
		{"a batch where there are none any more", `[{"jsonrpc":"2.0","id":1,"method":"ping"}]`, []string{"MCP-Protocol-Version", "2025-06-18"}, 400, "has no batches"},
		{"initialize in a batch", `[` + initMessage + `]`, nil, 200, `"code":-32600`},
		{"a session that is not there", `{"jsonrpc":"2.0","id":1,"method":"ping"}`, []string{"Mcp-Session-Id", "x"}, 404, "session"},
		{"arguments that do not fit, before 2025-11-25", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"txt":"x"}}}`, nil, 200, `"code":-32602`},
	} {
		t.Run(c.name, func(t *testing.T) {
			resp, body := post(t, rt.URL(), c.message, c.headers...)
			if resp.StatusCode != c.status || !strings.Contains(body, c.want) {
				t.Errorf("%d %s\nwant %d and %s", resp.StatusCode, body, c.status, c.want)
			}
		})
	}
	r, _ := http.NewRequest("PUT", rt.URL(), nil)
	if resp, err := http.DefaultClient.Do(r); err != nil || resp.StatusCode != 405 || resp.Header.Get("Allow") == "" {
		t.Errorf("PUT: %v, %v", resp, err)
	}
}

func TestScriptsOfAllowedPages(t *testing.T) {
	rt := start(t, "", server.Options{})
	ask := func(origin string) *http.Response {
		r, _ := http.NewRequest("OPTIONS", rt.URL(), nil)
		r.Header.Set("Origin", origin)
		r.Header.Set("Access-Control-Request-Method", "POST")
		r.Header.Set("Access-Control-Request-Headers", "mcp-session-id")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp
	}
	if resp := ask("http://localhost:3000"); resp.StatusCode != 204 || resp.Header.Get("Access-Control-Allow-Origin") != "http://localhost:3000" || !strings.Contains(resp.Header.Get("Access-Control-Allow-Headers"), "mcp-session-id") {
		t.Errorf("an allowed page: %d %v", resp.StatusCode, resp.Header)
	}
	if resp := ask("https://evil.example"); resp.StatusCode != 403 || resp.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("another page: %d %v", resp.StatusCode, resp.Header)
	}
}

func TestBatch(t *testing.T) {
	rt := start(t, "", server.Options{})
	_, body := post(t, rt.URL(), `[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","method":"notifications/initialized"},{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo","arguments":{"text":"x"}}},1]`)
	want := `[{"jsonrpc":"2.0","id":1,"result":{}},{"jsonrpc":"2.0","id":2,"result":{"content":[{"type":"text","text":"x"}]}},{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"the message is not an object"}}]`
	if body != want {
		t.Errorf("got  %s\nwant %s", body, want)
	}
	if resp, body := post(t, rt.URL(), `[{"jsonrpc":"2.0","method":"notifications/initialized"}]`); resp.StatusCode != 202 || body != "" {
		t.Errorf("only notifications: %d %s", resp.StatusCode, body)
	}
}

// events reads the data of the events of a stream.
func events(t testing.TB, r io.Reader) func() string {
	lines := bufio.NewScanner(r)
	return func() string {
		t.Helper()
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				return data
			}
		}
		return ""
	}
}

func TestListenForChanges(t *testing.T) {
	rt := start(t, "", server.Options{})
	message, headers := modern("subscriptions/listen", `"notifications":{"toolsListChanged":true,"resourceSubscriptions":["erlmcp://x"]}`, "")
	r, _ := http.NewRequestWithContext(context10s(t), "POST", rt.URL(), strings.NewReader(message))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got := resp.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("content type %q", got)
	}
	next := events(t, resp.Body)
	if got, want := next(), `{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":1},"notifications":{"toolsListChanged":true}}}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	// A change of the prompts alone is not what this client asked for.
	if err := rt.Reload(document(t, `,"prompt":{"p":{"message":[{"text":"x"}]}}`), ""); err != nil {
		t.Fatal(err)
	}
	if err := rt.Reload(document(t, `,"tool":{"more":{"static":{"text":"more"}}}`), ""); err != nil {
		t.Fatal(err)
	}
	if got, want := next(), `{"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":1}}}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	go rt.Stop()
	if got, want := next(), `{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"test","version":"0.0.0"},"io.modelcontextprotocol/subscriptionId":1}}}`; got != want {
		t.Errorf("at the end: got  %s\nwant %s", got, want)
	}
}

func TestTheStreamOfAnOlderSession(t *testing.T) {
	rt := start(t, "", server.Options{})
	resp, _ := post(t, rt.URL(), initMessage)
	name := resp.Header.Get("Mcp-Session-Id")
	// What changes while no stream is open is told when one is.
	if err := rt.Reload(document(t, `,"tool":{"more":{"static":{"text":"more"}}}`), ""); err != nil {
		t.Fatal(err)
	}
	open := func() *http.Response {
		r, _ := http.NewRequestWithContext(context10s(t), "GET", rt.URL(), nil)
		r.Header.Set("Accept", "text/event-stream")
		r.Header.Set("Mcp-Session-Id", name)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { resp.Body.Close() })
		return resp
	}
	first := open()
	next := events(t, first.Body)
	if got, want := next(), `{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	second := open()
	if next() != "" {
		t.Error("the older stream goes on beside the newer")
	}
	if err := rt.Reload(document(t, ""), ""); err != nil {
		t.Fatal(err)
	}
	if got, want := events(t, second.Body)(), `{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestHealth(t *testing.T) {
	rt := start(t, "", server.Options{})
	base := strings.TrimSuffix(rt.URL(), "/mcp")
	for path, want := range map[string]int{"/health": 200, "/health/transport": 200, "/health/session": 200, "/health/registry": 200, "/health/nothing": 404, "/": 404} {
		resp, err := http.Get(base + path)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: %d %s, want %d", path, resp.StatusCode, body, want)
		}
		if path == "/health" && !strings.HasPrefix(string(body), `{"status":"healthy","checks":[`) {
			t.Errorf("/health: %s", body)
		}
	}
}
