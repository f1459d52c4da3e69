package catalog

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server/backend"
	"github.com/erlmcp/erlmcp/server/protocol"
)

// GoPrompt is a prompt that is written in Go. Its Spec says what clients see of
// it, as a prompt block without messages would.
type GoPrompt struct {
	Name string
	Spec schemas.Prompt
	Does PromptFunc
}

// PromptFunc makes the messages of a prompt from its arguments, of which those
// that must be given are. An error that is no [protocol.Error] is a fault of the
// runtime. What it may ask of its client is package dialogue's.
type PromptFunc func(ctx context.Context, args map[string]string) (*protocol.PromptResult, error)

// Prompt is a prompt that users can pick.
type Prompt struct {
	spec       *schemas.Prompt
	definition json.RawMessage
	does       PromptFunc

	from  *Offer // nil for a prompt of this server
	there string // its name at another server
}

// Prompt returns the prompt of that name, or nil.
func (c *Catalog) Prompt(name string) *Prompt { return c.prompts[name] }

// Get makes the messages of the prompt. args have passed Check.
func (p *Prompt) Get(ctx context.Context, args map[string]string) (*protocol.PromptResult, error) {
	return p.does(ctx, args)
}

func (c *Catalog) addPrompt(name string, spec *schemas.Prompt) error {
	var pieces []*backend.Piece
	for i := range spec.Messages {
		m := &spec.Messages[i]
		p, err := backend.NewPiece(&schemas.Content{Text: m.Text, Image: m.Image, Audio: m.Audio, Resource: m.Resource, Link: m.Link}, names(spec.Arguments))
		if err != nil {
			return within{"message", fmt.Errorf("message %d: %w", i+1, err)}
		}
		pieces = append(pieces, p)
	}
	return c.define(name, spec, func(_ context.Context, args map[string]string) (*protocol.PromptResult, error) {
		return written(name, spec, pieces, args)
	})
}

// written makes the messages of a prompt block.
func written(name string, spec *schemas.Prompt, pieces []*backend.Piece, args map[string]string) (*protocol.PromptResult, error) {
	values := make(map[string]cty.Value, len(args))
	for arg, text := range args {
		values[arg] = cty.StringVal(text)
	}
	input := cty.ObjectVal(values)
	out := &protocol.PromptResult{Description: spec.Description, Messages: make([]protocol.PromptMessage, len(pieces))}
	for i, p := range pieces {
		content, err := p.Eval(input)
		if err != nil {
			return nil, protocol.NewError(protocol.InvalidParams, "message %d of prompt %s: %v", i+1, name, err)
		}
		out.Messages[i] = protocol.PromptMessage{Role: spec.Messages[i].Role, Content: content}
	}
	return out, nil
}

func (c *Catalog) addGoPrompt(p *GoPrompt) error {
	if p.Name == "" || p.Does == nil {
		return fmt.Errorf("a prompt written in Go needs a name and something that it does")
	}
	return c.define(p.Name, &p.Spec, p.Does)
}

// define renders a prompt as prompts/list shows it.
func (c *Catalog) define(name string, spec *schemas.Prompt, does PromptFunc) error {
	if c.prompts[name] != nil {
		return fmt.Errorf("there are two prompts of this name")
	}
	type argument struct {
		Name        string `json:"name"`
		Title       string `json:"title,omitempty"`
		Description string `json:"description,omitempty"`
		Required    bool   `json:"required,omitempty"`
	}
	d := struct {
		Name        string     `json:"name"`
		Title       string     `json:"title,omitempty"`
		Description string     `json:"description,omitempty"`
		Arguments   []argument `json:"arguments,omitempty"`
		Icons       []Icon     `json:"icons,omitempty"`
	}{Name: name, Title: spec.Title, Description: spec.Description, Icons: Icons(spec.Icons)}
	for _, name := range names(spec.Arguments) {
		a := spec.Arguments[name]
		d.Arguments = append(d.Arguments, argument{name, a.Title, a.Description, required(a)})
	}
	definition, err := json.Marshal(d)
	c.prompts[name] = &Prompt{spec: spec, definition: definition, does: does}
	return err
}

func required(a *schemas.Argument) bool { return a.Required == nil || *a.Required }

// Check checks the arguments of a prompt, which are strings. One that may be left
// out and is, is the empty string.
func (p *Prompt) Check(given map[string]any) (map[string]string, *protocol.Error) {
	args := make(map[string]string, len(p.spec.Arguments))
	for _, name := range names(p.spec.Arguments) {
		v, ok := given[name]
		if !ok {
			if required(p.spec.Arguments[name]) {
				return nil, protocol.NewError(protocol.InvalidParams, "Missing argument: %s", name)
			}
			if p.from != nil {
				continue // the other server may tell the two apart
			}
			v = ""
		}
		text, ok := v.(string)
		if !ok {
			return nil, protocol.NewError(protocol.InvalidParams, "The argument %s is not a string", name)
		}
		args[name] = text
	}
	for _, name := range names(given) {
		if p.spec.Arguments[name] == nil {
			return nil, protocol.NewError(protocol.InvalidParams, "Unknown argument: %s", name)
		}
	}
	return args, nil
}
