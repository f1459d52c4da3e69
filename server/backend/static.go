package backend

import (
	"context"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/schemas/expr"
	"github.com/erlmcp/erlmcp/server/protocol"
)

type staticTool struct{ text *expr.Template }

func newStatic(s *schemas.Static, c compiler) (Tool, error) {
	text, err := c.template("static.text", s.Text, "text")
	if err != nil {
		return nil, err
	}
	return staticTool{text}, nil
}

// Call answers with the text.
func (t staticTool) Call(_ context.Context, args map[string]any) (*protocol.ToolResult, error) {
	text, ok := t.text.Literal()
	if !ok {
		var err error
		if text, err = t.text.Eval(expr.Input(args)); err != nil {
			return unfit(err), nil
		}
	}
	return textResult(text), nil
}
