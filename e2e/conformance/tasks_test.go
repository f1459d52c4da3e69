//go:build e2e

package conformance

import (
	"context"
	"time"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server/catalog"
	"github.com/erlmcp/erlmcp/server/dialogue"
	"github.com/erlmcp/erlmcp/server/protocol"
)

// taskTools are those whose calls go on as tasks.
func taskTools() []catalog.GoTool {
	optional, required := false, true
	as := func(mode string, t catalog.GoTool) catalog.GoTool {
		t.Spec.Task = mode
		return t
	}
	slow := as("optional", tool("slow_compute", "Takes its time", compute, "label"))
	slow.Spec.Inputs["label"].Required = &optional
	slow.Spec.Inputs["seconds"] = &schemas.Input{Type: "number", Required: &required}
	return []catalog.GoTool{
		slow,
		as("required", tool("failing_job", "Fails after a second", fail)),
		as("optional", tool("protocol_error_job", "Breaks", protocolError)),
		as("optional", tool("confirm_delete", "Asks before it deletes", confirmDelete, "filename")),
		as("optional", tool("multi_input", "Asks two things at once", multiInput)),
		tool("test_tool_with_task", "Asks, then goes on as a task", askThenWork),
	}
}

func compute(ctx context.Context, _ *dialogue.Client, args map[string]any) (*protocol.ToolResult, error) {
	if err := pause(ctx, time.Duration(args["seconds"].(float64)*float64(time.Second))); err != nil {
		return nil, err
	}
	return say("Computed %v.", args["label"])
}

func fail(ctx context.Context, _ *dialogue.Client, _ map[string]any) (*protocol.ToolResult, error) {
	if err := pause(ctx, time.Second); err != nil {
		return nil, err
	}
	return protocol.ErrorResult("The job failed."), nil
}

func protocolError(context.Context, *dialogue.Client, map[string]any) (*protocol.ToolResult, error) {
	return nil, protocol.NewError(protocol.InternalError, "the job broke")
}

var sure = dialogue.Form{Message: "Are you sure?", Schema: schema(map[string]any{
	"type": "object", "properties": map[string]any{"confirm": map[string]string{"type": "boolean"}}, "required": []string{"confirm"},
})}

func confirmDelete(ctx context.Context, client *dialogue.Client, args map[string]any) (*protocol.ToolResult, error) {
	answer, err := client.Elicit(ctx, "confirm", sure)
	if err != nil {
		return nil, err
	}
	return say("%s: confirm is %v", args["filename"], answer.Content["confirm"])
}

func multiInput(ctx context.Context, client *dialogue.Client, _ map[string]any) (*protocol.ToolResult, error) {
	answers, err := client.Ask(ctx, protocol.InputRequests{"name": nameForm.Question(), "confirm": sure.Question()})
	if err != nil {
		return nil, err
	}
	return say("%d answers", len(answers))
}

func askThenWork(ctx context.Context, client *dialogue.Client, _ map[string]any) (*protocol.ToolResult, error) {
	answer, err := client.Elicit(ctx, "user_name", nameForm)
	if err != nil {
		return nil, err
	}
	return client.Background(ctx, func(ctx context.Context) (*protocol.ToolResult, error) {
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return nil, err
		}
		return say("Worked for %v.", answer.Content["name"])
	})
}
