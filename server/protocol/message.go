package protocol

import (
	"encoding/json"
	"sync"
	"unicode/utf8"
)

// Kind says what a message is.
type Kind uint8

const (
	Request      Kind = iota + 1 // has an id and wants an answer
	Notification                 // has no id
	Response                     // answers a request of ours
	Batch                        // several messages; see Message.Batch
)

// Message is one decoded JSON-RPC message. Its raw parts alias the input of
// [Decode] and live as long as that does.
type Message struct {
	Kind   Kind
	ID     json.RawMessage // a string or a number, as it was written; nil without one
	Method string
	Params Object            // members of params; nil when there are none
	Meta   Object            // members of params._meta
	Batch  []json.RawMessage // the messages of a batch, not yet decoded
	Result json.RawMessage   // of a response; nil when it is an error
	Error  json.RawMessage   // of a response; nil when it is a result

	parts *parts // that Params and Meta are made of
}

// parts is the memory of the objects of a message, for messages to come.
type parts struct{ top, params, meta Object }

var partsPool = sync.Pool{New: func() any { return new(parts) }}

// Release gives back what the message is made of. Neither Params nor Meta may be
// used afterwards. Messages need not be released.
func (m *Message) Release() {
	if m.parts == nil {
		return
	}
	clear(m.parts.top)
	clear(m.Params)
	clear(m.Meta)
	partsPool.Put(m.parts)
	m.parts, m.Params, m.Meta = nil, nil, nil
}

// Member is one member of an object.
type Member struct {
	Name  string
	Value json.RawMessage
}

// Object is the members of a JSON object in their order, values raw.
type Object []Member

// Get returns the value of a member, or nil.
func (o Object) Get(name string) json.RawMessage {
	for i := range o {
		if o[i].Name == name {
			return o[i].Value
		}
	}
	return nil
}

// MaxBatch is the most messages of a batch.
const MaxBatch = 100

// Decode reads one message. Syntax is checked in full, nesting is bounded by
// depth, and a member that stands twice in the message, its params or its _meta
// is refused, so that nobody can read it in two ways. On error the message holds
// the id when it could be read.
func Decode(data []byte, depth int) (Message, *Error) {
	var m Message
	err := m.Decode(data, depth)
	return m, err
}

// Decode is [Decode] for an empty message.
func (m *Message) Decode(data []byte, depth int) *Error {
	if !utf8.Valid(data) {
		return NewError(ParseError, "the message is not valid UTF-8")
	}
	s := scanner{data: data, depth: depth}
	s.space()
	if s.peek() == '[' {
		return m.decodeBatch(&s)
	}
	m.parts = partsPool.Get().(*parts)
	if err := s.message(m.parts, m); err != nil {
		return err
	}
	if err := s.end(); err != nil {
		m.Release()
		return err
	}
	return m.classify(m.parts.top)
}

func (m *Message) decodeBatch(s *scanner) *Error {
	m.Kind = Batch
	if err := s.array(&m.Batch); err != nil {
		return err
	}
	if err := s.end(); err != nil {
		return err
	}
	switch {
	case len(m.Batch) == 0:
		return NewError(InvalidRequest, "the batch is empty")
	case len(m.Batch) > MaxBatch:
		return NewError(InvalidRequest, "the batch has more than %d messages", MaxBatch)
	}
	return nil
}

// classify checks the envelope (JSON-RPC 2.0, section 4).
func (m *Message) classify(top Object) *Error {
	id := top.Get("id")
	if validID(id) {
		m.ID = id
	}
	if string(top.Get("jsonrpc")) != `"2.0"` {
		return NewError(InvalidRequest, `the message has no "jsonrpc": "2.0"`)
	}
	method := top.Get("method")
	if method == nil {
		if top.Get("result") == nil && top.Get("error") == nil {
			return NewError(InvalidRequest, "the message has no method")
		}
		m.Kind, m.Result, m.Error = Response, top.Get("result"), top.Get("error")
		return nil
	}
	if method[0] != '"' {
		return NewError(InvalidRequest, "the method is not a string")
	}
	m.Method = text(method)
	if id != nil && m.ID == nil {
		return NewError(InvalidRequest, "the id is neither a string nor a number")
	}
	m.Kind = Notification
	if m.ID != nil {
		m.Kind = Request
	}
	if p := top.Get("params"); p != nil && p[0] != '{' && string(p) != "null" {
		return NewError(InvalidParams, "params is not an object")
	}
	return nil
}

func validID(id json.RawMessage) bool {
	return len(id) > 0 && (id[0] == '"' || id[0] == '-' || id[0] >= '0' && id[0] <= '9')
}

// text is the value of a JSON string that the scanner has accepted.
func text(raw json.RawMessage) string {
	inner := raw[1 : len(raw)-1]
	for _, c := range inner {
		if c == '\\' {
			var s string
			if json.Unmarshal(raw, &s) != nil {
				return ""
			}
			return s
		}
	}
	return intern(inner)
}
