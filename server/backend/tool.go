package backend

import (
	"context"
	"fmt"

	"github.com/hashicorp/go-hclog"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server/protocol"
)

// Tool is what a tools/call does. Call is safe for concurrent use; args have
// been validated and hold the defaults. An error is a fault of the runtime; what
// the tool itself could not do is a result with IsError.
type Tool interface {
	Call(ctx context.Context, args map[string]any) (*protocol.ToolResult, error)
}

// Env is what the runtime gives to its tools.
type Env struct {
	FilesDir string // absolute folder of the files shipped with the document
	Logger   hclog.Logger
	// Search finds the lines of the named resource blocks (all, when names is
	// empty) that hold every word of query, at most limit of them.
	Search func(ctx context.Context, query string, names []string, limit int) ([]Match, error)
}

// Match is one line that a search found. Line counts from 1.
type Match struct {
	URI  string
	Line int
	Text string
}

// New builds the tool of a block that [schemas.Parse] has checked. The error
// names the attribute that is wrong.
func New(t *schemas.Tool, env Env) (Tool, error) {
	return nil, fmt.Errorf("a tool needs one of static, exec, http, search")
}

// Arguments returns the inputs of a tool: those that its block declares, or
// those that its backend brings along. It is nil for a tool with input_schema.
func Arguments(t *schemas.Tool) map[string]*schemas.Input {
	return t.Inputs
}
