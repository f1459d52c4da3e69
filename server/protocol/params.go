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
	ResourcesSubscribe     = "resources/subscribe"
	ResourcesUnsubscribe   = "resources/unsubscribe"
	Complete               = "completion/complete"
	SetLevel               = "logging/setLevel"
	SubscriptionsListen    = "subscriptions/listen"
	TasksGet               = "tasks/get"
	TasksUpdate            = "tasks/update"
	TasksCancel            = "tasks/cancel"

	Cancelled            = "notifications/cancelled"
	Progress             = "notifications/progress"
	LogMessage           = "notifications/message"
	TaskChanged          = "notifications/tasks"
	ElicitationComplete  = "notifications/elicitation/complete"
	ResourcesUpdated     = "notifications/resources/updated"
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
// absent. Numbers are float64, but for integers that a float64 cannot hold: these
// are json.Number, so that they keep all their digits. A number beyond the range
// of float64 is an error.
func (m *Message) Arguments() (map[string]any, *Error) {
	raw := m.Params.Get("arguments")
	if raw == nil || string(raw) == "null" {
		return map[string]any{}, nil
	}
	if raw[0] != '{' {
		return nil, NewError(InvalidParams, "params.arguments must be an object")
	}
	v := values{data: raw}
	args := v.object()
	if v.err != nil {
		return nil, NewError(InvalidParams, "params.arguments: a number is out of range")
	}
	return args, nil
}

// Values is about how many values there are in JSON that was accepted: what it takes
// as it was written says little of what it takes when it is decoded.
func Values(raw json.RawMessage) int {
	n, inside := 1, false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case c == '"':
			inside = !inside
		case inside && c == '\\':
			i++
		case !inside && (c == ',' || c == '[' || c == '{'):
			n++
		}
	}
	return n
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
	// URIs are resources whose changes the client wants to hear of, and Tasks the
	// ids of tasks (the Tasks extension, "Task Status Notifications").
	URIs  []string `json:"resourceSubscriptions,omitempty"`
	Tasks []string `json:"taskIds,omitempty"`
}

// MaxSubscribed is the most resources, and the most tasks, that one client may
// subscribe to at a time.
const MaxSubscribed = 1000

// maxFiltered is the most values of a filter that is looked into.
const maxFiltered = 4 * MaxSubscribed

func tooManySubscribed() *Error {
	return NewError(InvalidParams, "params.notifications has more than %d subscriptions", MaxSubscribed)
}

// Filter returns params.notifications. Kinds of notification that are not in a
// [Filter] are not supported and left out.
func (m *Message) Filter() (Filter, *Error) {
	var f Filter
	raw := m.Params.Get("notifications")
	if len(raw) == 0 || raw[0] != '{' {
		return f, NewError(InvalidParams, "params.notifications must be an object")
	}
	if Values(raw) > maxFiltered {
		return f, tooManySubscribed()
	}
	if err := json.Unmarshal(raw, &f); err != nil {
		return f, NewError(InvalidParams, "params.notifications: %v", err)
	}
	if len(f.URIs) > MaxSubscribed || len(f.Tasks) > MaxSubscribed {
		return f, tooManySubscribed()
	}
	return f, nil
}
