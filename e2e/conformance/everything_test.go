//go:build e2e

package conformance

//lint:file-ignore SA1019 sampling and roots are deprecated since 2026-07-28, and passed on for as long as servers use them

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	mark3labs "github.com/mark3labs/mcp-go/client"
	markmcp "github.com/mark3labs/mcp-go/mcp"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server"
)

// everything is the reference server, written in TypeScript: an upstream that we
// did not write.
const everything = "@modelcontextprotocol/server-everything@2026.8.31"

// TestTheEverythingServer offers the reference server through the runtime, over
// each transport, to clients that we did not write either.
func TestTheEverythingServer(t *testing.T) {
	home := installed(t, "everything-2026.8.31", everything, node)
	bin := filepath.Join(home, "node_modules", ".bin")
	script := filepath.Join(home, "node_modules", "@modelcontextprotocol", "server-everything", "dist", "index.js")
	web, address := startEverything(t, filepath.Join(bin, "node"), script)
	rt := gateway(t, map[string]any{
		"stdio": map[string]any{
			"stdio":  map[string]any{"command": []string{filepath.Join(bin, "node"), script, "stdio"}},
			"prefix": "s_",
			"tools":  map[string]any{"exclude": []string{"get-env"}, "rename": map[string]string{"get-sum": "add"}},
		},
		"web": map[string]any{
			"http": map[string]any{"url": "http://" + address + "/mcp"}, "prefix": "w_",
			"resources": map[string]any{"exclude": []string{"*"}},
		},
	})
	early := sdkClient(t, rt.URL(), "2025-11-25")
	until(t, "what both upstreams offer", func() bool { // one that starts slowly offers it later
		offered := toolNames(t, early)
		return offered["s_echo"] && offered["w_echo"]
	})
	for _, version := range []string{"2026-07-28", "2025-11-25"} {
		t.Run("the Go SDK, "+version, func(t *testing.T) { useEverything(t, rt.URL(), version) })
	}
	t.Run("mcp-go", func(t *testing.T) { useWithMark3labs(t, rt.URL()) })
	t.Run("killed and back", func(t *testing.T) {
		s := sdkClient(t, rt.URL(), "2025-11-25")
		_ = web.Process.Kill()
		_ = web.Wait()
		until(t, "a clear error", func() bool {
			return strings.Contains(calls(t, s, "w_echo", map[string]any{"message": "hi"}), "The server behind this, web, is not there")
		})
		startAt(t, filepath.Join(bin, "node"), script, address)
		until(t, "an answer", func() bool {
			return strings.Contains(calls(t, s, "w_echo", map[string]any{"message": "hi"}), "Echo: hi")
		})
	})
}

func gateway(t *testing.T, upstreams map[string]any) *server.Runtime {
	t.Helper()
	raw, err := json.Marshal(map[string]any{
		"name": "gateway", "listen": map[string]any{"port": 0}, "metrics": map[string]any{"enabled": false}, "upstream": upstreams,
	})
	if err != nil {
		t.Fatal(err)
	}
	doc, err := schemas.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	rt, err := server.New(doc, server.Options{FilesDir: t.TempDir(), Log: os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	if err := rt.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rt.Stop() })
	return rt
}

// startEverything runs the server over HTTP on a free port.
func startEverything(t *testing.T, node, script string) (*exec.Cmd, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	return startAt(t, node, script, address), address
}

func startAt(t *testing.T, node, script, address string) *exec.Cmd {
	t.Helper()
	_, port, _ := net.SplitHostPort(address)
	cmd := exec.Command(node, script, "streamableHttp")
	cmd.Env = []string{"PORT=" + port}
	errs, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	go func() { // ends with the program
		for scan := bufio.NewScanner(errs); scan.Scan(); {
			continue
		}
	}()
	until(t, "the server listens", func() bool {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err != nil {
			return false
		}
		conn.Close()
		return true
	})
	return cmd
}

// until waits for a condition.
func until(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("there was never %s", what)
		}
		<-tick.C
	}
}

// sdkClient is a client that answers what it is asked.
func sdkClient(t *testing.T, url, version string) *mcp.ClientSession {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	client := mcp.NewClient(&mcp.Implementation{Name: "c", Version: "1"}, &mcp.ClientOptions{
		ElicitationHandler: func(_ context.Context, r *mcp.ElicitRequest) (*mcp.ElicitResult, error) {
			return &mcp.ElicitResult{Action: "accept", Content: map[string]any{"name": "Ada"}}, nil
		},
		CreateMessageHandler: func(context.Context, *mcp.CreateMessageRequest) (*mcp.CreateMessageResult, error) {
			return &mcp.CreateMessageResult{Role: "assistant", Model: "m", Content: &mcp.TextContent{Text: "a model's answer"}}, nil
		},
		ProgressNotificationHandler: func(_ context.Context, r *mcp.ProgressNotificationClientRequest) {
			heard.Store(r.Params.ProgressToken, true)
		},
	})
	client.AddRoots(&mcp.Root{URI: "file:///work", Name: "work"})
	s, err := client.Connect(ctx, &mcp.StreamableClientTransport{Endpoint: url}, &mcp.ClientSessionOptions{ProtocolVersion: version})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// heard are the progress tokens that there was progress for.
var heard sync.Map

func calls(t *testing.T, s *mcp.ClientSession, tool string, args map[string]any) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	params := &mcp.CallToolParams{Name: tool, Arguments: args}
	params.SetProgressToken(t.Name() + tool)
	r, err := s.CallTool(ctx, params)
	if err != nil {
		return "failed: " + err.Error()
	}
	raw, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func toolNames(t *testing.T, s *mcp.ClientSession) map[string]bool {
	t.Helper()
	list, err := s.ListTools(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, tool := range list.Tools {
		names[tool.Name] = true
	}
	return names
}

func useEverything(t *testing.T, url, version string) {
	s := sdkClient(t, url, version)
	ctx := context.Background()
	names := toolNames(t, s)
	if len(names) < 20 || names["s_get-env"] || names["s_get-sum"] || !names["add"] || !names["w_get-sum"] {
		t.Errorf("tools: %v", names)
	}
	for _, c := range []struct {
		tool string
		args map[string]any
		want string
	}{
		{"s_echo", map[string]any{"message": "hé"}, "Echo: hé"},
		{"w_echo", map[string]any{"message": "hé"}, "Echo: hé"},
		{"add", map[string]any{"a": 2, "b": 3}, "5"},
		{"s_get-tiny-image", nil, `"mimeType":"image/png"`},
		{"w_get-resource-links", map[string]any{"count": 2}, `"type":"resource_link"`},
		{"s_get-structured-content", map[string]any{"location": "New York"}, `"structuredContent":{`},
		{"s_trigger-sampling-request", map[string]any{"prompt": "Say", "maxTokens": 5}, "a model's answer"},
		{"w_trigger-sampling-request", map[string]any{"prompt": "Say", "maxTokens": 5}, "a model's answer"},
		{"s_trigger-elicitation-request", nil, "Ada"},
		{"w_trigger-elicitation-request", nil, "Ada"},
		{"w_trigger-long-running-operation", map[string]any{"duration": 1, "steps": 2}, "Long running operation completed"},
	} {
		if got := calls(t, s, c.tool, c.args); !strings.Contains(got, c.want) || strings.Contains(got, `"isError":true`) {
			t.Errorf("%s: %.400s", c.tool, got)
		}
	}
	if _, ok := heard.Load(t.Name() + "w_trigger-long-running-operation"); !ok {
		t.Error("no progress was passed on")
	}
	resources, err := s.ListResources(ctx, nil)
	if err != nil || len(resources.Resources) == 0 {
		t.Fatalf("resources: %+v, %v", resources, err)
	}
	read, err := s.ReadResource(ctx, &mcp.ReadResourceParams{URI: resources.Resources[0].URI})
	if err != nil || len(read.Contents) == 0 || read.Contents[0].Text == "" {
		t.Errorf("read: %+v, %v", read, err)
	}
	templates, err := s.ListResourceTemplates(ctx, nil)
	if err != nil || len(templates.ResourceTemplates) == 0 {
		t.Fatalf("templates: %+v, %v", templates, err)
	}
	uri := strings.NewReplacer("{resourceId}", "1", "{id}", "1").Replace(templates.ResourceTemplates[0].URITemplate)
	if read, err = s.ReadResource(ctx, &mcp.ReadResourceParams{URI: uri}); err != nil || len(read.Contents) == 0 {
		t.Errorf("read of %s: %+v, %v", uri, read, err)
	}
	prompt, err := s.GetPrompt(ctx, &mcp.GetPromptParams{Name: "s_args-prompt", Arguments: map[string]string{"city": "Oslo"}})
	if err != nil || !strings.Contains(prompt.Messages[0].Content.(*mcp.TextContent).Text, "Oslo") {
		t.Errorf("prompt: %+v, %v", prompt, err)
	}
}

func useWithMark3labs(t *testing.T, url string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := mark3labs.NewStreamableHttpClient(url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Start(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Initialize(ctx, markmcp.InitializeRequest{Params: markmcp.InitializeParams{
		ProtocolVersion: "2025-11-25", ClientInfo: markmcp.Implementation{Name: "c", Version: "1"},
	}}); err != nil {
		t.Fatal(err)
	}
	r, err := c.CallTool(ctx, markmcp.CallToolRequest{Params: markmcp.CallToolParams{Name: "add", Arguments: map[string]any{"a": 2, "b": 3}}})
	if err != nil || !strings.Contains(fmt.Sprint(r.Content), "5") {
		t.Errorf("%+v, %v", r, err)
	}
	// This client cannot be asked, and the upstream hears so.
	r, err = c.CallTool(ctx, markmcp.CallToolRequest{Params: markmcp.CallToolParams{Name: "w_trigger-sampling-request", Arguments: map[string]any{"prompt": "Say"}}})
	if err != nil || !r.IsError || !strings.Contains(fmt.Sprint(r.Content), "a capability that it has not declared: sampling") {
		t.Errorf("%+v, %v", r, err)
	}
}
