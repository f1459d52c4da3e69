package protocol

import (
	"encoding/json"
	"maps"
	"slices"
)

// Methods that a server asks of a client.
const (
	SamplingCreate    = "sampling/createMessage"
	ElicitationCreate = "elicitation/create"
	RootsList         = "roots/list"
)

// InputRequest is a question to the client in the middle of a request: sampling,
// elicitation or roots (MCP 2026-07-28, schema, "InputRequest").
type InputRequest struct {
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
}

// InputRequests are questions by keys that tell their answers apart.
type InputRequests map[string]InputRequest

// InputResponses are answers by the keys of their questions: each the result that
// the question's method has.
type InputResponses map[string]json.RawMessage

// Keys are the keys in order.
func (r InputRequests) Keys() []string { return slices.Sorted(maps.Keys(r)) }

// Needs is what the client must be able to do to answer.
func (r InputRequest) Needs() Capabilities {
	switch r.Method {
	case SamplingCreate:
		var p struct {
			Tools          json.RawMessage `json:"tools"`
			IncludeContext string          `json:"includeContext"`
		}
		needs := CanSample
		if json.Unmarshal(r.Params, &p) == nil {
			if p.Tools != nil {
				needs |= CanSampleTools
			}
			if p.IncludeContext != "" && p.IncludeContext != "none" {
				needs |= CanSampleContext
			}
		}
		return needs
	case ElicitationCreate:
		var p struct {
			Mode string `json:"mode"`
		}
		if json.Unmarshal(r.Params, &p) == nil && p.Mode == "url" {
			return CanElicitURL
		}
		return CanElicit
	}
	return CanListRoots
}

// Fits checks that an answer has the form of the method's result. The error says
// what is wrong with it.
func (r InputRequest) Fits(answer json.RawMessage) *Error {
	var ok bool
	switch r.Method {
	case SamplingCreate:
		var s struct {
			Role    string          `json:"role"`
			Content json.RawMessage `json:"content"`
			Model   string          `json:"model"`
		}
		ok = json.Unmarshal(answer, &s) == nil && s.Role != "" && s.Content != nil
	case ElicitationCreate:
		var e struct {
			Action  string          `json:"action"`
			Content json.RawMessage `json:"content"`
		}
		ok = json.Unmarshal(answer, &e) == nil && (e.Action == "accept" || e.Action == "decline" || e.Action == "cancel") && isObjectOrNone(e.Content)
		if ok && e.Action == "accept" {
			return fitsForm(r.Params, e.Content)
		}
	default:
		var l struct {
			Roots *[]struct {
				URI string `json:"uri"`
			} `json:"roots"`
		}
		ok = json.Unmarshal(answer, &l) == nil && l.Roots != nil
	}
	if !ok {
		return NewError(InvalidParams, "the answer to %s is not a result of it", r.Method)
	}
	return nil
}

// isObjectOrNone reports whether raw is an object, null or not there.
func isObjectOrNone(raw json.RawMessage) bool {
	var object map[string]json.RawMessage
	return raw == nil || json.Unmarshal(raw, &object) == nil
}

// InputResponses returns params.inputResponses; nil when there are none.
func (m *Message) InputResponses() (InputResponses, *Error) {
	raw := m.Params.Get("inputResponses")
	if raw == nil {
		return nil, nil
	}
	var out InputResponses
	if raw[0] != '{' || json.Unmarshal(raw, &out) != nil {
		return nil, NewError(InvalidParams, "params.inputResponses must be an object")
	}
	for key, answer := range out {
		if len(answer) == 0 || answer[0] != '{' {
			return nil, NewError(InvalidParams, "params.inputResponses: the answer %q must be an object", clip(key, maxQuote))
		}
	}
	return out, nil
}

// AppendInputRequests appends questions as a member of an object.
func AppendInputRequests(dst []byte, requests InputRequests) []byte {
	dst = append(Field(dst, "inputRequests"), '{')
	for i, key := range requests.Keys() {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(AppendString(dst, key), ':')
		dst = appendInputRequest(dst, requests[key])
	}
	return append(dst, '}')
}

func appendInputRequest(dst []byte, r InputRequest) []byte {
	dst = AppendString(append(dst, `{"method":`...), r.Method)
	dst = append(dst, `,"params":`...)
	if len(r.Params) == 0 {
		dst = append(dst, `{}`...)
	}
	return append(append(dst, r.Params...), '}')
}
