package backend

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/hashicorp/go-hclog"
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/schemas/expr"
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
	Children *Children // of this process, as [AdoptOrphans] gives them; may be nil
	// Search finds the lines of the named resource blocks (all, when names is
	// empty) that hold every word of query, at most limit of them.
	Search func(ctx context.Context, query string, names []string, limit int) ([]Match, error)
}

// Match is one line that a search found. Line counts from 1.
type Match struct {
	URI  string `json:"uri"`
	Line int    `json:"line"`
	Text string `json:"text"`
}

// New builds the tool of a block that [schemas.Parse] has checked. The error
// names the attribute that is wrong.
func New(t *schemas.Tool, env Env) (Tool, error) {
	c := compiler{}
	if t.InputSchema == "" { // a schema may allow any name
		c.names = slices.Sorted(maps.Keys(Arguments(t)))
		c.check = true
	}
	switch {
	case t.Static != nil:
		return newStatic(t.Static, c)
	case t.Exec != nil:
		return newExec(t.Exec, c, env)
	case t.HTTP != nil:
		return newHTTP(t.HTTP, c, env)
	case t.Search != nil:
		return newSearch(t.Search, env), nil
	}
	return nil, errors.New("a tool needs one of static, exec, http, search")
}

// Arguments returns the inputs of a tool: those that its block declares, or
// those that its backend brings along.
func Arguments(t *schemas.Tool) map[string]*schemas.Input {
	if t.Search == nil {
		return t.Inputs
	}
	optional, one, limit := false, 1.0, float64(t.Search.Limit)
	shortest := 1
	return map[string]*schemas.Input{
		"query": {Type: "string", Description: "Words to look for. A line is found when it holds all of them, in upper or lower case.", MinLength: &shortest},
		"limit": {Type: "integer", Description: "Most lines to return.", Required: &optional, Default: strconv.Itoa(t.Search.Limit), Minimum: &one, Maximum: &limit},
	}
}

// compiler compiles the templates of a tool.
type compiler struct {
	names []string // declared inputs
	check bool     // whether templates mention no others
}

func (c compiler) template(attribute string, src schemas.Template, where string) (*expr.Template, error) {
	t, err := expr.Compile(src, where)
	if err == nil && c.check {
		err = expr.Check(t, c.names)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", attribute, err)
	}
	return t, nil
}

func (c compiler) templates(attribute string, src map[string]schemas.Template, where string) ([]named, error) {
	var out []named
	for _, name := range slices.Sorted(maps.Keys(src)) {
		t, err := c.template(attribute+"."+name, src[name], where)
		if err != nil {
			return nil, err
		}
		out = append(out, named{name, t})
	}
	return out, nil
}

// named is a template that has a name: of a header or an environment variable.
type named struct {
	name     string
	template *expr.Template
}

// eval evaluates a template of that attribute.
func eval(attribute string, t *expr.Template, input cty.Value) (string, error) {
	s, err := t.Eval(input)
	if err != nil {
		return "", fmt.Errorf("%s: %w", attribute, err)
	}
	return s, nil
}

// evalArguments evaluates a template of that attribute, for arguments of which no
// object was made.
func evalArguments(attribute string, t *expr.Template, args map[string]any) (string, error) {
	s, err := t.EvalArguments(args)
	if err != nil {
		return "", fmt.Errorf("%s: %w", attribute, err)
	}
	return s, nil
}

// unfit is the result for arguments that do not fit where they should go.
func unfit(err error) *protocol.ToolResult {
	return protocol.ErrorResult("The arguments do not fit. " + err.Error())
}

func textResult(s string) *protocol.ToolResult {
	return &protocol.ToolResult{Content: []protocol.Content{protocol.Text(s)}}
}
