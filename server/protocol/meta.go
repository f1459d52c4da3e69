package protocol

import "encoding/json"

// Keys of _meta that MCP 2026-07-28 reserves (basic, "General fields").
const (
	MetaProtocolVersion    = "io.modelcontextprotocol/protocolVersion"
	MetaClientInfo         = "io.modelcontextprotocol/clientInfo"
	MetaClientCapabilities = "io.modelcontextprotocol/clientCapabilities"
	MetaLogLevel           = "io.modelcontextprotocol/logLevel"
	MetaServerInfo         = "io.modelcontextprotocol/serverInfo"
	MetaSubscriptionID     = "io.modelcontextprotocol/subscriptionId"
)

// DeclaredVersion is the version that the request itself declares, "" when it
// declares none: then it is of the older era.
func (m *Message) DeclaredVersion() string {
	return m.MetaText(MetaProtocolVersion)
}

// CheckMeta checks that a modern request says all that it must of itself.
func (m *Message) CheckMeta() *Error {
	if !isString(m.Meta.Get(MetaProtocolVersion)) {
		return NewError(InvalidParams, "_meta lacks %s, a string", MetaProtocolVersion)
	}
	if caps := m.Meta.Get(MetaClientCapabilities); len(caps) == 0 || caps[0] != '{' {
		return NewError(InvalidParams, "_meta lacks %s, an object", MetaClientCapabilities)
	}
	if level := m.Meta.Get(MetaLogLevel); level != nil && ParseLevel(level) == 0 {
		return NewError(InvalidParams, "_meta has a %s that is not a log level", MetaLogLevel)
	}
	return nil
}

// MetaText is the string that stands in _meta under that key, or "".
func (m *Message) MetaText(key string) string {
	if raw := m.Meta.Get(key); isString(raw) {
		return text(raw)
	}
	return ""
}

func isString(raw json.RawMessage) bool { return len(raw) > 1 && raw[0] == '"' }

// ClientCapabilities are what a modern request declares that its client can do.
func (m *Message) ClientCapabilities() Capabilities {
	return ReadCapabilities(m.Meta.Get(MetaClientCapabilities))
}
