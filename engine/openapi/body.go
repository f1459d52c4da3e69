package openapi

import (
	"fmt"
	"mime"
	"strings"

	"github.com/erlmcp/erlmcp/schemas"
)

// body makes an argument of the request body: as JSON when it may be, else as the
// first form that is known.
func (m *making) body() error {
	b, err := m.op.d.deref(m.op.spec["requestBody"])
	if err != nil || b == nil {
		return err
	}
	content, _ := b["content"].(object)
	kind, as := preferred(content)
	if as == "" {
		if len(content) == 0 {
			return nil
		}
		return fmt.Errorf("its body has no media type that is known; leave it out with exclude")
	}
	if m.op.method == "GET" || m.op.method == "HEAD" {
		return nil // has no meaning (RFC 9110, section 9.3.1)
	}
	media, _ := content[kind].(object)
	schema, err := m.schemas.convert(media["schema"])
	if err != nil {
		return fmt.Errorf("its body: %w", err)
	}
	payload := &schemas.HTTPPayload{Argument: argumentName("body", "payload", m.taken)}
	if as != "json" {
		payload.As = as
	}
	switch plain := plainType(kind); {
	case as == "multipart":
		if payload.Files, err = m.files(media["schema"]); err != nil {
			return err
		}
		for _, name := range payload.Files {
			note(schema, name, "The content of the file in base64.")
		}
	case as == "base64":
		schema = object{"type": "string", "description": "The body in base64."}
		payload.Type = plain
	case as == "json" && plain != "application/json", as == "text" && plain != "text/plain":
		payload.Type = plain
	}
	m.http.Payload = payload
	m.argument(payload.Argument, withNotes(schema, b), b["required"] == true)
	return nil
}

// plainType is a media type without parameters; patterns stand for what most
// services take.
func plainType(kind string) string {
	t, _, err := mime.ParseMediaType(kind)
	switch {
	case err != nil || t == "*/*" || t == "application/*":
		return "application/json"
	case t == "text/*":
		return "text/plain"
	}
	return t
}

// preferred is the media type to use of those that a body may have, and how such a
// body is written.
func preferred(content object) (kind, as string) {
	for _, form := range []struct {
		as   string
		fits func(string) bool
	}{
		{"json", func(t string) bool { return t == "application/json" }},
		{"json", func(t string) bool { return strings.HasSuffix(t, "+json") }},
		{"form", func(t string) bool { return t == "application/x-www-form-urlencoded" }},
		{"multipart", func(t string) bool { return t == "multipart/form-data" }},
		{"text", func(t string) bool { return strings.HasPrefix(t, "text/") || strings.HasSuffix(t, "xml") }},
		{"base64", func(t string) bool { return !strings.HasPrefix(t, "multipart/") }},
	} {
		for _, kind := range sorted(content) {
			if form.fits(plainType(kind)) {
				return kind, form.as
			}
		}
	}
	return "", ""
}

// files are the members of a multipart body that hold bytes.
func (m *making) files(schema any) ([]string, error) {
	flat, err := m.op.d.deref(schema)
	if err != nil {
		return nil, err
	}
	properties, _ := flat["properties"].(object)
	var out []string
	for _, name := range sorted(properties) {
		p, err := m.op.d.deref(properties[name])
		if err != nil {
			return nil, err
		}
		if kindOf(p) == "array" {
			if p, err = m.op.d.deref(p["items"]); err != nil {
				return nil, err
			}
		}
		if text(p["format"]) == "binary" || p["contentMediaType"] != nil || len(p) == 0 {
			out = append(out, name)
		}
	}
	return out, nil
}

// note adds a sentence to the description of a member of an object.
func note(schema any, member, sentence string) {
	s, _ := schema.(object)
	properties, _ := s["properties"].(object)
	p, ok := properties[member].(object)
	if !ok {
		return
	}
	p["description"] = strings.TrimSpace(text(p["description"]) + " " + sentence)
}
