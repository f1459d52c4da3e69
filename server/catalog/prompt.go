package catalog

import (
	"encoding/json"
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/schemas/expr"
	"github.com/erlmcp/erlmcp/server/protocol"
)

// prompt is a prompt with its messages compiled.
type prompt struct {
	spec       *schemas.Prompt
	definition json.RawMessage
	messages   []*expr.Template
}

func (c *Catalog) addPrompt(name string, spec *schemas.Prompt) error {
	p := &prompt{spec: spec}
	for i, m := range spec.Messages {
		t, err := expr.Compile(m.Text, "text")
		if err != nil {
			return within{"message", fmt.Errorf("message %d: %w", i+1, err)}
		}
		p.messages = append(p.messages, t)
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
	}{Name: name, Title: spec.Title, Description: spec.Description}
	for _, name := range names(spec.Arguments) {
		a := spec.Arguments[name]
		d.Arguments = append(d.Arguments, argument{name, a.Title, a.Description, required(a)})
	}
	var err error
	p.definition, err = json.Marshal(d)
	c.prompts[name] = p
	return err
}

func required(a *schemas.Argument) bool { return a.Required == nil || *a.Required }

// AppendPrompt appends the members of the result of prompts/get. An argument
// that may be left out and is, is the empty string.
func (c *Catalog) AppendPrompt(dst []byte, m *protocol.Message) ([]byte, *protocol.Error) {
	name, perr := m.Text("name")
	if perr != nil {
		return dst, perr
	}
	p := c.prompts[name]
	if p == nil {
		return dst, protocol.NewError(protocol.InvalidParams, "Unknown prompt: %s", name)
	}
	given, perr := m.Arguments()
	if perr != nil {
		return dst, perr
	}
	input, perr := p.input(given)
	if perr != nil {
		return dst, perr
	}
	if p.spec.Description != "" {
		dst = protocol.AppendString(protocol.Field(dst, "description"), p.spec.Description)
	}
	dst = append(protocol.Field(dst, "messages"), '[')
	for i, t := range p.messages {
		text, err := t.Eval(input)
		if err != nil {
			return dst, protocol.NewError(protocol.InvalidParams, "message %d of prompt %s: %v", i+1, name, err)
		}
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = protocol.AppendString(append(dst, `{"role":`...), p.spec.Messages[i].Role)
		dst = protocol.AppendString(append(dst, `,"content":{"type":"text","text":`...), text)
		dst = append(dst, `}}`...)
	}
	return append(dst, ']'), nil
}

func (p *prompt) input(given map[string]any) (cty.Value, *protocol.Error) {
	values := map[string]cty.Value{}
	for _, name := range names(p.spec.Arguments) {
		v, ok := given[name]
		if !ok {
			if required(p.spec.Arguments[name]) {
				return cty.NilVal, protocol.NewError(protocol.InvalidParams, "Missing argument: %s", name)
			}
			v = ""
		}
		text, ok := v.(string)
		if !ok {
			return cty.NilVal, protocol.NewError(protocol.InvalidParams, "The argument %s is not a string", name)
		}
		values[name] = cty.StringVal(text)
	}
	for _, name := range names(given) {
		if p.spec.Arguments[name] == nil {
			return cty.NilVal, protocol.NewError(protocol.InvalidParams, "Unknown argument: %s", name)
		}
	}
	return cty.ObjectVal(values), nil
}
