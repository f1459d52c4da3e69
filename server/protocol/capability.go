package protocol

import (
	"encoding/json"
	"strings"
)

// Capabilities are what a client has declared that it can do (MCP, schema,
// "ClientCapabilities"), as far as this server makes use of it.
type Capabilities uint16

// What a client can do.
const (
	CanSample        Capabilities = 1 << iota // sampling/createMessage
	CanSampleTools                            // with tools for the model
	CanSampleContext                          // with includeContext
	CanElicit                                 // elicitation/create, with a form
	CanElicitURL                              // elicitation/create, with a URL to visit
	CanListRoots                              // roots/list
	CanTask                                   // the Tasks extension
)

// TasksExtension names the Tasks extension among capabilities.
const TasksExtension = "io.modelcontextprotocol/tasks"

// maxCapabilities is the longest ClientCapabilities object that is looked into.
const maxCapabilities = 64 << 10

// ReadCapabilities reads a ClientCapabilities object. What it does not know it
// passes over; what is not an object, or is far too long, declares nothing.
func ReadCapabilities(raw json.RawMessage) Capabilities {
	if len(raw) > maxCapabilities {
		return 0
	}
	var c struct {
		Sampling *struct {
			Tools, Context json.RawMessage
		}
		Elicitation *struct {
			Form, URL json.RawMessage
		}
		Roots      json.RawMessage
		Extensions map[string]json.RawMessage
	}
	if json.Unmarshal(raw, &c) != nil {
		return 0
	}
	var out Capabilities
	add := func(declared json.RawMessage, what Capabilities) {
		if len(declared) > 0 && string(declared) != "null" {
			out |= what
		}
	}
	if s := c.Sampling; s != nil {
		out |= CanSample
		add(s.Tools, CanSampleTools)
		add(s.Context, CanSampleContext)
	}
	if e := c.Elicitation; e != nil {
		add(e.Form, CanElicit)
		add(e.URL, CanElicitURL)
		if e.URL == nil {
			out |= CanElicit // an empty object means forms
		}
	}
	add(c.Roots, CanListRoots)
	add(c.Extensions[TasksExtension], CanTask)
	return out
}

// MissingCapability is the error for a request that cannot be served to a client
// that lacks capabilities (MCP 2026-07-28, schema,
// "MissingRequiredClientCapabilityError").
func MissingCapability(missing Capabilities) *Error {
	object, name := map[string]any{}, "the Tasks extension"
	empty := map[string]any{}
	switch {
	case missing&CanSampleTools != 0:
		object["sampling"], name = map[string]any{"tools": empty}, "sampling with tools"
	case missing&CanSampleContext != 0:
		object["sampling"], name = map[string]any{"context": empty}, "sampling with context"
	case missing&CanSample != 0:
		object["sampling"], name = empty, "sampling"
	}
	switch {
	case missing&CanElicitURL != 0:
		object["elicitation"], name = map[string]any{"url": empty}, "elicitation by URL"
	case missing&CanElicit != 0:
		object["elicitation"], name = empty, "elicitation"
	}
	if missing&CanListRoots != 0 {
		object["roots"], name = empty, "roots"
	}
	if missing&CanTask != 0 {
		object["extensions"] = map[string]any{TasksExtension: empty}
	}
	return &Error{
		Code:    MissingClientCapability,
		Message: strings.TrimSpace("This needs a client with a capability that it has not declared: " + name),
		Data:    map[string]any{"requiredCapabilities": object},
	}
}
