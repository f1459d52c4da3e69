package server

import (
	"context"
	"encoding/json"
	"errors"
	"runtime/debug"
	"time"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server/catalog"
	"github.com/erlmcp/erlmcp/server/dialogue"
	"github.com/erlmcp/erlmcp/server/protocol"
	"github.com/erlmcp/erlmcp/server/task"
)

// begin has work done as a task, of which the answer to the call tells.
func (c *call) begin(work dialogue.Work) error {
	rt := c.rt
	ctx, t, err := rt.tasks.Start(rt.ctx, c.principal())
	if err != nil {
		rt.metrics.Refused("tasks")
		return err
	}
	c.task = t
	ctx = dialogue.With(ctx, &taskLine{t, c.line.Can()})
	name, most := c.tool, int(c.st.doc.Limits.ResponseSize)
	go func() { // ends with the work, whose context ends with the task
		defer func() {
			if p := recover(); p != nil {
				rt.log.Error("a task panicked", "tool", name, "panic", p, "stack", string(debug.Stack()))
				t.Fail(protocol.NewError(protocol.InternalError, "Internal error"))
			}
		}()
		result, err := work(ctx)
		switch failed := rt.toolError(name, err); {
		case failed != nil && task.Expired(context.Cause(ctx)):
			t.Fail(protocol.NewError(protocol.InternalError, "The task took longer than limits.task_ttl"))
		case failed != nil && ctx.Err() != nil:
			t.Cancel()
		case failed != nil:
			t.Fail(failed)
		default:
			t.Complete(taskOutcome(result, err, most))
		}
	}()
	return nil
}

// taskOutcome is what a tool answered, as a JSON object.
func taskOutcome(r *protocol.ToolResult, err error, most int) []byte {
	if r == nil {
		r = protocol.ErrorResult(err.Error())
	}
	out, failed := protocol.AppendToolResult([]byte{'{'}, r)
	if failed != nil {
		out, _ = protocol.AppendToolResult([]byte{'{'}, protocol.ErrorResult("The tool's answer cannot be encoded.")) // a text always encodes
	}
	if len(out) > most {
		out, _ = protocol.AppendToolResult([]byte{'{'}, protocol.ErrorResult("The answer is larger than limits.response_size."))
	}
	return append(out, '}')
}

// taskLine is the way to the client of a task: it hears what it asks for.
type taskLine struct {
	task *task.Task
	can  protocol.Capabilities
}

// Progress shows the message beside the status. Numbers have no place there.
func (l *taskLine) Progress(_, _ float64, message string) {
	if message != "" {
		l.task.Say(message)
	}
}

// Log does nothing: tasks have no log messages.
func (l *taskLine) Log(protocol.Level, string, json.RawMessage) {}

// Can implements [dialogue.Line].
func (l *taskLine) Can() protocol.Capabilities { return l.can }

// Given are none: a task waits for its answers.
func (l *taskLine) Given() protocol.InputResponses { return nil }

// HangUp does nothing: a task holds no connection.
func (l *taskLine) HangUp() {}

// Ask implements [dialogue.Line].
func (l *taskLine) Ask(ctx context.Context, questions protocol.InputRequests) (protocol.InputResponses, error) {
	return l.task.Ask(ctx, questions)
}

// Background does the work now, as it is in the background already.
func (l *taskLine) Background(ctx context.Context, work dialogue.Work) (*protocol.ToolResult, error) {
	return work(ctx)
}

// newTasks makes the table of tasks, and the feed that tells of their changes: ids
// stand where the feed of the catalog has URIs.
func (rt *Runtime) newTasks(l schemas.Limits) {
	rt.tasks = task.NewTable(l.Tasks, int64(l.Memory)/4, time.Duration(l.TaskTTL), time.Now)
	rt.taskFeed = catalog.NewFeed()
	rt.tasks.Changed = func(id string) { rt.taskFeed.Publish(catalog.Changes{Updated: []string{id}}) }
}

// findTask returns the task that a request is about.
func (c *call) findTask() (*task.Task, *protocol.Error) {
	if c.m.ClientCapabilities()&protocol.CanTask == 0 {
		return nil, protocol.MissingCapability(protocol.CanTask)
	}
	id, err := c.m.Text("taskId")
	if err != nil {
		return nil, err
	}
	if t := c.rt.tasks.Get(id, c.principal()); t != nil {
		return t, nil
	}
	return nil, protocol.NewError(protocol.InvalidParams, "There is no such task, or it has expired")
}

func tasksGet(c *call, dst []byte) ([]byte, *protocol.Error) {
	t, err := c.findTask()
	if err != nil {
		return dst, err
	}
	return t.AppendDetailed(dst), nil
}

func tasksUpdate(c *call, dst []byte) ([]byte, *protocol.Error) {
	t, err := c.findTask()
	if err != nil {
		return dst, err
	}
	answers, err := c.inputResponses()
	if err == nil && answers == nil {
		err = protocol.NewError(protocol.InvalidParams, "params.inputResponses must be an object")
	}
	if err != nil {
		return dst, err
	}
	return dst, t.Update(answers)
}

func tasksCancel(c *call, dst []byte) ([]byte, *protocol.Error) {
	t, err := c.findTask()
	if err != nil {
		return dst, err
	}
	t.Cancel()
	return dst, nil
}

// toolError is the protocol error of a tool that has failed, nil when it has not
// or when its error is for the model.
func (rt *Runtime) toolError(name string, failed error) *protocol.Error {
	var wrong *protocol.Error
	var unanswered *dialogue.Unanswered
	switch {
	case failed == nil || errors.As(failed, &unanswered):
		return nil
	case errors.As(failed, &wrong):
		return wrong
	}
	if !errors.Is(failed, context.Canceled) {
		rt.log.Error("tool failed", "tool", name, "error", failed)
	}
	return protocol.NewError(protocol.InternalError, "The tool %s failed inside the server", name)
}
