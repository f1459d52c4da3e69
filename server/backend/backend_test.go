package backend

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server/protocol"
)

// parse completes a tool block given as JSON, as a document would hold it.
func parse(t *testing.T, block string) *schemas.Tool {
	t.Helper()
	doc, err := schemas.Parse([]byte(`{"name":"s","tool":{"t":` + block + `}}`))
	if err != nil {
		t.Fatal(err)
	}
	return doc.Tools["t"]
}

func build(t *testing.T, block string, env Env) Tool {
	t.Helper()
	if env.Logger == nil {
		env.Logger = hclog.NewNullLogger()
	}
	tool, err := New(parse(t, block), env)
	if err != nil {
		t.Fatal(err)
	}
	return tool
}

func call(t *testing.T, tool Tool, args map[string]any) *protocol.ToolResult {
	t.Helper()
	r, err := tool.Call(t.Context(), args)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Content) != 1 || r.Content[0].Type != "text" {
		t.Fatalf("got %+v", r)
	}
	return r
}

func TestNewRefuses(t *testing.T) {
	tests := map[string]struct{ block, want string }{
		"no backend":          {`{}`, "one of static"},
		"text, syntax":        {`{"static":{"text":"${"}}`, "static.text"},
		"text, undeclared":    {`{"input":{"city":{"type":"string"}},"static":{"text":"${input.ctiy}"}}`, "did you mean input.city"},
		"word, undeclared":    {`{"exec":{"command":["ls","${input.x}"]}}`, "exec.command: word 2"},
		"program from input":  {`{"input":{"x":{"type":"string"}},"exec":{"command":["${input.x}"]}}`, "word 1"},
		"name of a variable":  {`{"exec":{"command":["ls"],"env":{"A=B":"c"}}}`, "A=B"},
		"variable":            {`{"exec":{"command":["ls"],"env":{"A":"${var.x}"}}}`, "exec.env.A"},
		"host from input":     {`{"input":{"x":{"type":"string"}},"http":{"url":"https://${input.x}/"}}`, "http.url"},
		"name of a header":    {`{"http":{"url":"https://h/","headers":{"A B":"c"}}}`, "A B"},
		"value of a header":   {`{"http":{"url":"https://h/","headers":{"A":"b\nc"}}}`, "http.headers.A"},
		"body, undeclared":    {`{"http":{"url":"https://h/","body":"${input.x}"}}`, "http.body"},
		"url of another kind": {`{"http":{"url":"file:///etc/passwd"}}`, "http.url"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var tool schemas.Tool
			if name == "no backend" {
				tool = schemas.Tool{}
			} else {
				tool = *parse(t, tc.block)
			}
			if _, err := New(&tool, Env{Logger: hclog.NewNullLogger()}); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want an error with %q", err, tc.want)
			}
		})
	}
}

func TestASchemaMayAllowAnyInput(t *testing.T) {
	tool := build(t, `{"input_schema":"{\"type\":\"object\"}","static":{"text":"<${input.x}>"}}`, Env{})
	if got := call(t, tool, map[string]any{"x": "y"}).Content[0].Text; got != "<y>" {
		t.Errorf("got %q", got)
	}
}

func TestStatic(t *testing.T) {
	inputs := `"input":{"x":{"type":"string","required":false},"l":{"type":"array","required":false}},`
	tests := map[string]struct {
		text, want string
		args       map[string]any
		isError    bool
	}{
		"fixed":        {"a $${b}", "a ${b}", nil, false},
		"with input":   {"<${input.x}>", "<y>", map[string]any{"x": "y"}, false},
		"left out":     {"<${input.x}>", "<>", nil, false},
		"does not fit": {"<${input.l}>", "The arguments do not fit.", map[string]any{"l": []any{"a"}}, true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			text, _ := json.Marshal(tc.text)
			r := call(t, build(t, `{`+inputs+`"static":{"text":`+string(text)+`}}`, Env{}), tc.args)
			if r.IsError != tc.isError || !strings.HasPrefix(r.Content[0].Text, tc.want) {
				t.Errorf("got %+v", r)
			}
		})
	}
}

func TestSearch(t *testing.T) {
	var asked struct {
		query string
		names []string
		limit int
	}
	found, failed := []Match{{"docs://a", 3, "one two"}, {"docs://b", 1, "two one"}}, error(nil)
	env := Env{Search: func(_ context.Context, query string, names []string, limit int) ([]Match, error) {
		asked.query, asked.names, asked.limit = query, names, limit
		return found, failed
	}}
	tool := build(t, `{"search":{"resources":["docs"],"limit":5}}`, env)

	r := call(t, tool, map[string]any{"query": "one two", "limit": json.Number("2")})
	if asked.query != "one two" || len(asked.names) != 1 || asked.limit != 2 {
		t.Errorf("asked for %+v", asked)
	}
	if r.Content[0].Text != "docs://a:3: one two\ndocs://b:1: two one" {
		t.Errorf("got %q", r.Content[0].Text)
	}
	if want := `{"matches":[{"uri":"docs://a","line":3,"text":"one two"},{"uri":"docs://b","line":1,"text":"two one"}]}`; string(r.StructuredContent) != want {
		t.Errorf("got %s", r.StructuredContent)
	}
	for _, limit := range []any{nil, 50.0, 0.0, -1.0, int64(50), "x"} {
		if call(t, tool, map[string]any{"query": "one", "limit": limit}); asked.limit != 5 {
			t.Errorf("limit %v: asked for %d", limit, asked.limit)
		}
	}
	found = nil
	if r := call(t, tool, map[string]any{"query": "three"}); r.IsError || r.Content[0].Text != `No line holds every word of "three".` || string(r.StructuredContent) != `{"matches":[]}` {
		t.Errorf("got %+v", r)
	}
	if r := call(t, tool, map[string]any{"query": "  "}); !r.IsError {
		t.Errorf("got %+v", r)
	}
	failed = errors.New("disk on fire")
	if _, err := tool.Call(t.Context(), map[string]any{"query": "one"}); !errors.Is(err, failed) {
		t.Errorf("got %v", err)
	}
}

func TestArguments(t *testing.T) {
	if got := Arguments(parse(t, `{"input":{"x":{"type":"string"}},"static":{"text":"a"}}`)); len(got) != 1 || got["x"] == nil {
		t.Errorf("got %v", got)
	}
	got := Arguments(parse(t, `{"search":{"limit":7}}`))
	if len(got) != 2 || got["query"].Required != nil || got["limit"].Default != "7" || *got["limit"].Maximum != 7 {
		t.Errorf("got %v", got)
	}
}
