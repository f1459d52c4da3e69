package protocol

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// Names of HTTP headers, in their canonical form.
const (
	HeaderVersion = "Mcp-Protocol-Version"
	HeaderMethod  = "Mcp-Method"
	HeaderName    = "Mcp-Name"
	HeaderSession = "Mcp-Session-Id"
)

// CheckVersionHeader compares the HTTP header that mirrors the version of a
// modern request (MCP 2026-07-28, basic/transports/streamable-http, "Protocol
// Version Header").
func (m *Message) CheckVersionHeader(h http.Header) *Error {
	return mirrors(h, HeaderVersion, m.DeclaredVersion())
}

// CheckHeaders compares the other HTTP headers of a modern request with what they
// mirror ("Server Validation").
func (m *Message) CheckHeaders(h http.Header) *Error {
	if err := mirrors(h, HeaderMethod, m.Method); err != nil {
		return err
	}
	var member string
	switch m.Method {
	case ToolsCall, PromptsGet:
		member = "name"
	case ResourcesRead:
		member = "uri"
	default:
		return nil
	}
	want, err := m.Text(member)
	if err != nil {
		return err
	}
	values := h[HeaderName]
	if len(values) != 1 {
		return NewError(HeaderMismatch, "Header mismatch: %s must stand exactly once", HeaderName)
	}
	got, ok := decodeHeader(values[0])
	if !ok {
		return NewError(HeaderMismatch, "Header mismatch: %s is not a valid header value", HeaderName)
	}
	if got != want {
		return NewError(HeaderMismatch, "Header mismatch: %s does not match params.%s", HeaderName, member)
	}
	return nil
}

func mirrors(h http.Header, name, want string) *Error {
	values := h[name]
	if len(values) != 1 {
		return NewError(HeaderMismatch, "Header mismatch: %s must stand exactly once", name)
	}
	if values[0] != want {
		return NewError(HeaderMismatch, "Header mismatch: %s is %q, the message has %q", name, clip(values[0], maxQuote), clip(want, maxQuote))
	}
	return nil
}

// HeaderParam is what stands before the name in the header of a mirrored
// argument ("Custom Headers from Tool Parameters").
const HeaderParam = "Mcp-Param-"

// CheckParamHeader compares the header of an argument that is mirrored with the
// argument itself, as it was decoded; nil for one that was not given, which must
// have no header. name is the whole name of the header, canonical.
func CheckParamHeader(h http.Header, name string, value any) *Error {
	values := h[name]
	if value == nil {
		if len(values) > 0 {
			return NewError(HeaderMismatch, "Header mismatch: %s has no argument", name)
		}
		return nil
	}
	if len(values) != 1 {
		return NewError(HeaderMismatch, "Header mismatch: %s must stand exactly once", name)
	}
	got, ok := decodeHeader(values[0])
	if !ok {
		return NewError(HeaderMismatch, "Header mismatch: %s is not a valid header value", name)
	}
	same := false
	switch v := value.(type) {
	case string:
		same = got == v
	case bool:
		same = got == strconv.FormatBool(v)
	case float64:
		n, err := strconv.ParseFloat(got, 64)
		same = err == nil && n == v
	case json.Number:
		same = got == v.String()
	}
	if !same {
		return NewError(HeaderMismatch, "Header mismatch: %s does not match its argument", name)
	}
	return nil
}

// decodeHeader undoes the encoding of values that a header cannot hold ("Value
// Encoding").
func decodeHeader(v string) (string, bool) {
	if inner, ok := strings.CutPrefix(v, "=?base64?"); ok {
		if inner, ok = strings.CutSuffix(inner, "?="); ok {
			raw, err := base64.StdEncoding.DecodeString(inner)
			return string(raw), err == nil
		}
	}
	for i := range len(v) {
		if c := v[i]; c != '\t' && (c < ' ' || c > '~') {
			return "", false
		}
	}
	return v, true
}
