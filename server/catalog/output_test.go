package catalog

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/erlmcp/erlmcp/server/protocol"
)

func TestStructuredAnswers(t *testing.T) {
	const schema = `"output_schema":"{\"type\":\"object\",\"properties\":{\"n\":{\"type\":\"integer\"}},\"required\":[\"n\"]}"`
	for _, c := range []struct {
		name, static string
		want         string // of the structured content, or of the error
		failed       bool
	}{
		{"structured", `{"text":"x","structured":"{\"n\":1}"}`, `{"n":1}`, false},
		{"a text that is JSON", `{"text":"{\"n\": 2}"}`, `{"n": 2}`, false},
		{"a text that is none", `{"text":"x"}`, "not the JSON that its output_schema promises", true},
		{"JSON that does not fit", `{"text":"{\"n\":\"x\"}"}`, "does not fit its output_schema: n: got string, want integer", true},
		{"an error stays as it is", `{"text":"oh","error":true}`, "oh", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			tool := mustBuild(t, t.TempDir(), `,"tool":{"t":{`+schema+`,"static":`+c.static+`}}`).Tool("t")
			if !strings.Contains(string(tool.definition), `"outputSchema":{"type":"object"`) {
				t.Errorf("definition: %s", tool.definition)
			}
			r, err := tool.Call(context.Background(), map[string]any{})
			if err != nil || r.IsError != c.failed {
				t.Fatalf("%+v, %v", r, err)
			}
			got := string(r.StructuredContent)
			if c.failed {
				got = r.Content[0].Text
			}
			if !strings.Contains(got, c.want) {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
	for _, wrong := range []string{`"{"`, `"{}"`, `"{\"type\":\"object\",\"properties\":1}"`} {
		if _, err := build(t, t.TempDir(), `,"tool":{"t":{"output_schema":`+wrong+`,"static":{"text":"x"}}}`); err == nil || !strings.Contains(err.Error(), "output_schema") {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}

func TestRichAnswers(t *testing.T) {
	tool := mustBuild(t, t.TempDir(), `,"tool":{"t":{"input":{"who":{"type":"string"}},
		"icon":[{"src":"https://example.com/i.png","sizes":["any"],"theme":"dark"}],
		"static":{"content":[
			{"text":"Hi ${input.who}","audience":["user"],"priority":0},
			{"image":{"data":"aGk=","mime_type":"image/png"}},
			{"resource_link":{"uri":"x://${input.who}","name":"L"}}]}}}`).Tool("t")
	r, err := tool.Call(context.Background(), map[string]any{"who": "Ada"})
	if err != nil {
		t.Fatal(err)
	}
	out, err := protocol.AppendToolResult([]byte("{"), r)
	want := `{"content":[{"type":"text","text":"Hi Ada","annotations":{"audience":["user"],"priority":0}},{"type":"image","data":"aGk=","mimeType":"image/png"},{"type":"resource_link","uri":"x://Ada","name":"L"}]}`
	if err != nil || object(out) != want {
		t.Errorf("got  %s\nwant %s\n%v", out, want, err)
	}
	if !json.Valid(tool.definition) || !strings.Contains(string(tool.definition), `"icons":[{"src":"https://example.com/i.png","sizes":["any"],"theme":"dark"}]`) {
		t.Errorf("definition: %s", tool.definition)
	}
}
