package main

import (
	"context"
	"net"
	"net/http"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// serveMCPGo is mcp-go with its streamable server and validation of input.
func serveMCPGo(l net.Listener) error {
	s := server.NewMCPServer("bench", "1", server.WithInputSchemaValidation())
	tool := mcp.NewTool("echo", mcp.WithDescription("Says the same again"), mcp.WithString("text", mcp.Required(), mcp.MaxLength(1000)))
	s.AddTool(tool, func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText(r.GetString("text", "")), nil
	})
	return http.Serve(l, server.NewStreamableHTTPServer(s))
}
