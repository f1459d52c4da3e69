package catalog

import (
	"context"
	"strings"
	"testing"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server/protocol"
)

// prompted is what a prompt gives for arguments, as a JSON object, or its error.
func prompted(t *testing.T, c *Catalog, name string, args map[string]any) string {
	t.Helper()
	p := c.Prompt(name)
	checked, wrong := p.Check(args)
	if wrong != nil {
		return wrong.Error()
	}
	r, err := p.Get(context.Background(), checked)
	if err != nil {
		return err.Error()
	}
	out, err := protocol.AppendPromptResult([]byte("{"), r)
	if err != nil {
		t.Fatal(err)
	}
	return object(out)
}

func TestPrompts(t *testing.T) {
	c := mustBuild(t, t.TempDir(), `,"prompt":{"p":{"description":"D","argument":{"who":{},"how":{"required":false}},
		"message":[{"text":"Hi ${input.who}${input.how}"},{"role":"assistant","text":"\"ok\""}]}}`)
	for _, x := range []struct {
		name string
		args map[string]any
		want string
	}{
		{"all given", map[string]any{"who": "A", "how": "!"}, `{"description":"D","messages":[{"role":"user","content":{"type":"text","text":"Hi A!"}},{"role":"assistant","content":{"type":"text","text":"\"ok\""}}]}`},
		{"one left out", map[string]any{"who": "A"}, `"text":"Hi A"`},
		{"one missing", nil, "Missing argument: who"},
		{"one too many", map[string]any{"who": "A", "x": "y"}, "Unknown argument: x"},
		{"not a string", map[string]any{"who": 1.0}, "not a string"},
	} {
		t.Run(x.name, func(t *testing.T) {
			if got := prompted(t, c, "p", x.args); !strings.Contains(got, x.want) {
				t.Errorf("got %s, want %s", got, x.want)
			}
		})
	}
	if c.Prompt("q") != nil {
		t.Error("there is a prompt that nobody wrote")
	}
}

func TestMessagesOfEveryKind(t *testing.T) {
	c := mustBuild(t, t.TempDir(), `,"prompt":{"p":{"argument":{"uri":{}},"message":[
		{"image":{"data":"aGk=","mime_type":"image/png"}},
		{"audio":{"data":"aGk=","mime_type":"audio/wav"}},
		{"resource":{"uri":"${input.uri}","text":"of ${input.uri}"}},
		{"resource":{"uri":"x://b","mime_type":"a/b","data":"aGk="}},
		{"resource_link":{"uri":"x://l","name":"L"}}]}}`)
	got := prompted(t, c, "p", map[string]any{"uri": "x://r"})
	for _, want := range []string{
		`{"type":"image","data":"aGk=","mimeType":"image/png"}`,
		`{"type":"audio","data":"aGk=","mimeType":"audio/wav"}`,
		`{"type":"resource","resource":{"uri":"x://r","mimeType":"text/plain","text":"of x://r"}}`,
		`{"type":"resource","resource":{"uri":"x://b","mimeType":"a/b","blob":"aGk="}}`,
		`{"type":"resource_link","uri":"x://l","name":"L"}`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("got %s\nwant %s in it", got, want)
		}
	}
}

func TestPromptsInGo(t *testing.T) {
	does := func(_ context.Context, args map[string]string) (*protocol.PromptResult, error) {
		return &protocol.PromptResult{Messages: []protocol.PromptMessage{{Role: "user", Content: protocol.Text("for " + args["who"])}}}, nil
	}
	spec := schemas.Prompt{Arguments: map[string]*schemas.Argument{"who": {}}}
	c, err := New(parsed(t, ``), Env{Prompts: []GoPrompt{{Name: "g", Spec: spec, Does: does}}})
	if err != nil {
		t.Fatal(err)
	}
	if got := prompted(t, c, "g", map[string]any{"who": "me"}); !strings.Contains(got, "for me") {
		t.Errorf("got %s", got)
	}
	if _, err := New(parsed(t, `,"prompt":{"g":{"message":[{"text":"x"}]}}`), Env{Prompts: []GoPrompt{{Name: "g", Does: does}}}); err == nil {
		t.Error("two prompts have one name")
	}
}
