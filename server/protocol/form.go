package protocol

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/erlmcp/erlmcp/server/jsonschema"
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
	schema, err := jsonschema.Compile(asked.Schema, true)
	if err != nil {
		return nil
	}
	v, err := jsonschema.Decode(content)
	if err != nil {
		return NewError(InvalidParams, "the content is not JSON")
	}
	var wrong jsonschema.Misfits
	if err := schema.Validate(v); errors.As(err, &wrong) {
		return NewError(InvalidParams, "the content does not fit the form that was asked for: %s", strings.Join(misfits(wrong), ", "))
	}
	return nil
}

// misfits names the members that do not fit; what they hold is the user's.
func misfits(wrong jsonschema.Misfits) []string {
	var names []string
	for _, w := range wrong {
		name := "a member is missing or one too many"
		if len(w.At) > 0 {
			name = w.At[0]
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
