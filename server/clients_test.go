package server_test

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	mark3labs "github.com/mark3labs/mcp-go/client"
	markmcp "github.com/mark3labs/mcp-go/mcp"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/erlmcp/erlmcp/server"
)

const offers = `,"title":"Test","version":"1.2.3","instructions":"Be kind",
	"resource":{"note":{"text":"a note","title":"Note"}},
	"prompt":{"greet":{"description":"Greets","argument":{"who":{}},"message":[{"text":"Hello ${input.who}"}]}}`

// context10s is a context that no working test outlives.
func context10s(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestTheGoSDKClient(t *testing.T) {
	for _, version := range []string{"2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"} {
		t.Run(version, func(t *testing.T) {
			rt := start(t, offers, server.Options{})
			ctx := context10s(t)
			changed := make(chan struct{}, 10)
			client := mcp.NewClient(&mcp.Implementation{Name: "c", Version: "1"}, &mcp.ClientOptions{
				ToolListChangedHandler: func(context.Context, *mcp.ToolListChangedRequest) { changed <- struct{}{} },
			})
			s, err := client.Connect(ctx, &mcp.StreamableClientTransport{Endpoint: rt.URL()}, &mcp.ClientSessionOptions{ProtocolVersion: version})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			init := s.InitializeResult()
			if init.ProtocolVersion != version || init.ServerInfo.Name != "test" || init.ServerInfo.Version != "1.2.3" || init.Instructions != "Be kind" {
				t.Errorf("initialize: %+v, server %+v", init, init.ServerInfo)
			}
			useWithGoSDK(t, ctx, s)
			next := document(t, strings.Replace(offers, "Test", "Test", 1)+`,"tool":{"more":{"static":{"text":"more"}}}`)
			if err := rt.Reload(next, "d2"); err != nil {
				t.Fatal(err)
			}
			select {
			case <-changed:
			case <-ctx.Done():
				t.Error("the client did not hear that the tools changed")
			}
			tools, err := s.ListTools(ctx, nil)
			if err != nil || len(tools.Tools) != 2 {
				t.Errorf("tools after reload: %+v, %v", tools, err)
			}
		})
	}
}

func useWithGoSDK(t *testing.T, ctx context.Context, s *mcp.ClientSession) {
	t.Helper()
	tools, err := s.ListTools(ctx, nil)
	if err != nil || len(tools.Tools) != 1 || tools.Tools[0].Name != "echo" {
		t.Errorf("tools: %+v, %v", tools, err)
	}
	result, err := s.CallTool(ctx, &mcp.CallToolParams{Name: "echo", Arguments: map[string]any{"text": "hé"}})
	if err != nil || len(result.Content) != 1 || result.Content[0].(*mcp.TextContent).Text != "hé" {
		t.Errorf("call: %+v, %v", result, err)
	}
	if _, err := s.CallTool(ctx, &mcp.CallToolParams{Name: "nothing"}); err == nil || !strings.Contains(err.Error(), "Unknown tool") {
		t.Errorf("call of a tool that is not there: %v", err)
	}
	resources, err := s.ListResources(ctx, nil)
	if err != nil || len(resources.Resources) != 1 || resources.Resources[0].URI != "erlmcp://note" {
		t.Errorf("resources: %+v, %v", resources, err)
	}
	read, err := s.ReadResource(ctx, &mcp.ReadResourceParams{URI: "erlmcp://note"})
	if err != nil || read.Contents[0].Text != "a note" {
		t.Errorf("read: %+v, %v", read, err)
	}
	if _, err := s.ReadResource(ctx, &mcp.ReadResourceParams{URI: "erlmcp://other"}); err == nil {
		t.Error("a resource that is not there was read")
	}
	if templates, err := s.ListResourceTemplates(ctx, nil); err != nil || len(templates.ResourceTemplates) != 0 {
		t.Errorf("templates: %+v, %v", templates, err)
	}
	prompts, err := s.ListPrompts(ctx, nil)
	if err != nil || len(prompts.Prompts) != 1 || prompts.Prompts[0].Arguments[0].Name != "who" {
		t.Errorf("prompts: %+v, %v", prompts, err)
	}
	prompt, err := s.GetPrompt(ctx, &mcp.GetPromptParams{Name: "greet", Arguments: map[string]string{"who": "Ada"}})
	if err != nil || prompt.Messages[0].Content.(*mcp.TextContent).Text != "Hello Ada" {
		t.Errorf("prompt: %+v, %v", prompt, err)
	}
}

func TestTheMark3labsClient(t *testing.T) {
	for _, version := range []string{"2026-07-28", "2025-11-25", "2025-03-26"} {
		t.Run(version, func(t *testing.T) {
			rt := start(t, offers, server.Options{})
			ctx := context10s(t)
			c, err := mark3labs.NewStreamableHttpClient(rt.URL())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if err := c.Start(ctx); err != nil {
				t.Fatal(err)
			}
			init, err := c.Initialize(ctx, markmcp.InitializeRequest{Params: markmcp.InitializeParams{
				ProtocolVersion: version, ClientInfo: markmcp.Implementation{Name: "c", Version: "1"},
			}})
			if err != nil || init.ProtocolVersion != version || init.ServerInfo.Name != "test" {
				t.Fatalf("initialize: %+v, %v", init, err)
			}
			tools, err := c.ListTools(ctx, markmcp.ListToolsRequest{})
			if err != nil || len(tools.Tools) != 1 {
				t.Errorf("tools: %+v, %v", tools, err)
			}
			call := markmcp.CallToolRequest{}
			call.Params.Name, call.Params.Arguments = "echo", map[string]any{"text": "hé"}
			result, err := c.CallTool(ctx, call)
			if err != nil || result.Content[0].(markmcp.TextContent).Text != "hé" {
				t.Errorf("call: %+v, %v", result, err)
			}
			read := markmcp.ReadResourceRequest{}
			read.Params.URI = "erlmcp://note"
			if contents, err := c.ReadResource(ctx, read); err != nil || contents.Contents[0].(markmcp.TextResourceContents).Text != "a note" {
				t.Errorf("read: %+v, %v", contents, err)
			}
			get := markmcp.GetPromptRequest{}
			get.Params.Name, get.Params.Arguments = "greet", map[string]string{"who": "Ada"}
			if prompt, err := c.GetPrompt(ctx, get); err != nil || prompt.Messages[0].Content.(markmcp.TextContent).Text != "Hello Ada" {
				t.Errorf("prompt: %+v, %v", prompt, err)
			}
		})
	}
}

// overStreams is the SDK's transport over a pair of streams, as over stdio.
func TestTheGoSDKClientOverStreams(t *testing.T) {
	for _, version := range []string{"2026-07-28", "2025-11-25"} {
		t.Run(version, func(t *testing.T) {
			rt, err := server.New(document(t, offers), server.Options{Tools: nil})
			if err != nil {
				t.Fatal(err)
			}
			defer rt.Stop()
			fromClient, toServer := io.Pipe()
			fromServer, toClient := io.Pipe()
			served := make(chan struct{})
			go func() { rt.ServeStdio(fromClient, toClient); close(served) }()
			ctx := context10s(t)
			client := mcp.NewClient(&mcp.Implementation{Name: "c", Version: "1"}, nil)
			s, err := client.Connect(ctx, &mcp.IOTransport{Reader: fromServer, Writer: toServer}, &mcp.ClientSessionOptions{ProtocolVersion: version})
			if err != nil {
				t.Fatal(err)
			}
			if read, err := s.ReadResource(ctx, &mcp.ReadResourceParams{URI: "erlmcp://note"}); err != nil || read.Contents[0].Text != "a note" {
				t.Errorf("read: %+v, %v", read, err)
			}
			toServer.Close()
			select {
			case <-served:
			case <-ctx.Done():
				t.Error("the server goes on after its input has ended")
			}
			toClient.Close()
			s.Close()
		})
	}
}
