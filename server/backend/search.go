package backend

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server/protocol"
)

type searchTool struct {
	search func(ctx context.Context, query string, names []string, limit int) ([]Match, error)
	names  []string
	limit  int
}

func newSearch(s *schemas.Search, env Env) Tool {
	return searchTool{env.Search, s.Resources, s.Limit}
}

// Call answers with a line for each match, and with all of them as structured
// content: {"matches":[{"uri":…,"line":…,"text":…}]}.
func (t searchTool) Call(ctx context.Context, args map[string]any) (*protocol.ToolResult, error) {
	query, _ := args["query"].(string)
	if strings.TrimSpace(query) == "" {
		return protocol.ErrorResult("query holds no word to look for."), nil
	}
	found, err := t.search(ctx, query, t.names, min(t.limit, whole(args["limit"], t.limit)))
	if err != nil {
		return nil, fmt.Errorf("search resources: %w", err)
	}
	structured, err := json.Marshal(struct {
		Matches []Match `json:"matches"`
	}{append([]Match{}, found...)})
	if err != nil {
		return nil, fmt.Errorf("search resources: %w", err)
	}
	r := textResult(listing(found, query))
	r.StructuredContent = structured
	return r, nil
}

func listing(found []Match, query string) string {
	if len(found) == 0 {
		return fmt.Sprintf("No line holds every word of %q.", query)
	}
	lines := make([]string, len(found))
	for i, m := range found {
		lines[i] = fmt.Sprintf("%s:%d: %s", m.URI, m.Line, m.Text)
	}
	return strings.Join(lines, "\n")
}

// whole is a positive whole number as JSON decodes it, or the other when v is
// none.
func whole(v any, other int) int {
	n := 0
	switch v := v.(type) {
	case float64:
		n = int(v)
	case int:
		n = v
	case int64:
		n = int(v)
	case json.Number:
		i, _ := v.Int64() // 0 when it is none
		n = int(i)
	}
	if n < 1 {
		return other
	}
	return n
}
