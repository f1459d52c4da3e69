package server_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/erlmcp/erlmcp/server"
	"github.com/erlmcp/erlmcp/server/catalog"
	"github.com/erlmcp/erlmcp/server/dialogue"
)

// as has calls of a tool go on as tasks.
func as(mode string, t catalog.GoTool) catalog.GoTool {
	t.Spec.Task = mode
	return t
}

// waits is a tool that waits for its end.
func waits(until <-chan struct{}) catalog.GoTool {
	return talks("wait", func(ctx context.Context, client *dialogue.Client, _ map[string]any) (string, error) {
		client.Progress(1, 0, "waiting")
		select {
		case <-until:
			return "done", nil
		case <-ctx.Done():
			return "", ctx.Err()
		}
	})
}

type taskState struct {
	Type     string          `json:"resultType"`
	ID       string          `json:"taskId"`
	Status   string          `json:"status"`
	Message  string          `json:"statusMessage"`
	Result   json.RawMessage `json:"result"`
	Error    json.RawMessage `json:"error"`
	Requests map[string]any  `json:"inputRequests"`
}

// request makes a request about tasks.
func request(t *testing.T, rt *server.Runtime, method, params, name string) (taskState, string) {
	t.Helper()
	message, headers := able(method, params, name)
	_, body := post(t, rt.URL(), message, headers...)
	var out struct{ Result taskState }
	if err := json.Unmarshal([]byte(body), &out); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return out.Result, body
}

// reaches waits until a task has a status.
func reaches(t *testing.T, rt *server.Runtime, id, status string) taskState {
	t.Helper()
	var last taskState
	eventually(t, func() bool {
		last, _ = request(t, rt, "tasks/get", `"taskId":"`+id+`"`, id)
		return last.Status == status
	})
	return last
}

func TestACallGoesOnAsATask(t *testing.T) {
	until := make(chan struct{})
	rt := start(t, "", server.Options{Tools: []catalog.GoTool{as("optional", waits(until)), as("required", asker())}})
	created, body := request(t, rt, "tools/call", `"name":"wait"`, "wait")
	if created.Type != "task" || created.Status != "working" || created.ID == "" {
		t.Fatalf("created: %s", body)
	}
	eventually(t, func() bool { return reaches(t, rt, created.ID, "working").Message == "waiting" })
	close(until)
	if ended := reaches(t, rt, created.ID, "completed"); string(ended.Result) != `{"content":[{"type":"text","text":"done"}]}` {
		t.Errorf("result: %s", ended.Result)
	}
	message, headers := modern("tools/call", `"name":"wait"`, "wait")
	if _, body := post(t, rt.URL(), message, headers...); !strings.Contains(body, `"resultType":"complete"`) {
		t.Errorf("a client without tasks: %s", body)
	}
	message, headers = modern("tools/call", `"name":"ask"`, "ask")
	if resp, body := post(t, rt.URL(), message, headers...); resp.StatusCode != 400 || !strings.Contains(body, `{"extensions":{"io.modelcontextprotocol/tasks":{}}}`) {
		t.Errorf("a client without tasks, which are required: %d %s", resp.StatusCode, body)
	}
}

func TestATaskAsks(t *testing.T) {
	rt := start(t, "", server.Options{Tools: []catalog.GoTool{as("optional", asker())}})
	created, _ := request(t, rt, "tools/call", `"name":"ask"`, "ask")
	parked := reaches(t, rt, created.ID, "input_required")
	if len(parked.Requests) != 1 || parked.Requests["who"] == nil {
		t.Errorf("questions: %+v", parked.Requests)
	}
	update := func(answers string) string {
		_, body := request(t, rt, "tasks/update", `"taskId":"`+created.ID+`","inputResponses":`+answers, created.ID)
		return body
	}
	if body := update(`{"nobody":{}}`); !strings.Contains(body, `"result":{"resultType":"complete"`) {
		t.Errorf("an answer to nothing: %s", body)
	}
	if body := update(`{"who":{"action":"?"}}`); !strings.Contains(body, `-32602`) {
		t.Errorf("an answer that is none: %s", body)
	}
	if body := update(`{"who":` + answer("Ada") + `}`); !strings.Contains(body, `"result":{"resultType":"complete"`) {
		t.Errorf("an answer: %s", body)
	}
	if ended := reaches(t, rt, created.ID, "completed"); !strings.Contains(string(ended.Result), "accept Ada") {
		t.Errorf("result: %s", ended.Result)
	}
}

func TestTasksEnd(t *testing.T) {
	broken := talks("broken", func(context.Context, *dialogue.Client, map[string]any) (string, error) { panic("oh") })
	rt := start(t, "", server.Options{Tools: []catalog.GoTool{as("optional", waits(nil)), as("optional", broken)}})
	created, _ := request(t, rt, "tools/call", `"name":"wait"`, "wait")
	cancel := func() string {
		_, body := request(t, rt, "tasks/cancel", `"taskId":"`+created.ID+`"`, created.ID)
		return body
	}
	for range 2 {
		if body := cancel(); !strings.Contains(body, `"result":{"resultType":"complete"`) || strings.Contains(body, "taskId") {
			t.Errorf("cancel: %s", body)
		}
		reaches(t, rt, created.ID, "cancelled")
	}
	failed, _ := request(t, rt, "tools/call", `"name":"broken"`, "broken")
	if ended := reaches(t, rt, failed.ID, "failed"); string(ended.Error) != `{"code":-32603,"message":"Internal error"}` || ended.Result != nil {
		t.Errorf("a task that panicked: %+v", ended)
	}
	if _, body := request(t, rt, "tasks/get", `"taskId":"x"`, "x"); !strings.Contains(body, `-32602`) {
		t.Errorf("a task that is not there: %s", body)
	}
	message, headers := modern("tasks/get", `"taskId":"`+failed.ID+`"`, failed.ID)
	if resp, body := post(t, rt.URL(), message, headers...); resp.StatusCode != 400 || !strings.Contains(body, `-32021`) {
		t.Errorf("a client without tasks: %d %s", resp.StatusCode, body)
	}
	if _, body := post(t, rt.URL(), `{"jsonrpc":"2.0","id":1,"method":"tasks/get","params":{"taskId":"x"}}`); !strings.Contains(body, `-32601`) {
		t.Errorf("a client of the older era: %s", body)
	}
}

func TestListenForTasks(t *testing.T) {
	until := make(chan struct{})
	rt := start(t, "", server.Options{Tools: []catalog.GoTool{as("optional", waits(until))}})
	created, _ := request(t, rt, "tools/call", `"name":"wait"`, "wait")
	message, headers := able("subscriptions/listen", `"notifications":{"taskIds":["`+created.ID+`","other"]}`, "")
	r, err := http.NewRequestWithContext(context10s(t), "POST", rt.URL(), strings.NewReader(message))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	next := events(t, resp.Body)
	if got := next(); !strings.Contains(got, `"notifications":{"taskIds":["`+created.ID+`"]}`) {
		t.Errorf("acknowledged: %s", got)
	}
	close(until)
	if got := next(); !strings.Contains(got, `"method":"notifications/tasks"`) || !strings.Contains(got, `"status":"completed"`) || !strings.Contains(got, `"text":"done"`) {
		t.Errorf("told: %s", got)
	}
}

func TestATaskInTheMiddleOfACall(t *testing.T) {
	tool := talks("twice", func(ctx context.Context, client *dialogue.Client, _ map[string]any) (string, error) { return "", nil })
	tool.Does = toolFunc(func(ctx context.Context, _ map[string]any) (*toolResult, error) {
		client := dialogue.From(ctx)
		who, err := client.Elicit(ctx, "one", nameForm)
		if err != nil {
			return nil, err
		}
		return client.Background(ctx, func(context.Context) (*toolResult, error) {
			return &toolResult{Content: texts("for " + who.Content["name"].(string))}, nil
		})
	})
	rt := start(t, "", server.Options{Tools: []catalog.GoTool{tool}})
	first, _ := play(t, rt, `{}`, "")
	if first.Type != "input_required" {
		t.Fatalf("first round: %+v", first)
	}
	created, body := request(t, rt, "tools/call", `"name":"twice","arguments":{},"inputResponses":{"one":`+answer("Ada")+`},"requestState":"`+first.State+`"`, "twice")
	if created.Type != "task" || strings.Contains(body, "requestState") {
		t.Fatalf("second round: %s", body)
	}
	if ended := reaches(t, rt, created.ID, "completed"); !strings.Contains(string(ended.Result), "for Ada") {
		t.Errorf("result: %s", ended.Result)
	}
}
