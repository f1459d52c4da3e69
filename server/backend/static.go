package backend

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/schemas/expr"
	"github.com/erlmcp/erlmcp/server/protocol"
)

type staticTool struct {
	pieces     []*Piece
	structured *expr.Template // nil without
	failed     bool
}

func newStatic(s *schemas.Static, c compiler) (Tool, error) {
	t := staticTool{failed: s.Error}
	contents := s.Contents
	if len(contents) == 0 {
		contents = []schemas.Content{{Text: s.Text}}
	}
	for i := range contents {
		p, err := c.piece(&contents[i])
		if err != nil && len(s.Contents) == 0 {
			return nil, fmt.Errorf("static.%w", err)
		}
		if err != nil {
			return nil, fmt.Errorf("static.content %d: %w", i+1, err)
		}
		t.pieces = append(t.pieces, p)
	}
	var err error
	if s.Structured != "" {
		t.structured, err = c.template("static.structured", s.Structured, "text")
	}
	return t, err
}

// Call answers with the pieces.
func (t staticTool) Call(_ context.Context, args map[string]any) (*protocol.ToolResult, error) {
	r := &protocol.ToolResult{Content: make([]protocol.Content, len(t.pieces)), IsError: t.failed}
	for i, p := range t.pieces {
		var err error
		if r.Content[i], err = p.Eval(args); err != nil {
			return unfit(err), nil
		}
	}
	if t.structured != nil {
		text, err := evalArguments("structured", t.structured, args)
		if err != nil {
			return unfit(err), nil
		}
		if !json.Valid([]byte(text)) {
			return protocol.ErrorResult("The structured answer of the tool is not JSON."), nil
		}
		r.StructuredContent = json.RawMessage(text)
	}
	return r, nil
}
