package protocol

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unicode/utf8"
)

// Era is how results are dressed: what a modern result says beyond its content.
type Era struct {
	Modern bool
	// Server is the Implementation object of this server (MCP 2026-07-28, basic,
	// "Per-response protocol fields"); only modern results carry it.
	Server json.RawMessage
}

// Cache is the caching hint of a modern result (server/utilities/caching). The
// zero value gives none.
type Cache struct {
	TTL   int64 // milliseconds that the result stays fresh
	Scope string
}

// The kinds of result of the modern era (resultType).
const (
	Completed     = "complete"
	InputRequired = "input_required"
	TaskCreated   = "task"
)

// BeginResult appends an answer up to the place where the members of its result
// go; [EndResult] closes it. Between them each member is appended with a comma
// before it; see [Field]. kind is left out of legacy results.
func (e Era) BeginResult(dst []byte, id json.RawMessage, kind string) []byte {
	dst = append(dst, `{"jsonrpc":"2.0","id":`...)
	dst = append(dst, id...)
	dst = append(dst, `,"result":{`...)
	if e.Modern {
		dst = append(append(dst, `"resultType":"`...), kind...)
		dst = append(dst, `","_meta":{"`+MetaServerInfo+`":`...)
		dst = append(dst, e.Server...)
		dst = append(dst, '}')
	}
	return dst
}

// Field appends the name of a member of an object that dst is in the middle of,
// with a comma when it is not the first.
func Field(dst []byte, name string) []byte {
	if last := dst[len(dst)-1]; last != '{' {
		dst = append(dst, ',')
	}
	dst = append(dst, '"')
	dst = append(dst, name...)
	return append(dst, `":`...)
}

// EndResult closes what BeginResult opened.
func (e Era) EndResult(dst []byte, c Cache) []byte {
	if e.Modern && c.Scope != "" {
		dst = strconv.AppendInt(Field(dst, "ttlMs"), c.TTL, 10)
		dst = AppendString(Field(dst, "cacheScope"), c.Scope)
	}
	return append(dst, `}}`...)
}

// AppendError appends an answer that is an error. A nil id is written as null,
// which JSON-RPC asks for when the id could not be read.
func AppendError(dst []byte, id json.RawMessage, err *Error) []byte {
	dst = append(dst, `{"jsonrpc":"2.0","id":`...)
	if id == nil {
		dst = append(dst, "null"...)
	}
	dst = append(dst, id...)
	dst = AppendErrorObject(append(dst, `,"error":`...), err)
	return append(dst, '}')
}

// AppendErrorObject appends an error without the answer around it.
func AppendErrorObject(dst []byte, err *Error) []byte {
	dst = append(dst, `{"code":`...)
	dst = strconv.AppendInt(dst, int64(err.Code), 10)
	dst = AppendString(append(dst, `,"message":`...), err.Message)
	if err.Data != nil {
		if data, e := json.Marshal(err.Data); e == nil {
			dst = append(append(dst, `,"data":`...), data...)
		}
	}
	return append(dst, '}')
}

// AppendNotification appends a notification. On the stream of a subscription,
// named by its id, it says so in _meta; otherwise subscription is nil.
func AppendNotification(dst []byte, method string, subscription json.RawMessage) []byte {
	dst = append(dst, `{"jsonrpc":"2.0","method":"`...)
	dst = append(dst, method...)
	dst = append(dst, '"')
	if subscription != nil {
		dst = append(dst, `,"params":{"_meta":{"`+MetaSubscriptionID+`":`...)
		dst = append(dst, subscription...)
		dst = append(dst, `}}`...)
	}
	return append(dst, '}')
}

// BeginNotification appends a notification on the stream of a subscription up to
// the place where the members of its params go, after _meta. Two closing braces
// end it.
func BeginNotification(dst []byte, method string, subscription json.RawMessage) []byte {
	dst = append(append(dst, `{"jsonrpc":"2.0","method":"`...), method...)
	dst = append(append(dst, `","params":{"_meta":{"`+MetaSubscriptionID+`":`...), subscription...)
	return append(dst, '}')
}

// AppendAcknowledged appends the first message of a subscription's stream.
func AppendAcknowledged(dst []byte, subscription json.RawMessage, f Filter) []byte {
	dst = append(dst, `{"jsonrpc":"2.0","method":"`+Acknowledged+`","params":{"_meta":{"`+MetaSubscriptionID+`":`...)
	dst = append(dst, subscription...)
	dst = append(dst, `},"notifications":{`...)
	for _, n := range []struct {
		name string
		on   bool
	}{{"toolsListChanged", f.Tools}, {"promptsListChanged", f.Prompts}, {"resourcesListChanged", f.Resources}} {
		if n.on {
			dst = append(Field(dst, n.name), "true"...)
		}
	}
	dst = appendStrings(dst, "resourceSubscriptions", f.URIs)
	dst = appendStrings(dst, "taskIds", f.Tasks)
	return append(dst, `}}}`...)
}

// appendStrings appends a list of strings as a member, unless it is empty.
func appendStrings(dst []byte, name string, list []string) []byte {
	if len(list) == 0 {
		return dst
	}
	dst = append(Field(dst, name), '[')
	for i, s := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendString(dst, s)
	}
	return append(dst, ']')
}

// AppendListenEnd appends the answer to subscriptions/listen, which ends the
// stream in good order (basic/patterns/subscriptions, "Graceful Closure").
func (e Era) AppendListenEnd(dst []byte, id json.RawMessage) []byte {
	dst = append(dst, `{"jsonrpc":"2.0","id":`...)
	dst = append(dst, id...)
	dst = append(dst, `,"result":{"resultType":"complete","_meta":{"`+MetaServerInfo+`":`...)
	dst = append(dst, e.Server...)
	dst = append(dst, `,"`+MetaSubscriptionID+`":`...)
	dst = append(dst, id...)
	return append(dst, `}}}`...)
}

// AppendToolResult appends the members of the result of tools/call.
func AppendToolResult(dst []byte, r *ToolResult) ([]byte, error) {
	dst = append(Field(dst, "content"), '[')
	for i := range r.Content {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = AppendContent(dst, &r.Content[i]); err != nil {
			return dst, err
		}
	}
	dst = append(dst, ']')
	if r.StructuredContent != nil {
		// On one line, as messages are in events and on raw connections.
		line := bytes.NewBuffer(Field(dst, "structuredContent"))
		if err := json.Compact(line, r.StructuredContent); err != nil {
			return dst, err
		}
		dst = line.Bytes()
	}
	if r.IsError {
		dst = append(Field(dst, "isError"), "true"...)
	}
	return dst, nil
}

// AppendPromptResult appends the members of the result of prompts/get.
func AppendPromptResult(dst []byte, r *PromptResult) ([]byte, error) {
	if r.Description != "" {
		dst = AppendString(Field(dst, "description"), r.Description)
	}
	dst = append(Field(dst, "messages"), '[')
	for i := range r.Messages {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendString(append(dst, `{"role":`...), r.Messages[i].Role)
		var err error
		if dst, err = AppendContent(append(dst, `,"content":`...), &r.Messages[i].Content); err != nil {
			return dst, err
		}
		dst = append(dst, '}')
	}
	return append(dst, ']'), nil
}

// AppendContent appends a piece of content.
func AppendContent(dst []byte, c *Content) ([]byte, error) {
	if c.Passed != nil {
		return append(dst, c.Passed...), nil
	}
	if c.Type == "text" && c.Annotations == nil {
		dst = AppendString(append(dst, `{"type":"text","text":`...), c.Text)
		return append(dst, '}'), nil
	}
	raw, err := json.Marshal(c)
	return append(dst, raw...), err
}

const hex = "0123456789abcdef"

// AppendString appends s as a JSON string. What is not valid UTF-8 becomes
// U+FFFD.
func AppendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				dst = append(append(dst, s[start:i]...), "\ufffd"...)
				start = i + size
			}
			i += size
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		dst = append(append(dst, s[start:i]...), '\\')
		switch c {
		case '"', '\\':
			dst = append(dst, c)
		case '\n':
			dst = append(dst, 'n')
		case '\r':
			dst = append(dst, 'r')
		case '\t':
			dst = append(dst, 't')
		default:
			dst = append(dst, 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		start = i
	}
	return append(append(dst, s[start:]...), '"')
}
