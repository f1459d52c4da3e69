//go:build e2e

package conformance

import (
	"context"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server/catalog"
	"github.com/erlmcp/erlmcp/server/dialogue"
	"github.com/erlmcp/erlmcp/server/protocol"
)

// roundTools are those that need several rounds with a modern client. change
// changes what the server offers.
func roundTools(change func(tools, prompts bool) error) []catalog.GoTool {
	confirm := dialogue.Form{Message: "Please confirm", Schema: schema(map[string]any{
		"type": "object", "properties": map[string]any{"ok": map[string]string{"type": "boolean"}}, "required": []string{"ok"},
	})}
	confirmed := func(ctx context.Context, client *dialogue.Client, _ map[string]any) (*protocol.ToolResult, error) {
		answer, err := client.Elicit(ctx, "confirm", confirm)
		if err != nil {
			return nil, err
		}
		return say("state-ok: %s", answer.Action)
	}
	changes := func(tools, prompts bool) does {
		return func(context.Context, *dialogue.Client, map[string]any) (*protocol.ToolResult, error) {
			if err := change(tools, prompts); err != nil {
				return nil, err
			}
			return say("Changed.")
		}
	}
	return []catalog.GoTool{
		tool("test_input_required_result_elicitation", "Asks for a name", askName),
		tool("test_input_required_result_sampling", "Asks the client's model", askModel),
		tool("test_input_required_result_list_roots", "Asks for roots", askRoots),
		tool("test_input_required_result_request_state", "Asks to confirm", confirmed),
		tool("test_input_required_result_tampered_state", "Asks to confirm", confirmed),
		tool("test_input_required_result_multiple_inputs", "Asks several things at once", askMany),
		tool("test_input_required_result_multi_round", "Asks one thing after the other", askTwice),
		tool("test_input_required_result_capabilities", "Asks what the client can answer", askAble),
		tool("test_missing_capability", "Needs sampling", sampleAnything),
		tool("test_streaming_elicitation", "Reports progress, then asks", progressAndAsk),
		tool("test_logging_tool", "Sends a log message", logging),
		tool("test_trigger_tool_change", "Changes the tools", changes(true, false)),
		tool("test_trigger_prompt_change", "Changes the prompts", changes(false, true)),
	}
}

var nameForm = dialogue.Form{Message: "What is your name?", Schema: form("name")}

func askName(ctx context.Context, client *dialogue.Client, _ map[string]any) (*protocol.ToolResult, error) {
	answer, err := client.Elicit(ctx, "user_name", nameForm)
	if err != nil {
		return nil, err
	}
	return say("Hello, %v!", answer.Content["name"])
}

func askModel(ctx context.Context, client *dialogue.Client, _ map[string]any) (*protocol.ToolResult, error) {
	answer, err := client.Sample(ctx, "capital_question", sampling("What is the capital of France?", 100))
	if err != nil {
		return nil, err
	}
	return say("%s", answer.Content[0].Text)
}

func askRoots(ctx context.Context, client *dialogue.Client, _ map[string]any) (*protocol.ToolResult, error) {
	roots, err := client.Roots(ctx, "client_roots")
	if err != nil {
		return nil, err
	}
	return say("Roots: %v", roots)
}

func askMany(ctx context.Context, client *dialogue.Client, _ map[string]any) (*protocol.ToolResult, error) {
	answers, err := client.Ask(ctx, protocol.InputRequests{
		"user_name":    nameForm.Question(),
		"greeting":     sampling("Generate a greeting", 50).Question(),
		"client_roots": dialogue.Roots(),
	})
	if err != nil {
		return nil, err
	}
	return say("%d answers", len(answers))
}

func askTwice(ctx context.Context, client *dialogue.Client, _ map[string]any) (*protocol.ToolResult, error) {
	name, err := client.Elicit(ctx, "step1", dialogue.Form{Message: "Step 1: What is your name?", Schema: form("name")})
	if err != nil {
		return nil, err
	}
	colour, err := client.Elicit(ctx, "step2", dialogue.Form{Message: "Step 2: What is your favorite color?", Schema: form("color")})
	if err != nil {
		return nil, err
	}
	return say("%v likes %v", name.Content["name"], colour.Content["color"])
}

func askAble(ctx context.Context, client *dialogue.Client, _ map[string]any) (*protocol.ToolResult, error) {
	questions := protocol.InputRequests{}
	if client.Can(protocol.CanSample) {
		questions["greeting"] = sampling("Generate a greeting", 50).Question()
	}
	if client.Can(protocol.CanElicit) {
		questions["user_name"] = nameForm.Question()
	}
	answers, err := client.Ask(ctx, questions)
	if err != nil {
		return nil, err
	}
	return say("%d answers", len(answers))
}

func sampleAnything(ctx context.Context, client *dialogue.Client, _ map[string]any) (*protocol.ToolResult, error) {
	answer, err := client.Sample(ctx, "anything", sampling("Say anything", 10))
	if err != nil {
		return nil, err
	}
	return say("%s", answer.Content[0].Text)
}

func progressAndAsk(ctx context.Context, client *dialogue.Client, args map[string]any) (*protocol.ToolResult, error) {
	client.Progress(1, 2, "half")
	return askName(ctx, client, args)
}

// roundPrompts are prompts that ask their client.
func roundPrompts() []catalog.GoPrompt {
	return []catalog.GoPrompt{{
		Name: "test_input_required_result_prompt",
		Spec: schemas.Prompt{Description: "Asks what it should be about"},
		Does: func(ctx context.Context, _ map[string]string) (*protocol.PromptResult, error) {
			answer, err := dialogue.From(ctx).Elicit(ctx, "user_context", dialogue.Form{
				Message: "What context should the prompt use?", Schema: form("context"),
			})
			if err != nil {
				return nil, err
			}
			text := protocol.Text("Use this context: " + answer.Content["context"].(string))
			return &protocol.PromptResult{Messages: []protocol.PromptMessage{{Role: "user", Content: text}}}, nil
		},
	}}
}
