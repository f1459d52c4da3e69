package catalog

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server/backend"
	"github.com/erlmcp/erlmcp/server/protocol"
)

// Tool is a tool that clients can call.
type Tool struct {
	Name       string
	Task       TaskMode
	definition json.RawMessage
	arguments  *arguments
	output     *output // nil without a schema
	does       backend.Tool
}

// TaskMode says whether calls of a tool go on as tasks.
type TaskMode string

// Whether calls go on as tasks: never, for clients that know tasks, or always, so
// that other clients cannot call the tool.
const (
	TaskNever    TaskMode = ""
	TaskOptional TaskMode = "optional"
	TaskRequired TaskMode = "required"
)

// Tool returns the tool of that name, or nil.
func (c *Catalog) Tool(name string) *Tool { return c.tools[name] }

// Check validates the arguments of a call and fills in defaults. The error says
// what does not fit, in words that a model can act on.
func (t *Tool) Check(args map[string]any) error { return t.arguments.check(args) }

// Call carries out the tool. args have passed Check. An error is a fault of the
// runtime; what the tool could not do is a result with IsError.
func (t *Tool) Call(ctx context.Context, args map[string]any) (*protocol.ToolResult, error) {
	r, err := t.does.Call(ctx, args)
	if err != nil || r == nil || t.output == nil {
		return r, err
	}
	return t.output.fit(r), nil
}

func (c *Catalog) addBlock(name string, spec *schemas.Tool, env backend.Env) error {
	if spec.Search != nil {
		for _, r := range spec.Search.Resources {
			if err := c.knows(r); err != nil {
				return err
			}
		}
	}
	env.Logger = env.Logger.With("tool", name)
	does, err := backend.New(spec, env)
	if err != nil {
		return err
	}
	inputs := backend.Arguments(spec)
	if c.checkOnly && spec.InputSchema == "" && spec.OutputSchema == "" && !haveDefaults(inputs) {
		_, err := inputSchema(inputs) // is a schema by the way it is made
		return err
	}
	args, err := newArguments(spec, inputs)
	if err != nil {
		return err
	}
	return c.addTool(name, spec, args, does)
}

func haveDefaults(inputs map[string]*schemas.Input) bool {
	for _, in := range inputs {
		if in.Default != "" {
			return true
		}
	}
	return false
}

func (c *Catalog) addGoTool(t *GoTool) error {
	if t.Name == "" || t.Does == nil {
		return fmt.Errorf("a tool written in Go needs a name and something that it does")
	}
	args, err := newArguments(&t.Spec, t.Spec.Inputs)
	if err != nil {
		return err
	}
	return c.addTool(t.Name, &t.Spec, args, t.Does)
}

func (c *Catalog) addTool(name string, spec *schemas.Tool, args *arguments, does backend.Tool) error {
	if c.tools[name] != nil {
		return fmt.Errorf("there are two tools of this name")
	}
	t := &Tool{Name: name, Task: TaskMode(spec.Task), arguments: args, does: does}
	var err error
	if spec.OutputSchema != "" {
		if t.output, err = newOutput(spec.OutputSchema); err != nil {
			return err
		}
	}
	t.definition, err = t.define(spec)
	c.tools[name] = t
	return err
}

// knows reports an error unless there is a resource block of that name.
func (c *Catalog) knows(resource string) error {
	var all []string
	for _, r := range c.resources {
		if r.name == resource {
			return nil
		}
		all = append(all, r.name)
	}
	if near := diag.Suggest(resource, all); near != "" {
		return within{"search.resources", fmt.Errorf("there is no resource %q; did you mean %q?", resource, near)}
	}
	return within{"search.resources", fmt.Errorf("there is no resource %q", resource)}
}

// hints are a tool's annotations (MCP, schema, "ToolAnnotations").
type hints struct {
	Title       string `json:"title,omitempty"`
	ReadOnly    *bool  `json:"readOnlyHint,omitempty"`
	Destructive *bool  `json:"destructiveHint,omitempty"`
	Idempotent  *bool  `json:"idempotentHint,omitempty"`
	OpenWorld   *bool  `json:"openWorldHint,omitempty"`
}

// define renders a tool as tools/list shows it.
func (t *Tool) define(spec *schemas.Tool) (json.RawMessage, error) {
	h := hints{spec.Title, spec.ReadOnly, spec.Destructive, spec.Idempotent, spec.OpenWorld}
	d := struct {
		Name         string          `json:"name"`
		Title        string          `json:"title,omitempty"`
		Description  string          `json:"description,omitempty"`
		InputSchema  json.RawMessage `json:"inputSchema"`
		OutputSchema json.RawMessage `json:"outputSchema,omitempty"`
		Annotations  *hints          `json:"annotations,omitempty"`
		Icons        []Icon          `json:"icons,omitempty"`
	}{Name: t.Name, Title: spec.Title, Description: spec.Description, InputSchema: t.arguments.source, Icons: Icons(spec.Icons)}
	if t.output != nil {
		d.OutputSchema = t.output.source
	}
	if h != (hints{}) {
		d.Annotations = &h
	}
	return json.Marshal(d)
}
