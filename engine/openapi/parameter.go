package openapi

import (
	"fmt"
	"net/textproto"
	"slices"
	"strings"

	"github.com/erlmcp/erlmcp/schemas"
)

// places are those of parameters, in the order in which they get their names.
var places = []string{"path", "query", "header", "cookie"}

// ownHeaders are those that OpenAPI leaves to other parts of an operation, and
// those that follow from the request.
var ownHeaders = []string{
	"Accept", "Authorization", "Connection", "Content-Length", "Content-Type", "Host", "Keep-Alive",
	"Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

// parameters makes arguments of the parameters: those of the path, and those of the
// operation, which count for more.
func (m *making) parameters() error {
	found := map[[2]string]object{}
	var order [][2]string
	for _, raw := range append(slices.Clone(m.op.shared), list(m.op.spec["parameters"])...) {
		p, err := m.op.d.deref(raw)
		if err != nil {
			return err
		}
		key := [2]string{text(p["in"]), text(p["name"])}
		if key[1] == "" || !slices.Contains(places, key[0]) {
			return fmt.Errorf("it has a parameter without a name or a place that is known")
		}
		if found[key] == nil {
			order = append(order, key)
		}
		found[key] = p
	}
	for _, in := range places {
		for _, key := range order {
			if key[0] != in || in == "header" && slices.Contains(ownHeaders, textproto.CanonicalMIMEHeaderKey(key[1])) {
				continue
			}
			if err := m.parameter(found[key]); err != nil {
				return fmt.Errorf("the parameter %s: %w", key[1], err)
			}
		}
	}
	return nil
}

func (m *making) parameter(p object) error {
	in, name := text(p["in"]), text(p["name"])
	required := p["required"] == true || in == "path"
	sent := &schemas.HTTPParameter{In: in}
	described := p["schema"]
	if content, _ := p["content"].(object); len(content) > 0 {
		sent.Style = "json"
		media, _ := content[sorted(content)[0]].(object)
		described = media["schema"]
	}
	schema, err := m.schemas.convert(described)
	if err != nil {
		return err
	}
	argument := argumentName(name, in, m.taken)
	flat, err := m.op.d.deref(described)
	if err != nil {
		return err
	}
	m.argument(argument, withNotes(schema, p), required)
	if in == "path" {
		m.segments[name] = argument
		if kindOf(flat) == "object" {
			return fmt.Errorf("objects in a path are not supported; leave the operation out with exclude")
		}
		return nil
	}
	if argument != name {
		sent.Name = name
	}
	if err := m.style(p, flat, sent, schema); err != nil {
		return err
	}
	if in == "query" {
		sent.In = "" // the default
	}
	m.http.Parameters[argument] = sent
	return nil
}

// style says how a list or object is written.
func (m *making) style(p, flat object, sent *schemas.HTTPParameter, schema any) error {
	if sent.Style == "json" {
		return nil
	}
	style, explode := text(p["style"]), p["explode"]
	switch style {
	case "spaceDelimited", "pipeDelimited", "deepObject":
		sent.Style = style
	case "", "form", "simple":
	default:
		return fmt.Errorf("its style %q is not known", style)
	}
	if b, ok := explode.(bool); ok && (sent.Style != "deepObject") {
		sent.Explode = &b
	}
	if kindOf(flat) != "object" || sent.Style != "" || sent.In != "query" || sent.Explode != nil && !*sent.Explode {
		return nil
	}
	// Its members become parameters: only those that the document names may.
	properties, _ := flat["properties"].(object)
	if len(properties) == 0 {
		return fmt.Errorf("an object whose members become parameters, and which does not name them, would let a call add any parameter; leave the operation out with exclude")
	}
	sent.Keys = sorted(properties)
	if closed, ok := schema.(object); ok && closed["$ref"] == nil {
		closed["additionalProperties"] = false
	}
	return nil
}

// kindOf is the type of what a schema describes, as far as it says one.
func kindOf(schema object) string {
	switch t := schema["type"].(type) {
	case string:
		return t
	case []any:
		for _, e := range t {
			if text(e) != "null" {
				return text(e)
			}
		}
	}
	if schema["properties"] != nil {
		return "object"
	}
	return ""
}

// withNotes puts the description of a parameter beside its schema. Its default
// goes into the description: a service fills it in itself.
func withNotes(schema any, p object) any {
	s, ok := schema.(object)
	if !ok {
		return schema
	}
	out := object{}
	for k, v := range s {
		out[k] = v
	}
	parts := []string{clean(text(p["description"]))}
	if parts[0] == "" {
		parts[0] = text(out["description"])
	}
	if d, is := out["default"]; is {
		delete(out, "default")
		parts = append(parts, fmt.Sprintf("Default: %s.", encoded(d)))
	}
	if p["deprecated"] == true {
		parts = append(parts, "Deprecated.")
	}
	if all := strings.TrimSpace(strings.Join(parts, " ")); all != "" {
		out["description"] = all
	}
	return out
}

// pathTemplate is the path as a template: each parameter is one segment, or a part
// of one.
func (m *making) pathTemplate() (schemas.Template, error) {
	var b strings.Builder
	rest := m.op.path
	if !strings.HasPrefix(rest, "/") || strings.ContainsAny(rest, "?# \\") {
		return "", fmt.Errorf("its path is not a plain path")
	}
	for {
		before, after, found := strings.Cut(rest, "{")
		b.WriteString(literal(before))
		if !found {
			return schemas.Template(b.String()), nil
		}
		name, next, closed := strings.Cut(after, "}")
		argument := m.segments[name]
		if !closed || argument == "" {
			return "", fmt.Errorf("its path names the parameter %q, which is not described", name)
		}
		schema, _ := m.properties[argument].(object)
		if flat, err := m.schemas.resolved(schema); err != nil {
			return "", err
		} else if kindOf(flat) == "array" {
			fmt.Fprintf(&b, `${join(",", input[%q])}`, argument)
		} else {
			fmt.Fprintf(&b, `${input[%q]}`, argument)
		}
		rest = next
	}
}
