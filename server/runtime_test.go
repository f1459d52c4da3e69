package server_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server"
	"github.com/erlmcp/erlmcp/server/catalog"
	"github.com/erlmcp/erlmcp/server/protocol"
)

// toolFunc is a tool that is a function.
type toolFunc func(ctx context.Context, args map[string]any) (*protocol.ToolResult, error)

func (f toolFunc) Call(ctx context.Context, args map[string]any) (*protocol.ToolResult, error) {
	return f(ctx, args)
}

type toolResult = protocol.ToolResult

func texts(text string) []protocol.Content { return []protocol.Content{protocol.Text(text)} }

func echo() catalog.GoTool {
	return catalog.GoTool{
		Name: "echo",
		Spec: schemas.Tool{Description: "Says it again", Inputs: map[string]*schemas.Input{"text": {Type: "string"}}},
		Does: toolFunc(func(_ context.Context, args map[string]any) (*protocol.ToolResult, error) {
			return &protocol.ToolResult{Content: []protocol.Content{protocol.Text(args["text"].(string))}}, nil
		}),
	}
}

// document parses a runtime document that listens on free ports of loopback.
func document(t testing.TB, fields string) *schemas.Server {
	t.Helper()
	text := `{"name":"test","listen":{"port":0},"metrics":{"port":0}` + fields + `}`
	doc, err := schemas.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// start runs a server until the test ends.
func start(t testing.TB, fields string, opts server.Options) *server.Runtime {
	t.Helper()
	if opts.Tools == nil {
		opts.Tools = []catalog.GoTool{echo()}
	}
	if opts.FilesDir == "" {
		opts.FilesDir = t.TempDir()
	}
	rt, err := server.New(document(t, fields), opts)
	if err != nil {
		t.Fatal(err)
	}
	if err := rt.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rt.Stop() })
	return rt
}

// post sends a message and returns the response with its body read.
func post(t testing.TB, url, message string, headers ...string) (*http.Response, string) {
	t.Helper()
	return send(t, "POST", url, message, headers...)
}

// send is post with any method of HTTP.
func send(t testing.TB, method, url, message string, headers ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(message))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	r.Host = r.Header.Get("Host")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}
