package task

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/erlmcp/erlmcp/server/protocol"
)

type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func start(t *testing.T, table *Table, owner string) (context.Context, *Task) {
	t.Helper()
	ctx, task, err := table.Start(context.Background(), owner)
	if err != nil {
		t.Fatal(err)
	}
	return ctx, task
}

// shown is the task as a client sees it.
func shown(t *testing.T, task *Task) string {
	t.Helper()
	out := string(task.AppendDetailed([]byte("{"))) + "}"
	if !json.Valid([]byte(out)) {
		t.Fatalf("not JSON: %s", out)
	}
	return out
}

func TestTasksAreKeptForTheirTime(t *testing.T) {
	c := &clock{time.Unix(1000, 0)}
	table := NewTable(2, 1000, time.Minute, c.now)
	ctx, task := start(t, table, "me")
	if table.Get(task.ID, "me") != task || table.Get(task.ID, "you") != nil || table.Get("x", "me") != nil {
		t.Error("the wrong task was found")
	}
	task.Complete([]byte(`{"a":1}`))
	if ctx.Err() == nil {
		t.Error("the context of a task that has ended goes on")
	}
	want := `{"taskId":"` + task.ID + `","status":"completed","createdAt":"1970-01-01T00:16:40.000Z","lastUpdatedAt":"1970-01-01T00:16:40.000Z","ttlMs":60000,"pollIntervalMs":500,"result":{"a":1}}`
	if got := shown(t, task); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	start(t, table, "me")
	if _, _, err := table.Start(context.Background(), "me"); !errors.Is(err, ErrFull) {
		t.Errorf("a full table: %v", err)
	}
	c.at = c.at.Add(2 * time.Minute)
	if table.Get(task.ID, "me") != nil || table.Len() != 0 || table.held != 0 {
		t.Errorf("after their time there are %d tasks, %d bytes", table.Len(), table.held)
	}
}

func TestResultsAreBounded(t *testing.T) {
	table := NewTable(10, 5, time.Minute, time.Now)
	_, task := start(t, table, "")
	task.Complete([]byte(`{"a":12345}`))
	if _, _, err := table.Start(context.Background(), ""); !errors.Is(err, ErrFull) {
		t.Errorf("a table whose results are too large: %v", err)
	}
}

func TestATaskEndsOnce(t *testing.T) {
	table := NewTable(10, 1000, time.Minute, time.Now)
	changes := 0
	table.Changed = func(string) { changes++ }
	ctx, task := start(t, table, "")
	task.Cancel()
	task.Complete([]byte(`{}`))
	task.Fail(protocol.NewError(-1, "x"))
	if got := shown(t, task); !strings.Contains(got, `"status":"cancelled"`) || strings.Contains(got, "result") || ctx.Err() == nil || changes != 1 {
		t.Errorf("%s, %v, %d changes", got, ctx.Err(), changes)
	}
	_, failed := start(t, table, "")
	failed.Fail(protocol.NewError(-7, "broke"))
	if got := shown(t, failed); !strings.Contains(got, `"status":"failed","statusMessage":"broke"`) || !strings.Contains(got, `"error":{"code":-7,"message":"broke"}`) {
		t.Error(got)
	}
}

func TestATaskThatTakesTooLong(t *testing.T) {
	table := NewTable(10, 1000, time.Millisecond, time.Now)
	ctx, _ := start(t, table, "")
	<-ctx.Done()
	if !Expired(context.Cause(ctx)) {
		t.Errorf("cause: %v", context.Cause(ctx))
	}
}

func TestQuestionsOfATask(t *testing.T) {
	table := NewTable(10, 1000, time.Minute, time.Now)
	changed := make(chan struct{}, 100)
	table.Changed = func(string) { changed <- struct{}{} }
	ctx, task := start(t, table, "")
	roots := protocol.InputRequest{Method: protocol.RootsList, Params: json.RawMessage(`{}`)}
	answers := make(chan protocol.InputResponses)
	ask := func(keys ...string) {
		questions := protocol.InputRequests{}
		for _, key := range keys {
			questions[key] = roots
		}
		go func() {
			got, err := task.Ask(ctx, questions)
			if err != nil {
				t.Error(err)
			}
			answers <- got
		}()
		<-changed
	}
	give := func(key, answer string) *protocol.Error {
		return task.Update(protocol.InputResponses{key: json.RawMessage(answer)})
	}
	ask("a", "b")
	if got := shown(t, task); !strings.Contains(got, `"status":"input_required"`) || !strings.Contains(got, `"inputRequests":{"a":{"method":"roots/list","params":{}},"b":`) {
		t.Error(got)
	}
	if err := give("a", `{}`); err == nil {
		t.Error("an answer of another form was taken")
	}
	give("x", `{}`)
	give("a", `{"roots":[]}`)
	if got := shown(t, task); !strings.Contains(got, `"inputRequests":{"b":`) {
		t.Error(got)
	}
	give("b", `{"roots":[{"uri":"file:///b"}]}`)
	if got := <-answers; string(got["b"]) != `{"roots":[{"uri":"file:///b"}]}` || len(got) != 2 {
		t.Errorf("answers: %s", got)
	}
	if got := shown(t, task); !strings.Contains(got, `"status":"working"`) {
		t.Error(got)
	}
	for len(changed) > 0 {
		<-changed
	}
	ask("a") // a key must not come twice
	if got := shown(t, task); !strings.Contains(got, `"inputRequests":{"a-2":`) {
		t.Error(got)
	}
	give("a-2", `{"roots":[]}`)
	if got := <-answers; got["a"] == nil {
		t.Errorf("answers: %s", got)
	}
	go task.Cancel()
	if _, err := task.Ask(ctx, protocol.InputRequests{"c": roots}); err == nil {
		t.Error("a task that was cancelled has answers")
	}
}
