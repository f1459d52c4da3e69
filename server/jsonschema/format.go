package jsonschema

import (
	"net/mail"
	"net/url"
	"strings"
	"time"
)

// format is what the text of a format must be like.
type format struct {
	name string
	fits func(string) bool
}

// formatNamed is the format of a name: one of those that forms have (MCP,
// client/elicitation, "Requested Schema"). It is nil for any other, which every text
// fits (JSON Schema 2020-12, validation, section 7.2.1).
func formatNamed(name string) *format {
	fits := map[string]func(string) bool{
		"date":      layout(time.DateOnly),
		"date-time": layout(time.RFC3339Nano),
		"email":     isEmail,
		"uri":       isURI,
	}[name]
	if fits == nil {
		return nil
	}
	return &format{name, fits}
}

// layout takes texts that are a time of package time's layout (RFC 3339).
func layout(l string) func(string) bool {
	return func(s string) bool {
		_, err := time.Parse(l, strings.ToUpper(s)) // "t" and "z" may be small
		return err == nil && !strings.Contains(s, ",")
	}
}

// isEmail takes an address without a name (RFC 5321, section 4.1.2).
func isEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Name == "" && a.Address == s
}

// isURI takes a URI with a scheme (RFC 3986).
func isURI(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.IsAbs() && !strings.ContainsAny(s, " \\\"<>^`{|}")
}
