package server_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/erlmcp/erlmcp/server"
	"github.com/erlmcp/erlmcp/server/catalog"
	"github.com/erlmcp/erlmcp/server/session"
)

// said is a request that is refused, and what is said of it.
type said struct {
	name, method, message string // method is POST when it is ""
	headers               []string
	status, code          int
	text                  string
	id                    string // of the answer; null when it is ""
}

func (s *said) check(t *testing.T, rt *server.Runtime) {
	t.Helper()
	method := s.method
	if method == "" {
		method = "POST"
	}
	resp, body := send(t, method, rt.URL(), s.message, s.headers...)
	id := s.id
	if id == "" {
		id = "null"
	}
	want := fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"error":{"code":%d,"message":%s`, id, s.code, quote(s.text))
	if rest, ok := strings.CutPrefix(body, want); resp.StatusCode != s.status || !ok || rest[0] != '}' && rest[0] != ',' {
		t.Errorf("%d %s\nwant %d %s", resp.StatusCode, body, s.status, want)
	}
}

// asks is a request of the older era.
func asks(method, params string) string {
	return `{"jsonrpc":"2.0","id":1,"method":"` + method + `","params":` + params + `}`
}

// TestWhatIsSaidOfARefusal has the status, the code and the text of what is refused
// for its form.
func TestWhatIsSaidOfARefusal(t *testing.T) {
	rt := start(t, `,"limits":{"request_size":"64KB","json_depth":8}`, server.Options{})
	dead := []string{"Mcp-Session-Id", strings.Repeat("0", 32)}
	modernSaid := func(name, method, params, nameHeader string, status, code int, text string) said {
		message, headers := modern(method, params, nameHeader)
		return said{name, "", message, headers, status, code, text, "1"}
	}
	for _, s := range []said{
		{"another method of HTTP", "PUT", "", nil, 405, -32600, "the method PUT is not allowed here", ""},
		{"another media type", "", "{}", []string{"Content-Type", "text/plain"}, 415, -32600, "the Content-Type must be application/json", ""},
		{"another host", "", pingMessage, []string{"Host", "evil.example"}, 403, -32600, "this server does not answer for that Host; add it to listen.hosts", ""},
		{"a page of another origin", "", pingMessage, []string{"Origin", "https://evil.example"}, 403, -32600, "pages of that Origin may not call this server; add it to listen.origins", ""},
		{"a session that has ended", "", pingMessage, dead, 404, -32600, "the session has ended; initialize a new one", ""},
		{"a stream that is not wanted", "GET", "", []string{"Accept", "text/html"}, 406, -32600, "the Accept header must list text/event-stream", ""},
		{"a stream without a session", "GET", "", nil, 400, -32600, "there is no Mcp-Session-Id header; initialize first", ""},
		{"a stream of a session that has ended", "GET", "", dead, 404, -32600, "the session has ended; initialize a new one", ""},
		{"a stream of the newer era", "GET", "", []string{"MCP-Protocol-Version", "2026-07-28"}, 405, -32600, "use subscriptions/listen", ""},
		{"the end of no session", "DELETE", "", nil, 400, -32600, "there is no Mcp-Session-Id header", ""},
		{"the end of a session that has ended", "DELETE", "", dead, 404, -32600, "there is no such session", ""},

		{"JSON that ends", "", `{"a":`, nil, 400, -32700, "the message ends too early", ""},
		{"no JSON", "", `{"a":b}`, nil, 400, -32700, "the message is not valid JSON at byte 5", ""},
		{"no UTF-8", "", "{\"a\":\"\xff\"}", nil, 400, -32700, "the message is not valid UTF-8", ""},
		{"no object", "", `1`, nil, 400, -32600, "the message is not an object", ""},
		{"no JSON-RPC", "", `{"id":1,"method":"ping"}`, nil, 400, -32600, `the message has no "jsonrpc": "2.0"`, "1"},
		{"no method", "", `{"jsonrpc":"2.0","id":1}`, nil, 400, -32600, "the message has no method", "1"},
		{"a method that is no text", "", `{"jsonrpc":"2.0","id":1,"method":1}`, nil, 400, -32600, "the method is not a string", "1"},
		{"an id that is none", "", `{"jsonrpc":"2.0","id":null,"method":"ping"}`, nil, 400, -32600, "the id is neither a string nor a number", ""},
		{"parameters in a list", "", asks("ping", "[]"), nil, 400, -32602, "params is not an object", "1"},
		{"a member twice", "", asks("ping", `{"a":1,"a":2}`), nil, 400, -32600, `the member "a" stands twice`, ""},
		{"too many members", "", asks("ping", manyMembers(129)), nil, 400, -32600, "an object has more than 128 members", ""},
		{"too deep", "", asks("ping", `{"a":[[[[[[[[]]]]]]]]}`), nil, 400, -32600, "the message is nested too deeply", ""},
		{"an empty batch", "", `[]`, nil, 400, -32600, "the batch is empty", ""},
		{"a batch that is too long", "", `[` + strings.Repeat(pingMessage+",", 100) + pingMessage + `]`, nil, 400, -32600, "the batch has more than 100 messages", ""},
		{"a batch where there are none", "", `[` + pingMessage + `]`, []string{"MCP-Protocol-Version", "2025-11-25"}, 400, -32600, "version 2025-11-25 has no batches", ""},

		{"a method that there is not", "", asks("nothing", "{}"), nil, 200, -32601, "Method not found: nothing", "1"},
		{"a tool that there is not", "", asks("tools/call", `{"name":"x"}`), nil, 200, -32602, "Unknown tool: x", "1"},
		{"a prompt that there is not", "", asks("prompts/get", `{"name":"x"}`), nil, 200, -32602, "Unknown prompt: x", "1"},
		{"a resource that there is not", "", asks("resources/read", `{"uri":"x:y"}`), nil, 200, -32002, "Resource not found", "1"},
		{"a parameter that is missing", "", asks("tools/call", `{}`), nil, 200, -32602, "params.name must be a string", "1"},
		{"arguments that are no object", "", asks("tools/call", `{"name":"echo","arguments":1}`), nil, 200, -32602, "params.arguments must be an object", "1"},
		{"a number out of range", "", asks("tools/call", `{"name":"echo","arguments":{"text":1e999}}`), nil, 200, -32602, "params.arguments: a number is out of range", "1"},
		{"a cursor of another list", "", asks("tools/list", `{"cursor":"eA"}`), nil, 200, -32602, "params.cursor is not one that this list gave out", "1"},
		{"a level that there is not", "", asks("logging/setLevel", `{"level":"loud"}`), nil, 200, -32602, "params.level is not a log level", "1"},

		modernSaid("a method that there is not, in the newer era", "nothing", "", "", 404, -32601, "Method not found: nothing"),
		modernSaid("subscriptions to nothing", "subscriptions/listen", "", "", 400, -32602, "params.notifications must be an object"),
		modernSaid("too many subscriptions at once", "subscriptions/listen", `"notifications":{"resourceSubscriptions":["x:y"`+strings.Repeat(`,"x:y"`, 1000)+`]}`, "", 400, -32602, "params.notifications has more than 1000 subscriptions"),
		modernSaid("a name that the header has not", "tools/call", `"name":"echo"`, "", 400, -32020, "Header mismatch: Mcp-Name must stand exactly once"),
		modernSaid("another name in the header", "tools/call", `"name":"echo"`, "x", 400, -32020, "Header mismatch: Mcp-Name does not match params.name"),
		modernSaid("a task without tasks", "tasks/get", `"taskId":"x"`, "x", 400, -32021, "This needs a client with a capability that it has not declared: the Tasks extension"),
	} {
		t.Run(s.name, func(t *testing.T) { s.check(t, rt) })
	}
	t.Run("a task that there is not", func(t *testing.T) {
		message, headers := modern("tasks/get", `"taskId":"x"`, "x")
		message = strings.Replace(message, `Capabilities":{}`, `Capabilities":{"extensions":{"io.modelcontextprotocol/tasks":{}}}`, 1)
		s := said{"", "", message, headers, 400, -32602, "There is no such task, or it has expired", "1"}
		s.check(t, rt)
	})
}

// manyMembers is an object.
func manyMembers(n int) string {
	var members []string
	for i := range n {
		members = append(members, `"`+strconv.Itoa(i)+`":0`)
	}
	return `{` + strings.Join(members, ",") + `}`
}

// TestWhatIsSaidWhenThereIsTooMuch is of refusals that go by what others do.
func TestWhatIsSaidWhenThereIsTooMuch(t *testing.T) {
	t.Run("calls that wait", func(t *testing.T) {
		tool, started, letGo := blocking()
		defer letGo()
		rt := start(t, `,"limits":{"workers":1,"queue":0}`, server.Options{Tools: []catalog.GoTool{tool}})
		go http.Post(rt.URL(), "application/json", strings.NewReader(callBlock)) // ends when it is let go
		<-started
		s := said{"", "", callBlock, nil, 503, 503, "Too many calls are waiting", "1"}
		s.check(t, rt)
	})
	t.Run("streams of changes", func(t *testing.T) {
		rt := start(t, `,"limits":{"connections":2}`, server.Options{})
		listen, _ := modern("subscriptions/listen", `"notifications":{}`, "")
		c := dial(t, rt)
		for range 2 {
			c.send(listen)
			if got := c.receive(); !strings.Contains(got, "acknowledged") {
				t.Fatalf("got %s", got)
			}
		}
		c.send(strings.Replace(listen, `"id":1`, `"id":3`, 1))
		if got, want := c.receive(), `{"jsonrpc":"2.0","id":3,"error":{"code":503,"message":"Too many subscriptions are open","data":{"retryAfterMs":60000}}}`; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
	t.Run("streams of changes on one connection", func(t *testing.T) {
		rt := start(t, "", server.Options{})
		listen, _ := modern("subscriptions/listen", `"notifications":{}`, "")
		c := dial(t, rt)
		open := func(id int) string {
			c.send(strings.Replace(listen, `"id":1`, `"id":`+strconv.Itoa(id), 1))
			return c.receive()
		}
		for id := range session.MaxStreams {
			if got := open(id); !strings.Contains(got, "acknowledged") {
				t.Fatalf("stream %d: %s", id, got)
			}
		}
		if got, want := open(1000), `{"jsonrpc":"2.0","id":1000,"error":{"code":503,"message":"Too many subscriptions are open","data":{"retryAfterMs":60000}}}`; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		c.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}`)
		eventually(t, func() bool { return strings.Contains(open(1001), "acknowledged") })
	})
	t.Run("subscriptions of a session", func(t *testing.T) {
		rt := start(t, `,"resource_template":{"t":{"uri":"t://{n}","text":"x"}}`, server.Options{})
		c := dial(t, rt)
		for n := range 1000 {
			c.send(asks("resources/subscribe", `{"uri":"t://`+strconv.Itoa(n)+`"}`))
			if got := c.receive(); got != `{"jsonrpc":"2.0","id":1,"result":{}}` {
				t.Fatalf("subscription %d: %s", n, got)
			}
		}
		c.send(asks("resources/subscribe", `{"uri":"t://more"}`))
		if got, want := c.receive(), `{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"There are 1000 subscriptions already, which is the most"}}`; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}
