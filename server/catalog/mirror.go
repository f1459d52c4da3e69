package catalog

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/erlmcp/erlmcp/server/protocol"
)

// mirrored is an argument that modern clients repeat in an HTTP header, as its
// schema asks for with x-mcp-header (MCP 2026-07-28, server/tools,
// "x-mcp-header").
type mirrored struct {
	header string   // canonical
	path   []string // of the properties that lead to the argument
}

const annotation = "x-mcp-header"

var token = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$") // RFC 9110, section 5.6.2

// mirrors finds the annotated properties of a schema. An annotation at any other
// place, of another type, or with a name that is used twice is an error.
func mirrors(schema json.RawMessage) ([]mirrored, error) {
	if !strings.Contains(string(schema), annotation) {
		return nil, nil
	}
	var root map[string]any
	if err := json.Unmarshal(schema, &root); err != nil {
		return nil, err
	}
	var out []mirrored
	if err := properties(root, nil, &out); err != nil {
		return nil, err
	}
	if all := annotations(root); all != len(out) {
		return nil, fmt.Errorf("%s stands where it cannot: it is for properties that are reached by properties alone", annotation)
	}
	seen := map[string]bool{}
	for _, m := range out {
		if seen[m.header] {
			return nil, fmt.Errorf("%s: two arguments have the header %s", annotation, m.header)
		}
		seen[m.header] = true
	}
	return out, nil
}

// properties walks down the properties of an object's schema.
func properties(schema map[string]any, path []string, out *[]mirrored) error {
	children, _ := schema["properties"].(map[string]any)
	for _, name := range names(children) {
		child, ok := children[name].(map[string]any)
		if !ok {
			continue
		}
		at := append(path[:len(path):len(path)], name)
		if mark, ok := child[annotation]; ok {
			header, _ := mark.(string)
			kind, _ := child["type"].(string)
			if !token.MatchString(header) {
				return fmt.Errorf("%s of %s is not the name of a header", annotation, strings.Join(at, "."))
			}
			if kind != "string" && kind != "integer" && kind != "boolean" {
				return fmt.Errorf("%s of %s: only a string, integer or boolean can stand in a header", annotation, strings.Join(at, "."))
			}
			*out = append(*out, mirrored{http.CanonicalHeaderKey(protocol.HeaderParam + header), at})
		}
		if err := properties(child, at, out); err != nil {
			return err
		}
	}
	return nil
}

// annotations counts the annotations anywhere in a schema, but for properties
// that happen to have that name.
func annotations(v any) int {
	n := 0
	switch v := v.(type) {
	case map[string]any:
		for name, e := range v {
			if name == annotation {
				if _, isSchema := e.(map[string]any); !isSchema {
					n++
				}
			}
			n += annotations(e)
		}
	case []any:
		for _, e := range v {
			n += annotations(e)
		}
	}
	return n
}

// CheckHeaders compares the HTTP headers of a modern call with the arguments
// that they mirror, before defaults are filled in.
func (t *Tool) CheckHeaders(h http.Header, args map[string]any) *protocol.Error {
	for _, m := range t.arguments.mirrored {
		var value any = args
		for _, name := range m.path {
			object, _ := value.(map[string]any)
			value = object[name]
		}
		if err := protocol.CheckParamHeader(h, m.header, value); err != nil {
			return err
		}
	}
	return nil
}
