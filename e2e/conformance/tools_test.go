//go:build e2e

package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server/catalog"
	"github.com/erlmcp/erlmcp/server/dialogue"
	"github.com/erlmcp/erlmcp/server/protocol"
)

// does is a tool that is a function of its client and arguments.
type does func(ctx context.Context, client *dialogue.Client, args map[string]any) (*protocol.ToolResult, error)

func (f does) Call(ctx context.Context, args map[string]any) (*protocol.ToolResult, error) {
	return f(ctx, dialogue.From(ctx), args)
}

// tool describes a tool; inputs are strings that must be given.
func tool(name, description string, f does, inputs ...string) catalog.GoTool {
	spec := schemas.Tool{Description: description, Inputs: map[string]*schemas.Input{}}
	for _, input := range inputs {
		spec.Inputs[input] = &schemas.Input{Type: "string"}
	}
	return catalog.GoTool{Name: name, Spec: spec, Does: f}
}

func say(format string, args ...any) (*protocol.ToolResult, error) {
	return &protocol.ToolResult{Content: []protocol.Content{protocol.Text(fmt.Sprintf(format, args...))}}, nil
}

// pause takes time, as work does.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// form is the JSON Schema of a form of strings that must be filled in.
func form(fields ...string) json.RawMessage {
	properties := map[string]any{}
	for _, f := range fields {
		properties[f] = map[string]string{"type": "string"}
	}
	return schema(map[string]any{"type": "object", "properties": properties, "required": fields})
}

func schema(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return raw
}

func sampling(text string, most int) dialogue.Sampling {
	return dialogue.Sampling{
		Messages:  []protocol.PromptMessage{{Role: "user", Content: protocol.Text(text)}},
		MaxTokens: most,
	}
}

// olderTools are those that the suite calls in the older era.
func olderTools() []catalog.GoTool {
	return []catalog.GoTool{
		tool("test_tool_with_logging", "Sends log messages", logging),
		tool("test_tool_with_progress", "Reports progress", progress),
		tool("test_sampling", "Asks the client's model", sample, "prompt"),
		tool("test_elicitation", "Asks the user", elicit, "message"),
		tool("test_elicitation_sep1034_defaults", "Asks with default values", defaults),
		tool("test_elicitation_sep1330_enums", "Asks for choices", choices),
		tool("test_reconnection", "Ends its stream before its answer", reconnect),
	}
}

func logging(ctx context.Context, client *dialogue.Client, _ map[string]any) (*protocol.ToolResult, error) {
	for _, text := range []string{"Tool execution started", "Tool processing data", "Tool execution completed"} {
		if err := client.Log(protocol.Info, "fixture", text); err != nil {
			return nil, err
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return nil, err
		}
	}
	return say("Logged.")
}

func progress(ctx context.Context, client *dialogue.Client, _ map[string]any) (*protocol.ToolResult, error) {
	for _, percent := range []float64{0, 50, 100} {
		client.Progress(percent, 100, "")
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return nil, err
		}
	}
	return say("Done.")
}

func sample(ctx context.Context, client *dialogue.Client, args map[string]any) (*protocol.ToolResult, error) {
	answer, err := client.Sample(ctx, "llm", sampling(args["prompt"].(string), 100))
	if err != nil {
		return nil, err
	}
	return say("LLM response: %s", answer.Content[0].Text)
}

func elicit(ctx context.Context, client *dialogue.Client, args map[string]any) (*protocol.ToolResult, error) {
	return fill(ctx, client, args["message"].(string), form("username", "email"))
}

func fill(ctx context.Context, client *dialogue.Client, message string, schema json.RawMessage) (*protocol.ToolResult, error) {
	answer, err := client.Elicit(ctx, "form", dialogue.Form{Message: message, Schema: schema})
	if err != nil {
		return nil, err
	}
	content, err := json.Marshal(answer.Content)
	if err != nil {
		return nil, err
	}
	return say("User response: action=%s, content=%s", answer.Action, content)
}

func defaults(ctx context.Context, client *dialogue.Client, _ map[string]any) (*protocol.ToolResult, error) {
	return fill(ctx, client, "Please check these values", schema(map[string]any{"type": "object", "properties": map[string]any{
		"name":     map[string]any{"type": "string", "default": "John Doe"},
		"age":      map[string]any{"type": "integer", "default": 30},
		"score":    map[string]any{"type": "number", "default": 95.5},
		"status":   map[string]any{"type": "string", "enum": []string{"active", "inactive", "pending"}, "default": "active"},
		"verified": map[string]any{"type": "boolean", "default": true},
	}}))
}

func choices(ctx context.Context, client *dialogue.Client, _ map[string]any) (*protocol.ToolResult, error) {
	options := []string{"option1", "option2", "option3"}
	titled := func(noun string) []map[string]string {
		return []map[string]string{
			{"const": "value1", "title": "First " + noun}, {"const": "value2", "title": "Second " + noun}, {"const": "value3", "title": "Third " + noun},
		}
	}
	return fill(ctx, client, "Please choose", schema(map[string]any{"type": "object", "properties": map[string]any{
		"untitledSingle": map[string]any{"type": "string", "enum": options},
		"titledSingle":   map[string]any{"type": "string", "oneOf": titled("Option")},
		"legacyEnum":     map[string]any{"type": "string", "enum": []string{"opt1", "opt2", "opt3"}, "enumNames": []string{"Option One", "Option Two", "Option Three"}},
		"untitledMulti":  map[string]any{"type": "array", "items": map[string]any{"type": "string", "enum": options}},
		"titledMulti":    map[string]any{"type": "array", "items": map[string]any{"anyOf": titled("Choice")}},
	}}))
}

func reconnect(ctx context.Context, client *dialogue.Client, _ map[string]any) (*protocol.ToolResult, error) {
	client.HangUp()
	if err := pause(ctx, 100*time.Millisecond); err != nil {
		return nil, err
	}
	return say("Here again.")
}
