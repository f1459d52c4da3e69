package upstream_test

//lint:file-ignore SA1019 sampling and roots are deprecated since 2026-07-28, and served for as long as clients use them

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/erlmcp/erlmcp/internal/reserve"
	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server"
)

// patience is longer than any working test takes.
const patience = 20 * time.Second

func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// eventually waits for a condition.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("it never came to be that %s", what)
		}
		<-tick.C
	}
}

// program is an upstream block that runs this test's program.
func program(t testing.TB, era, more string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`{"stdio":{"command":[%q],"env":{"UPSTREAM":"stdio","ERA":%q}}%s}`, self, era, more)
}

// web is an upstream that runs elsewhere.
type web struct {
	t       testing.TB
	era     string
	address string
	cmd     *exec.Cmd
}

func serveWeb(t testing.TB, era string) *web {
	t.Helper()
	port, release, err := reserve.Port()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	w := &web{t: t, era: era, address: fmt.Sprintf("127.0.0.1:%d", port)}
	w.start()
	t.Cleanup(w.kill)
	return w
}

func (w *web) start() {
	w.t.Helper()
	self, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	w.cmd = exec.Command(self)
	w.cmd.Env = []string{"UPSTREAM=http", "ERA=" + w.era, "ADDRESS=" + w.address}
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil { // says that it listens
		w.t.Fatal(err)
	}
}

// kill is kill -9.
func (w *web) kill() {
	_ = w.cmd.Process.Kill()
	_ = w.cmd.Wait()
}

func (w *web) block(more string) string {
	return fmt.Sprintf(`{"http":{"url":"http://%s/mcp","token":"s3cret-token","headers":{"X-Custom":"yes"}}%s}`, w.address, more)
}

type log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func document(t testing.TB, fields string) *schemas.Server {
	t.Helper()
	doc, err := schemas.Parse([]byte(`{"name":"test","listen":{"port":0},"metrics":{"port":0}` + fields + `}`))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// start runs a server with those fields until the test ends.
func start(t testing.TB, fields string) (*server.Runtime, *log) {
	t.Helper()
	logged := &log{}
	rt, err := server.New(document(t, fields), server.Options{FilesDir: t.TempDir(), Log: logged})
	if err != nil {
		t.Fatal(err)
	}
	if err := rt.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		rt.Stop()
		if t.Failed() {
			t.Log(logged)
		}
	})
	return rt, logged
}

// upstreams is the field of a document with those blocks.
func upstreams(blocks ...string) string {
	var parts []string
	for i := 0; i < len(blocks); i += 2 {
		parts = append(parts, fmt.Sprintf("%q:%s", blocks[i], blocks[i+1]))
	}
	return `,"upstream":{` + strings.Join(parts, ",") + `}`
}

// client is a client that can all.
type client struct {
	*mcp.ClientSession
	progress chan string
	logs     chan string
	changed  chan string
	asked    chan string
}

func connect(t testing.TB, rt *server.Runtime, version, name string) *client {
	t.Helper()
	c := &client{progress: make(chan string, 100), logs: make(chan string, 100), changed: make(chan string, 100), asked: make(chan string, 100)}
	sdk := mcp.NewClient(&mcp.Implementation{Name: name, Version: "1"}, &mcp.ClientOptions{
		ElicitationHandler: func(_ context.Context, r *mcp.ElicitRequest) (*mcp.ElicitResult, error) {
			c.asked <- r.Params.Message
			return &mcp.ElicitResult{Action: "accept", Content: map[string]any{"name": name}}, nil
		},
		CreateMessageHandler: func(context.Context, *mcp.CreateMessageRequest) (*mcp.CreateMessageResult, error) {
			return &mcp.CreateMessageResult{Role: "assistant", Model: "m", Content: &mcp.TextContent{Text: "hello"}}, nil
		},
		ProgressNotificationHandler: func(_ context.Context, r *mcp.ProgressNotificationClientRequest) { c.progress <- r.Params.Message },
		LoggingMessageHandler:       func(_ context.Context, r *mcp.LoggingMessageRequest) { c.logs <- fmt.Sprint(r.Params.Data) },
		ToolListChangedHandler:      func(context.Context, *mcp.ToolListChangedRequest) { c.changed <- "tools" },
		ResourceUpdatedHandler:      func(_ context.Context, r *mcp.ResourceUpdatedNotificationRequest) { c.changed <- r.Params.URI },
	})
	sdk.AddRoots(&mcp.Root{URI: "file:///work"})
	s, err := sdk.Connect(within(t), &mcp.StreamableClientTransport{Endpoint: rt.URL()}, &mcp.ClientSessionOptions{ProtocolVersion: version})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	c.ClientSession = s
	return c
}

// call returns the text of an answer, with "error: " before that of an error.
func (c *client) call(ctx context.Context, tool string, args map[string]any) string {
	r, err := c.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: args})
	if err != nil {
		return "failed: " + err.Error()
	}
	text := ""
	if len(r.Content) > 0 {
		text = r.Content[0].(*mcp.TextContent).Text
	}
	if r.IsError {
		return "error: " + text
	}
	return text
}

func (c *client) tools(t testing.TB) string {
	t.Helper()
	var names []string
	list, err := c.ListTools(within(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tool := range list.Tools {
		names = append(names, tool.Name)
	}
	return strings.Join(names, " ")
}

// health is the status and the body of a health check.
func health(t testing.TB, rt *server.Runtime, check string) (int, string) {
	t.Helper()
	resp, err := http.Get(strings.TrimSuffix(rt.URL(), "/mcp") + "/health" + check)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func receive(t testing.TB, from <-chan string, what string) string {
	t.Helper()
	select {
	case s := <-from:
		return s
	case <-within(t).Done():
		t.Fatalf("there was no %s", what)
		return ""
	}
}

// structured is the structured answer of a tool.
func (c *client) structured(t testing.TB, tool string, args map[string]any, meta mcp.Meta) map[string]any {
	t.Helper()
	r, err := c.CallTool(within(t), &mcp.CallToolParams{Meta: meta, Name: tool, Arguments: args})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(r.StructuredContent)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}
