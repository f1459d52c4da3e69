package server_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server"
	"github.com/erlmcp/erlmcp/server/catalog"
	"github.com/erlmcp/erlmcp/server/dialogue"
	"github.com/erlmcp/erlmcp/server/protocol"
)

// able is a modern request of a client that can do everything.
func able(method, params, name string) (string, []string) {
	message, headers := modern(method, params, name)
	can := `"io.modelcontextprotocol/clientCapabilities":{"elicitation":{},"sampling":{},"roots":{},"extensions":{"io.modelcontextprotocol/tasks":{}}}`
	return strings.Replace(message, `"io.modelcontextprotocol/clientCapabilities":{}`, can, 1), headers
}

// twice asks for two things, one after the other, and counts how often it runs.
func twice(runs *int) catalog.GoTool {
	return talks("twice", func(ctx context.Context, client *dialogue.Client, args map[string]any) (string, error) {
		*runs++
		one, err := client.Elicit(ctx, "one", nameForm)
		if err != nil {
			return "", err
		}
		two, err := client.Elicit(ctx, "two", nameForm)
		if err != nil {
			return "", err
		}
		return one.Content["name"].(string) + " and " + two.Content["name"].(string), nil
	})
}

// round is the result of one round.
type round struct {
	Type     string                           `json:"resultType"`
	State    string                           `json:"requestState"`
	Requests map[string]protocol.InputRequest `json:"inputRequests"`
	Content  []protocol.Content               `json:"content"`
}

func answer(name string) string { return `{"action":"accept","content":{"name":"` + name + `"}}` }

// play makes one round of a call and returns its result and its error.
func play(t *testing.T, rt *server.Runtime, args, more string) (round, string) {
	t.Helper()
	message, headers := able("tools/call", `"name":"twice","arguments":`+args+more, "twice")
	_, body := post(t, rt.URL(), message, headers...)
	var out struct {
		Result round
		Error  json.RawMessage
	}
	if err := json.Unmarshal([]byte(body), &out); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return out.Result, string(out.Error)
}

func TestSeveralRounds(t *testing.T) {
	runs := 0
	rt := start(t, "", server.Options{Tools: []catalog.GoTool{twice(&runs)}})
	first, _ := play(t, rt, `{"a":1}`, "")
	if first.Type != "input_required" || first.Requests["one"].Method != "elicitation/create" || len(first.Requests) != 1 || first.State == "" {
		t.Fatalf("first round: %+v", first)
	}
	second, _ := play(t, rt, `{"a":1}`, `,"inputResponses":{"one":`+answer("Ada")+`},"requestState":"`+first.State+`"`)
	if second.Type != "input_required" || len(second.Requests) != 1 || second.Requests["two"].Method == "" {
		t.Fatalf("second round: %+v", second)
	}
	third, _ := play(t, rt, ` { "a" : 1 }`, `,"inputResponses":{"two":`+answer("Bea")+`},"requestState":"`+second.State+`"`)
	if third.Type != "complete" || third.Content[0].Text != "Ada and Bea" {
		t.Fatalf("third round: %+v", third)
	}
	if runs != 3 {
		t.Errorf("the tool ran %d times", runs)
	}
	again, _ := play(t, rt, `{"a":1}`, `,"inputResponses":{"other":`+answer("x")+`},"requestState":"`+second.State+`"`)
	if again.Type != "input_required" || again.Requests["two"].Method == "" {
		t.Errorf("a round without its answer: %+v", again)
	}
}

func TestStatesThatAreNotTaken(t *testing.T) {
	runs := 0
	rt := start(t, "", server.Options{Tools: []catalog.GoTool{twice(&runs)}})
	first, _ := play(t, rt, `{"a":1}`, "")
	other := start(t, "", server.Options{Tools: []catalog.GoTool{twice(&runs)}})
	for name, c := range map[string]struct {
		rt         *server.Runtime
		args, more string
		want       string
	}{
		"altered":               {rt, `{"a":1}`, `,"requestState":"` + first.State + `A"`, "not one of this server for this request"},
		"of another call":       {rt, `{"a":2}`, `,"requestState":"` + first.State + `"`, "not one of this server for this request"},
		"of another server":     {other, `{"a":1}`, `,"requestState":"` + first.State + `"`, "not one of this server for this request"},
		"not a string":          {rt, `{}`, `,"requestState":1`, "must be a string"},
		"answers are no object": {rt, `{}`, `,"inputResponses":null`, "must be an object"},
		"an answer is none":     {rt, `{}`, `,"inputResponses":{"one":1}`, "must be an object"},
		"an answer of a form":   {rt, `{}`, `,"inputResponses":{"one":{"action":"?"}}`, "is not a result of it"},
	} {
		if _, failed := play(t, c.rt, c.args, c.more); !strings.Contains(failed, c.want) || !strings.Contains(failed, "-32602") {
			t.Errorf("%s: %q, want %q", name, failed, c.want)
		}
	}
}

func TestServersThatShareAKeyShareTheirClients(t *testing.T) {
	runs := 0
	tools := server.Options{Tools: []catalog.GoTool{twice(&runs)}}
	one, two := start(t, `,"state_key":"secret"`, tools), start(t, `,"state_key":"secret"`, tools)
	first, _ := play(t, one, `{}`, "")
	second, failed := play(t, two, `{}`, `,"inputResponses":{"one":`+answer("Ada")+`},"requestState":"`+first.State+`"`)
	if failed != "" || second.Requests["two"].Method == "" {
		t.Errorf("%+v, %s", second, failed)
	}
}

func TestAPromptAsks(t *testing.T) {
	prompt := catalog.GoPrompt{Name: "p", Spec: schemas.Prompt{}, Does: func(ctx context.Context, _ map[string]string) (*protocol.PromptResult, error) {
		who, err := dialogue.From(ctx).Elicit(ctx, "who", nameForm)
		if err != nil {
			return nil, err
		}
		return &protocol.PromptResult{Messages: []protocol.PromptMessage{{Role: "user", Content: protocol.Text("for " + who.Content["name"].(string))}}}, nil
	}}
	rt := start(t, "", server.Options{Prompts: []catalog.GoPrompt{prompt}})
	message, headers := able("prompts/get", `"name":"p"`, "p")
	if _, body := post(t, rt.URL(), message, headers...); !strings.Contains(body, `"resultType":"input_required"`) {
		t.Errorf("first round: %s", body)
	}
	message, headers = able("prompts/get", `"name":"p","inputResponses":{"who":`+answer("Ada")+`}`, "p")
	if _, body := post(t, rt.URL(), message, headers...); !strings.Contains(body, `"text":"for Ada"`) {
		t.Errorf("second round: %s", body)
	}
	l := newLegacy(t, rt, `{}`)
	if _, body := l.post(`{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"p"}}`); !strings.Contains(body, "elicitation") {
		t.Errorf("a client that cannot be asked: %s", body)
	}
}
