package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/erlmcp/erlmcp/diag"
)

// needs is the argument without which a method means nothing.
var needs = map[string]string{"resources/read": "uri", "prompts/get": "name", "tools/call": "name"}

// request calls a method of MCP, or a tool by its name.
func request(ctx context.Context, s *mcp.ClientSession, arguments, method string, words []string) (any, error) {
	if !strings.Contains(method, "/") && method != "ping" {
		return callTool(ctx, s, arguments, method, words)
	}
	args, err := parseWords(words, nil)
	if err != nil {
		return nil, err
	}
	text := func(name string) string {
		v, _ := args[name].(string)
		delete(args, name)
		return v
	}
	if name := needs[method]; name != "" && args[name] == nil {
		return nil, diag.Errorf("An argument is missing", "%s needs %s=….", method, name).Fix("See what there is with erlmcp call URL %s/list.", path.Dir(method))
	}
	switch method {
	case "ping":
		return struct{}{}, s.Ping(ctx, nil)
	case "tools/list":
		return all(s.Tools(ctx, nil))
	case "resources/list":
		return all(s.Resources(ctx, nil))
	case "resources/templates/list":
		return all(s.ResourceTemplates(ctx, nil))
	case "prompts/list":
		return all(s.Prompts(ctx, nil))
	case "resources/read":
		return s.ReadResource(ctx, &mcp.ReadResourceParams{URI: text("uri")})
	case "prompts/get":
		name := text("name")
		values := map[string]string{}
		for k, v := range args {
			values[k] = fmt.Sprint(v)
		}
		return s.GetPrompt(ctx, &mcp.GetPromptParams{Name: name, Arguments: values})
	case "tools/call":
		name := text("name")
		for i, w := range words {
			if strings.HasPrefix(w, "name=") {
				words = append(append([]string{}, words[:i]...), words[i+1:]...)
				break
			}
		}
		return callTool(ctx, s, arguments, name, words)
	}
	known := []string{"ping", "tools/list", "tools/call", "resources/list", "resources/read", "resources/templates/list", "prompts/list", "prompts/get"}
	d := diag.Errorf("Unknown method", "erlmcp call has no method %q; it has %s.", method, strings.Join(known, ", "))
	if near := diag.Suggest(method, known); near != "" {
		d.Fix("Did you mean %q?", near)
	}
	return nil, d
}

func all[T any](seq func(func(T, error) bool)) ([]T, error) {
	out := []T{}
	for v, err := range seq {
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func callTool(ctx context.Context, s *mcp.ClientSession, arguments, name string, words []string) (any, error) {
	tools, err := all(s.Tools(ctx, nil))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, t := range tools {
		names = append(names, t.Name)
		if t.Name != name {
			continue
		}
		args, err := toolArguments(arguments, words, t)
		if err != nil {
			return nil, err
		}
		return s.CallTool(ctx, &mcp.CallToolParams{Name: name, Arguments: args})
	}
	d := diag.Errorf("No such tool", "The server has no tool %q; it has %s.", name, strings.Join(names, ", "))
	if near := diag.Suggest(name, names); near != "" {
		d.Fix("Did you mean %q?", near)
	}
	return nil, d
}

func toolArguments(arguments string, words []string, t *mcp.Tool) (map[string]any, error) {
	var schema struct {
		Properties map[string]struct {
			Type any `json:"type"`
		} `json:"properties"`
	}
	raw, err := json.Marshal(t.InputSchema)
	if err == nil {
		err = json.Unmarshal(raw, &schema)
	}
	if err != nil {
		return nil, fmt.Errorf("read the input schema of %s: %w", t.Name, err)
	}
	isText := map[string]bool{}
	for name, p := range schema.Properties {
		isText[name] = p.Type == "string"
	}
	args, err := parseWords(words, isText)
	if err != nil {
		return nil, err
	}
	if arguments != "" {
		v, err := parseJSON(arguments)
		given, ok := v.(map[string]any)
		if err != nil || !ok {
			return nil, diag.Errorf("Not a JSON object", "-arguments is %q.", arguments).Fix("Write one such as '{\"city\": \"Oslo\"}'.")
		}
		for k, v := range args {
			given[k] = v
		}
		args = given
	}
	return args, nil
}

// parseWords reads NAME=VALUE and NAME:=JSON. The value of a name that isText
// knows not to be a string is JSON when it reads as JSON.
func parseWords(words []string, isText map[string]bool) (map[string]any, error) {
	args := map[string]any{}
	for _, w := range words {
		name, value, ok := strings.Cut(w, "=")
		if !ok || name == "" {
			return nil, diag.Errorf("Not an argument", "%q is not of the form NAME=VALUE.", w)
		}
		if typed, isJSON := strings.CutSuffix(name, ":"); isJSON {
			v, err := parseJSON(value)
			if err != nil {
				return nil, diag.Errorf("Not JSON", "%q: %v.", w, err)
			}
			args[typed] = v
			continue
		}
		args[name] = value
		if text, known := isText[name]; known && !text {
			if v, err := parseJSON(value); err == nil {
				args[name] = v
			}
		}
	}
	return args, nil
}

// parseJSON reads one JSON value and keeps every digit of its numbers.
func parseJSON(text string) (any, error) {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	if dec.More() {
		return nil, errors.New("there is something after the value")
	}
	return v, nil
}
