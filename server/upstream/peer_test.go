package upstream_test

//lint:file-ignore SA1019 sampling and roots are deprecated since 2026-07-28, and served for as long as clients use them

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// TestMain makes of the test's own program an upstream, when it is started as one.
func TestMain(m *testing.M) {
	switch os.Getenv("UPSTREAM") {
	case "stdio":
		p := newPeer(os.Getenv("ERA") == "legacy")
		if err := p.server.Run(context.Background(), &mcp.StdioTransport{}); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		return
	case "http":
		p := newPeer(os.Getenv("ERA") == "legacy")
		l, err := net.Listen("tcp", os.Getenv("ADDRESS"))
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(l.Addr())
		handler := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return p.server }, nil)
		_ = http.Serve(l, headersSeen{p, handler})
		return
	}
	os.Exit(m.Run())
}

// headersSeen keeps the headers of the latest request.
type headersSeen struct {
	p    *peer
	next http.Handler
}

func (h headersSeen) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		h.p.header.Store(r.Header.Clone())
	}
	h.next.ServeHTTP(w, r)
}

// peer is a server written with the official Go SDK.
type peer struct {
	server *mcp.Server
	legacy bool
	runs   atomic.Int64 // calls that have begun
	ended  atomic.Int64 // calls of slow that were cancelled
	header atomic.Value // http.Header

	released chan struct{} // what hasty waits for
}

var anything = json.RawMessage(`{"type":"object"}`)

func newPeer(legacy bool) *peer {
	p := &peer{legacy: legacy, released: make(chan struct{})}
	p.server = mcp.NewServer(&mcp.Implementation{Name: "peer", Version: "1"}, &mcp.ServerOptions{
		Logger: slog.New(slog.DiscardHandler),
		CompletionHandler: func(_ context.Context, r *mcp.CompleteRequest) (*mcp.CompleteResult, error) {
			return &mcp.CompleteResult{Completion: mcp.CompletionResultDetails{Values: []string{r.Params.Argument.Value + "-" + r.Params.Ref.Name + r.Params.Ref.URI}}}, nil
		},
		SubscribeHandler:   func(context.Context, *mcp.SubscribeRequest) error { return nil },
		UnsubscribeHandler: func(context.Context, *mcp.UnsubscribeRequest) error { return nil },
	})
	if legacy {
		p.server.AddReceivingMiddleware(func(next mcp.MethodHandler) mcp.MethodHandler {
			return func(ctx context.Context, method string, r mcp.Request) (mcp.Result, error) {
				if method == "server/discover" {
					return nil, &jsonrpc.Error{Code: jsonrpc.CodeMethodNotFound, Message: "what?"}
				}
				return next(ctx, method, r)
			}
		})
	}
	p.tool("echo", p.echo)
	p.tool("ask", p.ask)
	p.tool("slow", p.slow)
	p.tool("big", p.big)
	p.tool("hasty", p.hasty)
	p.tool("release", func(context.Context, *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		p.released <- struct{}{}
		return says("released"), nil
	})
	p.tool("die", func(context.Context, *mcp.CallToolRequest) (*mcp.CallToolResult, error) { os.Exit(3); return nil, nil })
	p.tool("pid", func(context.Context, *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return says(fmt.Sprint(os.Getpid())), nil
	})
	p.tool("ended", func(context.Context, *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return says(fmt.Sprint(p.ended.Load())), nil
	})
	p.tool("refuse", func(context.Context, *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return nil, &jsonrpc.Error{Code: -32042, Message: "first go there", Data: json.RawMessage(`{"elicitations":[]}`)}
	})
	p.tool("grow", func(context.Context, *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		p.tool("grown", p.echo)
		return says("grown"), nil
	})
	p.tool("touch", func(ctx context.Context, _ *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return says("touched"), p.server.ResourceUpdated(ctx, &mcp.ResourceUpdatedNotificationParams{URI: "note://a"})
	})
	p.server.AddResource(&mcp.Resource{URI: "note://a", Name: "a", MIMEType: "text/plain"}, p.note)
	p.server.AddResource(&mcp.Resource{URI: "secret://a", Name: "secret"}, p.note)
	p.server.AddResourceTemplate(&mcp.ResourceTemplate{URITemplate: "item://{id}", Name: "item"}, p.note)
	p.server.AddPrompt(&mcp.Prompt{Name: "greet", Arguments: []*mcp.PromptArgument{{Name: "who", Required: true}}},
		func(_ context.Context, r *mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			return &mcp.GetPromptResult{Messages: []*mcp.PromptMessage{{Role: "user", Content: &mcp.TextContent{Text: "Hello " + r.Params.Arguments["who"]}}}}, nil
		})
	return p
}

func (p *peer) tool(name string, does mcp.ToolHandler) {
	p.server.AddTool(&mcp.Tool{Name: name, Description: "does " + name, InputSchema: anything}, does)
}

func says(text string) *mcp.CallToolResult {
	return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: text}}}
}

// echo answers with what it was given: arguments, trace and environment.
func (p *peer) echo(_ context.Context, r *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	header, _ := p.header.Load().(http.Header)
	out := map[string]any{
		"arguments": r.Params.Arguments, "trace": r.Params.Meta["traceparent"],
		"headerTrace": header.Get("Traceparent"), "token": header.Get("Authorization"), "custom": header.Get("X-Custom"),
		"environment": os.Environ(),
	}
	return &mcp.CallToolResult{
		Content:           []mcp.Content{&mcp.TextContent{Text: "echo", Meta: mcp.Meta{"k": "v"}}, &mcp.ResourceLink{URI: "note://a", Name: "a"}},
		StructuredContent: out,
	}, nil
}

// ask asks all that can be asked, and says how often it was begun.
func (p *peer) ask(ctx context.Context, r *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	form := &mcp.ElicitParams{Mode: "form", Message: "Who?", RequestedSchema: json.RawMessage(`{"type":"object","properties":{"name":{"type":"string"}}}`)}
	sample := &mcp.CreateMessageParams{MaxTokens: 5, Messages: []*mcp.SamplingMessage{{Role: "user", Content: &mcp.TextContent{Text: "Hi"}}}}
	if !p.legacy {
		if r.Params.InputResponses == nil {
			p.runs.Add(1)
			return &mcp.CallToolResult{RequestState: "s", InputRequests: mcp.InputRequestMap{"who": form, "said": sample, "roots": &mcp.ListRootsParams{}}}, nil
		}
		who := r.Params.InputResponses["who"].(*mcp.ElicitResult)
		said := r.Params.InputResponses["said"].(*mcp.CreateMessageWithToolsResult)
		roots := r.Params.InputResponses["roots"].(*mcp.ListRootsResult)
		return p.answered(who.Content["name"], said.Content[0], roots), nil
	}
	p.runs.Add(1)
	who, err := r.Session.Elicit(ctx, form)
	if err != nil {
		return says("refused: " + err.Error()), nil
	}
	said, err := r.Session.CreateMessage(ctx, sample)
	if err != nil {
		return says("refused: " + err.Error()), nil
	}
	roots, err := r.Session.ListRoots(ctx, nil)
	if err != nil {
		return says("refused: " + err.Error()), nil
	}
	return p.answered(who.Content["name"], said.Content, roots), nil
}

func (p *peer) answered(name any, said mcp.Content, roots *mcp.ListRootsResult) *mcp.CallToolResult {
	return says(fmt.Sprintf("%v, %s, %s, run %d", name, said.(*mcp.TextContent).Text, roots.Roots[0].URI, p.runs.Load()))
}

// slow says that it has begun, and goes on until it is cancelled.
func (p *peer) slow(ctx context.Context, r *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	_ = r.Session.NotifyProgress(ctx, &mcp.ProgressNotificationParams{ProgressToken: r.Params.GetProgressToken(), Progress: 1, Total: 2, Message: "begun"})
	_ = r.Session.Log(ctx, &mcp.LoggingMessageParams{Level: "warning", Logger: "peer", Data: "hm"})
	select {
	case <-ctx.Done():
		p.ended.Add(1)
	case <-time.After(20 * time.Second):
	}
	return nil, ctx.Err()
}

// hasty asks for roots, and answers without waiting for them.
func (p *peer) hasty(ctx context.Context, r *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	go r.Session.ListRoots(context.WithoutCancel(ctx), nil)
	<-p.released
	return says("done"), nil
}

func (p *peer) big(_ context.Context, r *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	var args struct{ Size int }
	_ = json.Unmarshal(r.Params.Arguments, &args)
	return says(strings.Repeat("x", args.Size)), nil
}

func (p *peer) note(_ context.Context, r *mcp.ReadResourceRequest) (*mcp.ReadResourceResult, error) {
	return &mcp.ReadResourceResult{Contents: []*mcp.ResourceContents{{URI: r.Params.URI, MIMEType: "text/plain", Text: "note " + r.Params.URI}}}, nil
}
