package server_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server"
	"github.com/erlmcp/erlmcp/server/catalog"
	"github.com/erlmcp/erlmcp/server/protocol"
)

// greet is a tool written in Go.
type greet struct{}

func (greet) Call(_ context.Context, args map[string]any) (*protocol.ToolResult, error) {
	return &protocol.ToolResult{Content: []protocol.Content{protocol.Text("Hello " + args["name"].(string))}}, nil
}

// A server inside another program, with a tool written in Go.
func Example() {
	doc, err := schemas.Parse([]byte(`{"name": "greeter", "listen": {"port": 0}, "metrics": {"enabled": false}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	rt, err := server.New(doc, server.Options{Tools: []catalog.GoTool{{
		Name: "greet",
		Spec: schemas.Tool{Inputs: map[string]*schemas.Input{"name": {Type: "string"}}},
		Does: greet{},
	}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := rt.Start(); err != nil {
		fmt.Println(err)
		return
	}
	defer rt.Stop()
	resp, err := http.Post(rt.URL(), "application/json", strings.NewReader(
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"greet","arguments":{"name":"Ada"}}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	fmt.Println(string(answer), err)
	// Output: {"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"Hello Ada"}]}} <nil>
}
