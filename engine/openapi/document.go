package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"
)

// object is a JSON object of the document.
type object = map[string]any

// maxDocument is the largest document that is read, in bytes.
const maxDocument = 32 << 20

// document is an OpenAPI document.
type document struct {
	root object
	old  bool // version 3.0, whose schemas are not quite JSON Schema
}

func read(text string) (*document, error) {
	if len(text) > maxDocument {
		return nil, fmt.Errorf("it is larger than %d MB", maxDocument>>20)
	}
	raw, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("it is neither JSON nor YAML: %w", err)
	}
	d := &document{}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber() // bounds keep all their digits
	if err := decoder.Decode(&d.root); err != nil {
		return nil, fmt.Errorf("it is not an object")
	}
	version, _ := d.root["openapi"].(string)
	switch {
	case strings.HasPrefix(version, "3.0."):
		d.old = true
	case strings.HasPrefix(version, "3.1."):
	case version == "" && d.root["swagger"] != nil:
		return nil, fmt.Errorf("it is of Swagger 2.0; convert it to OpenAPI 3")
	default:
		return nil, fmt.Errorf("its version is %q, and 3.0 and 3.1 are known", version)
	}
	return d, nil
}

// at follows a reference to a place inside of the document (RFC 6901).
func (d *document) at(ref string) (any, error) {
	pointer, ok := strings.CutPrefix(ref, "#")
	if !ok {
		return nil, fmt.Errorf("the reference %q leads out of the document", ref)
	}
	if unescaped, err := url.PathUnescape(pointer); err == nil {
		pointer = unescaped
	}
	var v any = d.root
	for _, step := range strings.Split(strings.TrimPrefix(pointer, "/"), "/") {
		if step == "" && pointer == "" {
			break
		}
		step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		switch at := v.(type) {
		case object:
			v = at[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(at) {
				return nil, fmt.Errorf("the reference %q leads nowhere", ref)
			}
			v = at[i]
		default:
			v = nil
		}
		if v == nil {
			return nil, fmt.Errorf("the reference %q leads nowhere", ref)
		}
	}
	return v, nil
}

// deref is an object with the references in its place followed. Nil is no object.
func (d *document) deref(v any) (object, error) {
	const most = 32
	for range most {
		o, _ := v.(object)
		ref, is := o["$ref"].(string)
		if !is {
			return o, nil
		}
		var err error
		if v, err = d.at(ref); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("a reference leads in a circle")
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}
