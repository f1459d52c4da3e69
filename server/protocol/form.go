package protocol

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// fitsForm checks that what a user has accepted fits the form that was asked for
// (MCP, client/elicitation, "Response Actions"). A form whose schema says nothing,
// or makes no sense, is fit by all.
func fitsForm(params, content json.RawMessage) *Error {
	var asked struct {
		Mode   string          `json:"mode"`
		Schema json.RawMessage `json:"requestedSchema"`
	}
	if json.Unmarshal(params, &asked) != nil || asked.Mode == "url" || asked.Schema == nil {
		return nil
	}
	if content == nil || string(content) == "null" {
		content = json.RawMessage(`{}`)
	}
	schema, err := compileForm(asked.Schema)
	if err != nil {
		return nil
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(content))
	if err != nil {
		return NewError(InvalidParams, "the content is not JSON")
	}
	var wrong *jsonschema.ValidationError
	if err := schema.Validate(v); errors.As(err, &wrong) {
		return NewError(InvalidParams, "the content does not fit the form that was asked for: %s", strings.Join(misfits(wrong), ", "))
	}
	return nil
}

func compileForm(source json.RawMessage) (*jsonschema.Schema, error) {
	const name = "erlmcp:form"
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(source))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	c.UseLoader(nowhere{})
	if err := c.AddResource(name, doc); err != nil {
		return nil, err
	}
	return c.Compile(name)
}

// nowhere loads no schema.
type nowhere struct{}

func (nowhere) Load(string) (any, error) { return nil, errors.New("schemas elsewhere are not fetched") }

// misfits names the members that do not fit; what they hold is the user's.
func misfits(wrong *jsonschema.ValidationError) []string {
	var names []string
	var walk func(*jsonschema.ValidationError)
	walk = func(w *jsonschema.ValidationError) {
		for _, cause := range w.Causes {
			walk(cause)
		}
		if len(w.Causes) > 0 {
			return
		}
		name := "a member is missing or one too many"
		if len(w.InstanceLocation) > 0 {
			name = w.InstanceLocation[0]
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	walk(wrong)
	slices.Sort(names)
	return names
}
