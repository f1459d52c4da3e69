package task

import (
	"context"
	"errors"
	"maps"
	"strconv"
	"sync"
	"time"

	"github.com/erlmcp/erlmcp/server/protocol"
)

// Status is where a task stands (the Tasks extension, "Task Status").
type Status string

// Where a task can stand. The last three are for good.
const (
	Working       Status = "working"
	InputRequired Status = "input_required"
	Completed     Status = "completed"
	Failed        Status = "failed"
	Cancelled     Status = "cancelled"
)

// Task is one call that goes on. It is safe for concurrent use.
type Task struct {
	ID string

	table   *Table
	owner   string
	created time.Time
	cancel  context.CancelCauseFunc
	timer   *time.Timer

	mu       sync.Mutex
	status   Status
	message  string
	updated  time.Time
	outcome  []byte          // JSON of the result or error; nil before the end
	dropped  bool            // is in the table no more
	used     map[string]bool // keys that questions have had
	open     protocol.InputRequests
	answers  protocol.InputResponses
	answered chan struct{} // closed and replaced when answers have come
}

// errCancelled is the cause of the end of a context whose task was cancelled.
var errCancelled = errors.New("the task was cancelled")

// Say sets what clients see beside the status.
func (t *Task) Say(message string) {
	t.mu.Lock()
	t.message, t.updated = message, t.table.now()
	t.mu.Unlock()
}

// Ask parks the task until all questions are answered. Clients see each under a
// key of its own, as keys must not come twice in the life of a task.
func (t *Task) Ask(ctx context.Context, questions protocol.InputRequests) (protocol.InputResponses, error) {
	keys := t.pose(questions)
	t.table.Changed(t.ID)
	defer t.withdraw(keys)
	for {
		t.mu.Lock()
		out, more := protocol.InputResponses{}, t.answered
		for key, public := range keys {
			if answer, ok := t.answers[public]; ok {
				out[key] = answer
			}
		}
		t.mu.Unlock()
		if len(out) == len(keys) {
			return out, nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// pose shows questions to clients, and returns under which keys.
func (t *Task) pose(questions protocol.InputRequests) map[string]string {
	t.mu.Lock()
	defer t.mu.Unlock()
	keys := map[string]string{}
	if t.open == nil {
		t.open, t.answers = protocol.InputRequests{}, protocol.InputResponses{}
	}
	if t.used == nil {
		t.used = map[string]bool{}
	}
	for _, key := range questions.Keys() {
		public := key
		for n := 2; t.used[public]; n++ {
			public = key + "-" + strconv.Itoa(n)
		}
		t.used[public] = true
		keys[key] = public
		t.open[public] = questions[key]
	}
	t.settle()
	return keys
}

// withdraw takes questions back that were answered, or that nobody waits for.
func (t *Task) withdraw(keys map[string]string) {
	t.mu.Lock()
	for _, public := range keys {
		delete(t.open, public)
		delete(t.answers, public)
	}
	t.settle()
	t.mu.Unlock()
}

// settle sets the status of a task that goes on. The caller holds mu.
func (t *Task) settle() {
	if t.ended() {
		return
	}
	t.status, t.updated = Working, t.table.now()
	if len(t.open) > 0 {
		t.status = InputRequired
	}
}

func (t *Task) ended() bool {
	return t.status == Completed || t.status == Failed || t.status == Cancelled
}

// Update passes on answers. Those to questions that are not open are passed over;
// those that are not of the form of an answer are an error, and none is taken then.
func (t *Task) Update(answers protocol.InputResponses) *protocol.Error {
	t.mu.Lock()
	taken := protocol.InputResponses{}
	for key, answer := range answers {
		question, open := t.open[key]
		if !open {
			continue
		}
		if err := question.Fits(answer); err != nil {
			t.mu.Unlock()
			return err
		}
		taken[key] = answer
	}
	for key := range taken {
		delete(t.open, key)
	}
	if len(taken) > 0 {
		maps.Copy(t.answers, taken)
		t.settle()
		close(t.answered)
		t.answered = make(chan struct{})
	}
	t.mu.Unlock()
	if len(taken) > 0 {
		t.table.Changed(t.ID)
	}
	return nil
}

// Cancel ends the task, if it has not ended, and its work.
func (t *Task) Cancel() {
	if t.end(Cancelled, nil, "") {
		t.cancel(errCancelled)
	}
}

// Complete ends the task with the members of its result, a JSON object.
func (t *Task) Complete(result []byte) {
	if t.end(Completed, result, "") {
		t.cancel(nil)
	}
}

// Fail ends the task with an error.
func (t *Task) Fail(err *protocol.Error) {
	if t.end(Failed, protocol.AppendErrorObject(nil, err), err.Message) {
		t.cancel(nil)
	}
}

// end settles how the task has ended, and reports whether it had not before.
func (t *Task) end(status Status, outcome []byte, message string) bool {
	if !t.close(status, outcome, message) {
		return false
	}
	t.timer.Stop()
	t.table.Changed(t.ID)
	return true
}

func (t *Task) close(status Status, outcome []byte, message string) bool {
	t.table.mu.Lock() // before the task's own, as in expire
	defer t.table.mu.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended() {
		return false
	}
	t.status, t.updated, t.message = status, t.table.now(), message
	t.open, t.answers, t.used = nil, nil, nil
	if !t.dropped {
		t.outcome = outcome
		t.table.held += int64(len(outcome))
	}
	return true
}

// Expired reports whether the cause of the end of a context is that its task took
// too long.
func Expired(cause error) bool { return errors.Is(cause, errExpired) }
