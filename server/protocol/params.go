package protocol

import (
	"encoding/json"
)

// Methods.
const (
	Initialize             = "initialize"
	Ping                   = "ping"
	Discover               = "server/discover"
	ToolsList              = "tools/list"
	ToolsCall              = "tools/call"
	ResourcesList          = "resources/list"
	ResourcesRead          = "resources/read"
	ResourcesTemplatesList = "resources/templates/list"
	PromptsList            = "prompts/list"
	PromptsGet             = "prompts/get"
	SetLevel               = "logging/setLevel"
	SubscriptionsListen    = "subscriptions/listen"

	Cancelled            = "notifications/cancelled"
	Acknowledged         = "notifications/subscriptions/acknowledged"
	ToolsListChanged     = "notifications/tools/list_changed"
	ResourcesListChanged = "notifications/resources/list_changed"
	PromptsListChanged   = "notifications/prompts/list_changed"
)

// Text returns the string member of params of that name. It is an error when it
// is missing or not a string.
func (m *Message) Text(name string) (string, *Error) {
	raw := m.Params.Get(name)
	if !isString(raw) {
		return "", NewError(InvalidParams, "params.%s must be a string", name)
	}
	return text(raw), nil
}

// Arguments returns the members of params.arguments, decoded; none when it is
// absent.
func (m *Message) Arguments() (map[string]any, *Error) {
	raw := m.Params.Get("arguments")
	if raw == nil || string(raw) == "null" {
		return map[string]any{}, nil
	}
	if raw[0] != '{' {
		return nil, NewError(InvalidParams, "params.arguments must be an object")
	}
	var args map[string]any
	if err := json.Unmarshal(raw, &args); err != nil {
		return nil, NewError(InvalidParams, "params.arguments: a number is out of range")
	}
	return args, nil
}

// Cursor returns params.cursor, and whether there is one.
func (m *Message) Cursor() (string, bool, *Error) {
	raw := m.Params.Get("cursor")
	if raw == nil || string(raw) == "null" {
		return "", false, nil
	}
	if !isString(raw) {
		return "", false, NewError(InvalidParams, "params.cursor must be a string")
	}
	return text(raw), true, nil
}

// Filter is what a client wants to hear of on a stream of subscriptions/listen.
type Filter struct {
	Tools     bool `json:"toolsListChanged,omitempty"`
	Prompts   bool `json:"promptsListChanged,omitempty"`
	Resources bool `json:"resourcesListChanged,omitempty"`
}

// Filter returns params.notifications. Kinds of notification that are not in a
// [Filter] are not supported and left out.
func (m *Message) Filter() (Filter, *Error) {
	var f Filter
	raw := m.Params.Get("notifications")
	if len(raw) == 0 || raw[0] != '{' {
		return f, NewError(InvalidParams, "params.notifications must be an object")
	}
	if err := json.Unmarshal(raw, &f); err != nil {
		return f, NewError(InvalidParams, "params.notifications must hold true or false")
	}
	return f, nil
}
