package main

import (
	"context"
	"net"
	"net/http"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

type echoInput struct {
	Text string `json:"text" jsonschema:"what to say again"`
}

// serveGoSDK is the official SDK with its streamable handler, answering in JSON.
// It serves 2026-07-28 only where it keeps no sessions.
func serveGoSDK(stateless bool) func(net.Listener) error {
	handler := newGoSDK(&mcp.StreamableHTTPOptions{JSONResponse: true, Stateless: stateless})
	return func(l net.Listener) error { return http.Serve(l, handler) }
}

func newGoSDK(o *mcp.StreamableHTTPOptions) http.Handler {
	s := mcp.NewServer(&mcp.Implementation{Name: "bench", Version: "1"}, nil)
	mcp.AddTool(s, &mcp.Tool{Name: "echo", Description: "Says the same again"},
		func(_ context.Context, _ *mcp.CallToolRequest, in echoInput) (*mcp.CallToolResult, any, error) {
			return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: in.Text}}}, nil, nil
		})
	return mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return s }, o)
}
