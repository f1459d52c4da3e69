package catalog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/erlmcp/erlmcp/server/protocol"
)

// output is the schema of a tool's structured answer (MCP, server/tools, "Output
// Schema").
type output struct {
	source   json.RawMessage
	compiled *jsonschema.Schema
}

func newOutput(schema string) (*output, error) {
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(schema)); err != nil {
		return nil, within{"output_schema", fmt.Errorf("it is not JSON: %w", err)}
	}
	var top struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(compact.Bytes(), &top); err != nil || top.Type != "object" {
		return nil, within{"output_schema", errors.New(`it must be an object with "type": "object"`)}
	}
	compiled, err := compile("output_schema", compact.Bytes())
	if err != nil {
		return nil, within{"output_schema", err}
	}
	return &output{compact.Bytes(), compiled}, nil
}

// fit makes sure that an answer has structured content that fits the schema: a
// single text that is JSON counts as such. An answer that does not fit becomes an
// error; an error stays as it is.
func (o *output) fit(r *protocol.ToolResult) *protocol.ToolResult {
	if r.IsError {
		return r
	}
	structured := r.StructuredContent
	if structured == nil && len(r.Content) == 1 && r.Content[0].Type == "text" {
		structured = json.RawMessage(strings.TrimSpace(r.Content[0].Text))
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(structured))
	if err != nil {
		return protocol.ErrorResult("The answer of the tool is not the JSON that its output_schema promises.")
	}
	if err := o.compiled.Validate(v); err != nil {
		return protocol.ErrorResult("The answer of the tool does not fit its output_schema: " + explain(err))
	}
	r.StructuredContent = structured
	return r
}
