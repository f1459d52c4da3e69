package protocol

import (
	"encoding/json"
	"unicode/utf8"
)

// scanner checks JSON (RFC 8259) in one pass and notes where the parts lie that
// the envelope is made of.
type scanner struct {
	data  []byte
	pos   int
	depth int // levels of nesting that are left
}

// maxMembers is the most members of a message, its params or its _meta, which
// are looked up one after the other.
const maxMembers = 128

// message reads the object of a message, and what lies in params and
// params._meta into m.
func (s *scanner) message(all *parts, m *Message) *Error {
	all.top, all.params, all.meta = all.top[:0], all.params[:0], all.meta[:0]
	if s.peek() != '{' {
		if err := s.value(); err != nil {
			return err
		}
		return NewError(InvalidRequest, "the message is not an object")
	}
	return s.object(&all.top, func(name string) *Error {
		if name != "params" || s.peek() != '{' {
			return s.value()
		}
		err := s.object(&all.params, func(name string) *Error {
			if name != "_meta" || s.peek() != '{' {
				return s.value()
			}
			err := s.object(&all.meta, func(string) *Error { return s.value() })
			m.Meta = all.meta
			return err
		})
		m.Params = all.params
		return err
	})
}

// object reads an object, calls member at each value, which it must consume,
// and notes the members in into.
func (s *scanner) object(into *Object, member func(name string) *Error) *Error {
	if err := s.enter(); err != nil {
		return err
	}
	s.space()
	if s.peek() == '}' {
		s.leave()
		return nil
	}
	for {
		s.space()
		start := s.pos
		if err := s.str(); err != nil {
			return err
		}
		name := text(s.data[start:s.pos])
		s.space()
		if s.peek() != ':' {
			return s.unexpected()
		}
		s.pos++
		s.space()
		if into.Get(name) != nil {
			return NewError(InvalidRequest, "the member %q stands twice", clip(name, maxQuote))
		}
		if len(*into) == maxMembers {
			return NewError(InvalidRequest, "an object has more than %d members", maxMembers)
		}
		start = s.pos
		if err := member(name); err != nil {
			return err
		}
		*into = append(*into, Member{name, s.data[start:s.pos:s.pos]})
		s.space()
		switch s.peek() {
		case ',':
			s.pos++
		case '}':
			s.leave()
			return nil
		default:
			return s.unexpected()
		}
	}
}

// array reads an array and notes its elements in into, unless that is nil.
func (s *scanner) array(into *[]json.RawMessage) *Error {
	if err := s.enter(); err != nil {
		return err
	}
	s.space()
	if s.peek() == ']' {
		s.leave()
		return nil
	}
	for {
		s.space()
		start := s.pos
		if err := s.value(); err != nil {
			return err
		}
		if into != nil && len(*into) <= MaxBatch {
			*into = append(*into, s.data[start:s.pos:s.pos])
		}
		s.space()
		switch s.peek() {
		case ',':
			s.pos++
		case ']':
			s.leave()
			return nil
		default:
			return s.unexpected()
		}
	}
}

// value reads any value and notes nothing.
func (s *scanner) value() *Error {
	switch c := s.peek(); {
	case c == '{':
		return s.skipObject()
	case c == '[':
		return s.array(nil)
	case c == '"':
		return s.str()
	case c == '-' || c >= '0' && c <= '9':
		return s.number()
	case c == 't':
		return s.word("true")
	case c == 'f':
		return s.word("false")
	case c == 'n':
		return s.word("null")
	}
	return s.unexpected()
}

func (s *scanner) skipObject() *Error {
	if err := s.enter(); err != nil {
		return err
	}
	s.space()
	if s.peek() == '}' {
		s.leave()
		return nil
	}
	for {
		s.space()
		if err := s.str(); err != nil {
			return err
		}
		s.space()
		if s.peek() != ':' {
			return s.unexpected()
		}
		s.pos++
		s.space()
		if err := s.value(); err != nil {
			return err
		}
		s.space()
		switch s.peek() {
		case ',':
			s.pos++
		case '}':
			s.leave()
			return nil
		default:
			return s.unexpected()
		}
	}
}

func (s *scanner) enter() *Error {
	if s.depth--; s.depth < 0 {
		return NewError(InvalidRequest, "the message is nested too deeply")
	}
	s.pos++
	return nil
}

func (s *scanner) leave() {
	s.depth++
	s.pos++
}

func (s *scanner) str() *Error {
	if s.peek() != '"' {
		return s.unexpected()
	}
	s.pos++
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; {
		case c == '"':
			s.pos++
			return nil
		case c < 0x20:
			return s.unexpected()
		case c == '\\':
			if err := s.escape(); err != nil {
				return err
			}
		default:
			s.pos++
		}
	}
	return s.unexpected()
}

func (s *scanner) escape() *Error {
	s.pos++
	switch s.peek() {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.pos++
		return nil
	case 'u':
		s.pos++
		for range 4 {
			c := s.peek() | 0x20
			if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f') {
				return s.unexpected()
			}
			s.pos++
		}
		return nil
	}
	return s.unexpected()
}

func (s *scanner) number() *Error {
	if s.peek() == '-' {
		s.pos++
	}
	if s.peek() == '0' {
		s.pos++
	} else if !s.digits() {
		return s.unexpected()
	}
	if s.peek() == '.' {
		s.pos++
		if !s.digits() {
			return s.unexpected()
		}
	}
	if s.peek()|0x20 == 'e' {
		s.pos++
		if c := s.peek(); c == '+' || c == '-' {
			s.pos++
		}
		if !s.digits() {
			return s.unexpected()
		}
	}
	return nil
}

// digits reads digits, at least one.
func (s *scanner) digits() bool {
	start := s.pos
	for c := s.peek(); c >= '0' && c <= '9'; c = s.peek() {
		s.pos++
	}
	return s.pos > start
}

func (s *scanner) word(w string) *Error {
	if len(s.data)-s.pos < len(w) || string(s.data[s.pos:s.pos+len(w)]) != w {
		return s.unexpected()
	}
	s.pos += len(w)
	return nil
}

func (s *scanner) space() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ' ', '\t', '\r', '\n':
			s.pos++
		default:
			return
		}
	}
}

// peek is the next byte, 0 at the end: no JSON token begins with it.
func (s *scanner) peek() byte {
	if s.pos < len(s.data) {
		return s.data[s.pos]
	}
	return 0
}

func (s *scanner) end() *Error {
	s.space()
	if s.pos < len(s.data) {
		return s.unexpected()
	}
	return nil
}

func (s *scanner) unexpected() *Error {
	if s.pos >= len(s.data) {
		return NewError(ParseError, "the message ends too early")
	}
	return NewError(ParseError, "the message is not valid JSON at byte %d", s.pos)
}

// intern returns the string of b without allocating for the names that every
// message has.
func intern(b []byte) string {
	switch string(b) {
	case "jsonrpc":
		return "jsonrpc"
	case "id":
		return "id"
	case "method":
		return "method"
	case "params":
		return "params"
	case "_meta":
		return "_meta"
	case "name":
		return "name"
	case "arguments":
		return "arguments"
	case MetaProtocolVersion:
		return MetaProtocolVersion
	case MetaClientInfo:
		return MetaClientInfo
	case MetaClientCapabilities:
		return MetaClientCapabilities
	case ToolsCall:
		return ToolsCall
	}
	return string(b)
}

// maxQuote is the most bytes of a name or value of a client's that is quoted.
const maxQuote = 64

// clip cuts s after most bytes, at a character's edge.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most] + "…"
}
