package protocol

import (
	"encoding/json"
	"fmt"
)

// Level is how grave a log message is (RFC 5424, section 6.2.1, as MCP names
// them). The zero value is none.
type Level uint8

// The levels.
const (
	Debug Level = iota + 1
	Info
	Notice
	Warning
	Severe // "error"
	Critical
	Alert
	Emergency
)

var levelNames = [...]string{"", "debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"}

// String is the name of the level.
func (l Level) String() string {
	if int(l) < len(levelNames) {
		return levelNames[l]
	}
	return fmt.Sprintf("level(%d)", l)
}

// ParseLevel reads the name of a level, in JSON. It returns 0 for anything else.
func ParseLevel(raw json.RawMessage) Level {
	if !isString(raw) {
		return 0
	}
	name := text(raw)
	for l := Debug; l <= Emergency; l++ {
		if levelNames[l] == name {
			return l
		}
	}
	return 0
}

// LogLevel is the least level of log messages that a modern request asks for, 0
// when it wants none.
func (m *Message) LogLevel() Level { return ParseLevel(m.Meta.Get(MetaLogLevel)) }

// ProgressToken is what the client wants progress notifications of the request
// to carry, as it was written; nil when it wants none.
func (m *Message) ProgressToken() json.RawMessage {
	if raw := m.Meta.Get("progressToken"); validID(raw) {
		return raw
	}
	return nil
}
