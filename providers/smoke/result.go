package smoke

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// resultOf is an answer as a condition sees it, of resource.ResultType.
func resultOf(answer *mcp.CallToolResult) (cty.Value, error) {
	contents := answer.Content
	if contents == nil {
		contents = []mcp.Content{}
	}
	content, err := valueOf(contents)
	if err != nil {
		return cty.NilVal, err
	}
	structured, err := valueOf(answer.StructuredContent)
	if err != nil {
		return cty.NilVal, err
	}
	return cty.ObjectVal(map[string]cty.Value{
		"is_error":   cty.BoolVal(answer.IsError),
		"text":       cty.StringVal(textOf(answer)),
		"content":    content,
		"structured": structured,
	}), nil
}

// textOf is all text of an answer, one content after another.
func textOf(answer *mcp.CallToolResult) string {
	var texts []string
	for _, c := range answer.Content {
		if t, ok := c.(*mcp.TextContent); ok {
			texts = append(texts, t.Text)
		}
	}
	return strings.Join(texts, "\n")
}

// valueOf is what has a form in JSON as a cty value.
func valueOf(v any) (cty.Value, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return cty.NilVal, err
	}
	return fromJSON(raw)
}

func fromJSON(raw []byte) (cty.Value, error) {
	t, err := ctyjson.ImpliedType(raw)
	if err != nil {
		return cty.NilVal, fmt.Errorf("find the type of the JSON: %w", err)
	}
	return ctyjson.Unmarshal(raw, t)
}

// arguments are those of a call, taken apart so that each sensitive text in them
// is known by itself; null when there are none.
func arguments(with cty.Value) cty.Value {
	plain, marks := with.Unmark()
	if plain.IsNull() || !plain.IsKnown() {
		return cty.NullVal(cty.DynamicPseudoType)
	}
	v, err := fromJSON([]byte(plain.AsString()))
	if err != nil {
		return with
	}
	return v.WithMarks(marks)
}
