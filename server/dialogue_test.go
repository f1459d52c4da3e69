package server_test

//lint:file-ignore SA1019 sampling and roots are deprecated since 2026-07-28, and served for as long as clients use them

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server"
	"github.com/erlmcp/erlmcp/server/catalog"
	"github.com/erlmcp/erlmcp/server/dialogue"
	"github.com/erlmcp/erlmcp/server/protocol"
)

// talks is a tool that talks to its client.
func talks(name string, f func(ctx context.Context, client *dialogue.Client, args map[string]any) (string, error)) catalog.GoTool {
	return catalog.GoTool{
		Name: name, Spec: schemas.Tool{InputSchema: `{"type":"object"}`},
		Does: toolFunc(func(ctx context.Context, args map[string]any) (*protocol.ToolResult, error) {
			text, err := f(ctx, dialogue.From(ctx), args)
			if err != nil {
				return nil, err
			}
			return &protocol.ToolResult{Content: []protocol.Content{protocol.Text(text)}}, nil
		}),
	}
}

var nameForm = dialogue.Form{Message: "Who?", Schema: json.RawMessage(`{"type":"object","properties":{"name":{"type":"string"}}}`)}

// asker asks for a name.
func asker() catalog.GoTool {
	return talks("ask", func(ctx context.Context, client *dialogue.Client, _ map[string]any) (string, error) {
		answer, err := client.Elicit(ctx, "who", nameForm)
		if err != nil {
			return "", err
		}
		return answer.Action + " " + answer.Content["name"].(string), nil
	})
}

// all asks everything that can be asked, one after the other.
func all() catalog.GoTool {
	return talks("all", func(ctx context.Context, client *dialogue.Client, _ map[string]any) (string, error) {
		client.Progress(1, 3, "one")
		if err := client.Log(protocol.Warning, "test", map[string]string{"at": "start"}); err != nil {
			return "", err
		}
		who, err := client.Elicit(ctx, "who", nameForm)
		if err != nil {
			return "", err
		}
		said, err := client.Sample(ctx, "said", dialogue.Sampling{
			Messages: []protocol.PromptMessage{{Role: "user", Content: protocol.Text("Hi")}}, MaxTokens: 5,
		})
		if err != nil {
			return "", err
		}
		roots, err := client.Roots(ctx, "roots")
		if err != nil {
			return "", err
		}
		return who.Content["name"].(string) + ", " + said.Content[0].Text + ", " + roots[0].URI, nil
	})
}

// TestAToolAsksTheGoSDKClient runs the same tool in both eras, over every
// transport.
func TestAToolAsksTheGoSDKClient(t *testing.T) {
	for _, c := range []struct{ version, over string }{
		{"2026-07-28", "HTTP"}, {"2026-07-28", "streams"}, {"2025-11-25", "HTTP"}, {"2025-11-25", "streams"},
		{"2025-06-18", "HTTP"}, {"2025-11-25", "SSE"},
	} {
		t.Run(c.version+" over "+c.over, func(t *testing.T) {
			rt := start(t, `,"listen":{"port":0,"sse_path":"/sse"}`, server.Options{Tools: []catalog.GoTool{all()}})
			ctx := context10s(t)
			progress := make(chan string, 10)
			client := mcp.NewClient(&mcp.Implementation{Name: "c", Version: "1"}, &mcp.ClientOptions{
				ElicitationHandler: func(context.Context, *mcp.ElicitRequest) (*mcp.ElicitResult, error) {
					return &mcp.ElicitResult{Action: "accept", Content: map[string]any{"name": "Ada"}}, nil
				},
				CreateMessageHandler: func(context.Context, *mcp.CreateMessageRequest) (*mcp.CreateMessageResult, error) {
					return &mcp.CreateMessageResult{Role: "assistant", Model: "m", Content: &mcp.TextContent{Text: "hello"}}, nil
				},
				ProgressNotificationHandler: func(_ context.Context, r *mcp.ProgressNotificationClientRequest) {
					progress <- r.Params.Message
				},
			})
			client.AddRoots(&mcp.Root{URI: "file:///work"})
			var transport mcp.Transport = &mcp.StreamableClientTransport{Endpoint: rt.URL()}
			switch c.over {
			case "SSE":
				transport = &mcp.SSEClientTransport{Endpoint: strings.TrimSuffix(rt.URL(), "/mcp") + "/sse"}
			case "streams":
				fromClient, toServer := io.Pipe()
				fromServer, toClient := io.Pipe()
				go rt.ServeStdio(fromClient, toClient)
				t.Cleanup(func() { toServer.Close(); toClient.Close() })
				transport = &mcp.IOTransport{Reader: fromServer, Writer: toServer}
			}
			s, err := client.Connect(ctx, transport, &mcp.ClientSessionOptions{ProtocolVersion: c.version})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			params := &mcp.CallToolParams{Name: "all", Arguments: map[string]any{}}
			params.SetProgressToken("p")
			result, err := s.CallTool(ctx, params)
			if err != nil || result.IsError || result.Content[0].(*mcp.TextContent).Text != "Ada, hello, file:///work" {
				t.Fatalf("%+v, %v", result, err)
			}
			select {
			case message := <-progress:
				if message != "one" {
					t.Errorf("progress: %q", message)
				}
			case <-ctx.Done():
				t.Error("there was no progress")
			}
		})
	}
}

func TestProgressOnlyGrows(t *testing.T) {
	rt := start(t, "", server.Options{Tools: []catalog.GoTool{talks("steps", func(_ context.Context, client *dialogue.Client, _ map[string]any) (string, error) {
		for _, p := range []float64{1, 1, math.NaN(), .5, math.Inf(1), 2} {
			client.Progress(p, math.Inf(1), "")
		}
		return "done", nil
	})}})
	c := dial(t, rt)
	c.send(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"steps","arguments":{},"_meta":{"progressToken":"p"}}}`)
	for _, want := range []string{
		`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"p","progress":1}}`,
		`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"p","progress":2}}`,
		`{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"done"}]}}`,
	} {
		if got := c.receive(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// legacy is a client of the older era over HTTP.
type legacy struct {
	t       *testing.T
	url     string
	session string
}

// newLegacy begins a session of a client that can do this.
func newLegacy(t *testing.T, rt *server.Runtime, capabilities string) *legacy {
	t.Helper()
	resp, body := post(t, rt.URL(), `{"jsonrpc":"2.0","id":"init","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":`+
		capabilities+`,"clientInfo":{"name":"c","version":"1"}}}`)
	session := resp.Header.Get("Mcp-Session-Id")
	if session == "" {
		t.Fatalf("no session: %s", body)
	}
	return &legacy{t, rt.URL(), session}
}

func (l *legacy) headers() []string {
	return []string{"Mcp-Session-Id", l.session, "MCP-Protocol-Version", "2025-11-25"}
}

func (l *legacy) post(message string) (*http.Response, string) {
	l.t.Helper()
	return post(l.t, l.url, message, l.headers()...)
}

// sse is an event stream that is being read.
type sse struct {
	t    *testing.T
	resp *http.Response
	scan *bufio.Scanner
}

// stream sends a request whose answer is an event stream.
func (l *legacy) stream(method, message string, headers ...string) *sse {
	l.t.Helper()
	ctx := context10s(l.t)
	r, err := http.NewRequestWithContext(ctx, method, l.url, strings.NewReader(message))
	if err != nil {
		l.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	for h := append(l.headers(), headers...); len(h) > 0; h = h[2:] {
		r.Header.Set(h[0], h[1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { resp.Body.Close() })
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" {
		body, _ := io.ReadAll(resp.Body)
		l.t.Fatalf("%d %s: %s", resp.StatusCode, resp.Header.Get("Content-Type"), body)
	}
	return &sse{l.t, resp, bufio.NewScanner(resp.Body)}
}

// next is the id and the message of the next event; ok is false at the end.
func (e *sse) next() (id, data string, ok bool) {
	e.t.Helper()
	for e.scan.Scan() {
		line := e.scan.Text()
		switch {
		case strings.HasPrefix(line, "id: "):
			id = line[4:]
		case strings.HasPrefix(line, "data: "):
			data = line[6:]
		case line == "" && (id != "" || data != ""):
			return id, data, true
		}
	}
	return "", "", false
}

// message is the next event that holds one.
func (e *sse) message() (id, data string) {
	e.t.Helper()
	for {
		id, data, ok := e.next()
		if !ok {
			e.t.Fatalf("the stream ended: %v", e.scan.Err())
		}
		if data != "" {
			return id, data
		}
	}
}

func TestWhatBecomesOfAQuestion(t *testing.T) {
	const call = `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"ask","arguments":{}}}`
	const able = `{"elicitation":{}}`
	for _, c := range []struct {
		name, limits string
		then         func(l *legacy, id string)
		want         string
	}{
		{"an answer", "", func(l *legacy, id string) {
			l.post(`{"jsonrpc":"2.0","id":"nobody","result":{}}`)
			if resp, _ := l.post(`{"jsonrpc":"2.0","id":"` + id + `","result":{"action":"accept","content":{"name":"Ada"}}}`); resp.StatusCode != 202 {
				l.t.Errorf("status %d", resp.StatusCode)
			}
		}, `"text":"accept Ada"`},
		{"a refusal", "", func(l *legacy, id string) {
			l.post(`{"jsonrpc":"2.0","id":"` + id + `","error":{"code":-1,"message":"not now"}}`)
		}, `not answered elicitation/create: it says \"not now\".`},
		{"an answer of another form", "", func(l *legacy, id string) {
			l.post(`{"jsonrpc":"2.0","id":"` + id + `","result":{"action":"perhaps"}}`)
		}, `the answer to elicitation/create is not a result of it.`},
		{"the session ends", "", func(l *legacy, _ string) {
			r, _ := http.NewRequest("DELETE", l.url, nil)
			r.Header.Set("Mcp-Session-Id", l.session)
			if resp, err := http.DefaultClient.Do(r); err != nil || resp.StatusCode != 204 {
				l.t.Errorf("%v, %v", resp, err)
			}
		}, `it has gone.`},
		{"silence", `,"limits":{"answer_timeout":"10ms","call_timeout":"5s"}`, func(*legacy, string) {}, `limits.answer_timeout, 10ms`},
	} {
		t.Run(c.name, func(t *testing.T) {
			rt := start(t, c.limits, server.Options{Tools: []catalog.GoTool{asker()}})
			l := newLegacy(t, rt, able)
			stream := l.stream("POST", call)
			_, question := stream.message()
			var asked struct {
				ID     string
				Method string
				Params struct{ Message string }
			}
			if err := json.Unmarshal([]byte(question), &asked); err != nil || asked.Method != "elicitation/create" || asked.Params.Message != "Who?" {
				t.Fatalf("question: %s, %v", question, err)
			}
			c.then(l, asked.ID)
			for {
				_, answer := stream.message()
				if strings.Contains(answer, "notifications/cancelled") {
					continue
				}
				if !strings.Contains(answer, `"id":7`) || !strings.Contains(answer, c.want) {
					t.Errorf("answer: %s\nwant %s in it", answer, c.want)
				}
				return
			}
		})
	}
}

func TestWhoCannotBeAsked(t *testing.T) {
	rt := start(t, "", server.Options{Tools: []catalog.GoTool{asker()}})
	const call = `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"ask","arguments":{}}}`
	message, headers := modern("tools/call", `"name":"ask"`, "ask")
	for _, c := range []struct {
		name    string
		message string
		headers []string
		status  int
		want    string
	}{
		{"an older client without the capability", call, newLegacy(t, rt, `{"sampling":{}}`).headers(), 200, `has not declared: elicitation."}],"isError":true`},
		{"an older client without a session", call, nil, 200, `has not declared: elicitation."}],"isError":true`},
		{"an older client that takes no stream", call, append(newLegacy(t, rt, `{"elicitation":{}}`).headers(), "Accept", "application/json"), 200, `it cannot be asked without a session and an event stream`},
		{"a modern client without the capability", message, headers, 400, `"code":-32021,"message":"This needs a client with a capability that it has not declared: elicitation","data":{"requiredCapabilities":{"elicitation":{}}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			resp, body := post(t, rt.URL(), c.message, c.headers...)
			if resp.StatusCode != c.status || !strings.Contains(body, c.want) {
				t.Errorf("%d %s\nwant %d and %s", resp.StatusCode, body, c.status, c.want)
			}
		})
	}
}

// TestWaitingForAClientHoldsNoWorker has one worker, whose call waits for its
// client while another is carried out, and a time limit that does not run then.
func TestWaitingForAClientHoldsNoWorker(t *testing.T) {
	rt := start(t, `,"limits":{"workers":1,"call_timeout":"1s"}`, server.Options{Tools: []catalog.GoTool{asker(), echo()}})
	l := newLegacy(t, rt, `{"elicitation":{}}`)
	stream := l.stream("POST", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ask"}}`)
	_, question := stream.message()
	if _, body := l.post(`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo","arguments":{"text":"x"}}}`); !strings.Contains(body, `"text":"x"`) {
		t.Errorf("a call beside it: %s", body)
	}
	late := time.NewTimer(1200 * time.Millisecond)
	defer late.Stop()
	<-late.C // longer than the limit: what is tested is that time passes
	var asked struct{ ID string }
	json.Unmarshal([]byte(question), &asked)
	l.post(`{"jsonrpc":"2.0","id":"` + asked.ID + `","result":{"action":"accept","content":{"name":"Ada"}}}`)
	if _, answer := stream.message(); !strings.Contains(answer, "accept Ada") {
		t.Errorf("answer: %s", answer)
	}
}

func TestLogLevels(t *testing.T) {
	tool := talks("log", func(_ context.Context, client *dialogue.Client, _ map[string]any) (string, error) {
		for _, level := range []protocol.Level{protocol.Debug, protocol.Info, protocol.Severe} {
			if err := client.Log(level, "", level.String()); err != nil {
				return "", err
			}
		}
		return "done", client.Log(protocol.Info, "", "over")
	})
	rt := start(t, "", server.Options{Tools: []catalog.GoTool{tool}})
	const call = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"log"}}`
	count := func(body string) int { return strings.Count(body, "notifications/message") }
	for _, c := range []struct {
		level string
		want  int
	}{{"", 3}, {"debug", 4}, {"info", 3}, {"error", 1}, {"emergency", 0}} {
		l := newLegacy(t, rt, `{}`)
		if c.level != "" {
			if _, body := l.post(`{"jsonrpc":"2.0","id":1,"method":"logging/setLevel","params":{"level":"` + c.level + `"}}`); !strings.Contains(body, `"result":{}`) {
				t.Errorf("setLevel: %s", body)
			}
		}
		if _, body := l.post(call); count(body) != c.want {
			t.Errorf("older era, level %q: %s", c.level, body)
		}
	}
	for level, want := range map[string]int{"": 0, "info": 3, "error": 1} {
		message, headers := modern("tools/call", `"name":"log"`, "log")
		if level != "" {
			message = strings.Replace(message, `"_meta":{`, `"_meta":{"io.modelcontextprotocol/logLevel":"`+level+`",`, 1)
		}
		if _, body := post(t, rt.URL(), message, headers...); count(body) != want {
			t.Errorf("modern era, level %q: %s", level, body)
		}
	}
}

// TestALineIsSilentOnceTheCallIsAnswered holds on to a client.
func TestALineIsSilentOnceTheCallIsAnswered(t *testing.T) {
	kept := make(chan *dialogue.Client, 1)
	tool := talks("keep", func(_ context.Context, client *dialogue.Client, _ map[string]any) (string, error) {
		kept <- client
		return "done", nil
	})
	rt := start(t, "", server.Options{Tools: []catalog.GoTool{tool}})
	l := newLegacy(t, rt, `{"elicitation":{}}`)
	l.post(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"keep","_meta":{"progressToken":1}}}`)
	client := <-kept
	client.Progress(1, 0, "")
	client.HangUp()
	client.Log(protocol.Severe, "", "x")
}

// TestSeveralPartsOfACallAsk has two questions open at a time, and one that
// outlives its call, with one worker.
func TestSeveralPartsOfACallAsk(t *testing.T) {
	left := make(chan error, 1)
	tool := talks("both", func(ctx context.Context, client *dialogue.Client, args map[string]any) (string, error) {
		names := make(chan string)
		for range 2 {
			go func() {
				who, err := client.Elicit(ctx, "who", nameForm)
				if err != nil {
					names <- err.Error()
				} else {
					names <- who.Content["name"].(string)
				}
			}()
		}
		text := <-names + <-names
		if args["leave"] == true {
			go func() {
				_, err := client.Elicit(ctx, "late", nameForm)
				left <- err
			}()
		}
		return text, nil
	})
	rt := start(t, `,"limits":{"workers":1}`, server.Options{Tools: []catalog.GoTool{tool, echo()}})
	l := newLegacy(t, rt, `{"elicitation":{}}`)
	stream := l.stream("POST", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"both","arguments":{"leave":true}}}`)
	for range 2 {
		_, question := stream.message()
		var asked struct{ ID string }
		if err := json.Unmarshal([]byte(question), &asked); err != nil {
			t.Fatal(err)
		}
		l.post(`{"jsonrpc":"2.0","id":"` + asked.ID + `","result":` + answer("x") + `}`)
	}
	for {
		_, data := stream.message()
		if strings.Contains(data, `"id":1`) {
			if !strings.Contains(data, `"text":"xx"`) {
				t.Errorf("answer: %s", data)
			}
			break
		}
	}
	if err := <-left; err == nil {
		t.Error("a question that outlived its call was answered")
	}
	for range 3 {
		if _, body := l.post(`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo","arguments":{"text":"y"}}}`); !strings.Contains(body, `"text":"y"`) {
			t.Errorf("a call after it: %s", body)
		}
	}
}
