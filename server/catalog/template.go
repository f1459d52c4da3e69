package catalog

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/schemas/expr"
	"github.com/erlmcp/erlmcp/server/protocol"
)

// template is a family of resources whose URI has parameters.
type template struct {
	name  string
	spec  *schemas.ResourceTemplate
	parts []schemas.URIPart
	text  *expr.Template
}

func (c *Catalog) addTemplate(name string, spec *schemas.ResourceTemplate) error {
	t := &template{name: name, spec: spec}
	var err error
	if t.parts, err = schemas.ParseURITemplate(spec.URI); err != nil {
		return within{"uri", err}
	}
	parameters := schemas.URIParameters(t.parts)
	for _, arg := range names(spec.Arguments) {
		if !slices.Contains(parameters, arg) {
			return within{"argument." + arg, fmt.Errorf("it is not in the uri, %s", spec.URI)}
		}
	}
	if t.text, err = expr.Compile(spec.Text, "text"); err == nil {
		err = expr.Check(t.text, parameters)
	}
	if err != nil {
		return within{"text", err}
	}
	c.templates = append(c.templates, t)
	return nil
}

// definition renders a template as resources/templates/list shows it.
func (t *template) definition() json.RawMessage {
	raw, _ := json.Marshal(struct { // strings and numbers always encode
		URITemplate string                `json:"uriTemplate"`
		Name        string                `json:"name"`
		Title       string                `json:"title,omitempty"`
		Description string                `json:"description,omitempty"`
		MIMEType    string                `json:"mimeType,omitempty"`
		Annotations *protocol.Annotations `json:"annotations,omitempty"`
		Icons       []Icon                `json:"icons,omitempty"`
	}{
		t.spec.URI, t.name, t.spec.Title, t.spec.Description, t.spec.MIMEType,
		annotations(t.spec.Audience, t.spec.Priority), Icons(t.spec.Icons),
	})
	return raw
}

// match reads the parameters from a URI, decoded; nil when it is not one of the
// family. A parameter takes as little as it can, and never nothing.
func (t *template) match(uri string) map[string]cty.Value {
	out := map[string]cty.Value{}
	rest := uri
	for i, p := range t.parts {
		if p.Parameter == "" {
			after, ok := strings.CutPrefix(rest, p.Literal)
			if !ok {
				return nil
			}
			rest = after
			continue
		}
		end := len(rest)
		if i+1 < len(t.parts) {
			end = strings.Index(rest, t.parts[i+1].Literal)
		}
		if i+2 == len(t.parts) { // the text after the last parameter is at the end
			end = len(rest) - len(t.parts[i+1].Literal)
		}
		if end <= 0 {
			return nil
		}
		value, err := url.PathUnescape(rest[:end])
		if err != nil || !p.Slashes && strings.Contains(rest[:end], "/") {
			return nil
		}
		out[p.Parameter] = cty.StringVal(value)
		rest = rest[end:]
	}
	if rest != "" {
		return nil
	}
	return out
}

// findTemplate returns the template that a URI is of, and its parameters.
func (c *Catalog) findTemplate(uri string) (*template, map[string]cty.Value) {
	for _, t := range c.templates {
		if parameters := t.match(uri); parameters != nil {
			return t, parameters
		}
	}
	return nil, nil
}
