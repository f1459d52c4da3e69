package openapi

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// converter takes schemas out of the document: as JSON Schema 2020-12, with what
// they refer to among the definitions of the schema that they become part of.
type converter struct {
	d       *document
	without string            // keyword of members that are not sent this way: readOnly or writeOnly
	names   map[string]string // names of definitions by reference
	waiting []string          // references that are not converted yet
	done    object            // definitions
}

func newConverter(d *document, without string) *converter {
	return &converter{d: d, without: without, names: map[string]string{}, done: object{}}
}

// definitions are those of all that was converted, and of what they refer to.
func (c *converter) definitions() (object, error) {
	for len(c.waiting) > 0 {
		ref := c.waiting[0]
		c.waiting = c.waiting[1:]
		v, err := c.d.at(ref)
		if err != nil {
			return nil, err
		}
		if c.done[c.names[ref]], err = c.convert(v); err != nil {
			return nil, err
		}
	}
	return c.done, nil
}

// resolved is a converted schema with a reference at its top followed.
func (c *converter) resolved(schema object) (object, error) {
	ref, ok := schema["$ref"].(string)
	if !ok {
		return schema, nil
	}
	for original, name := range c.names {
		if ref == "#/$defs/"+name {
			return c.d.deref(object{"$ref": original})
		}
	}
	return schema, nil
}

// define returns the reference that one into the document becomes.
func (c *converter) define(ref string) (string, error) {
	if name, known := c.names[ref]; known {
		return "#/$defs/" + name, nil
	}
	if _, err := c.d.at(ref); err != nil {
		return "", err
	}
	base := strings.Trim(notInName.ReplaceAllString(ref[strings.LastIndexByte(ref, '/')+1:], "_"), "_")
	name := base
	for i := 2; c.named(name) || name == ""; i++ {
		name = fmt.Sprintf("%s_%d", base, i)
	}
	c.names[ref] = name
	c.waiting = append(c.waiting, ref)
	return "#/$defs/" + name, nil
}

func (c *converter) named(name string) bool {
	for _, n := range c.names {
		if n == name {
			return true
		}
	}
	return false
}

// Keywords by what they hold: schemas by name, a list of schemas, a schema.
var (
	holdsNamed  = map[string]bool{"properties": true, "patternProperties": true, "$defs": true, "definitions": true, "dependentSchemas": true}
	holdsList   = map[string]bool{"allOf": true, "anyOf": true, "oneOf": true, "prefixItems": true}
	holdsSchema = map[string]bool{
		"items": true, "additionalProperties": true, "not": true, "contains": true, "propertyNames": true, "if": true,
		"then": true, "else": true, "unevaluatedItems": true, "unevaluatedProperties": true,
	}
	// leftOut say nothing to who calls, or are read elsewhere.
	leftOut = map[string]bool{
		"nullable": true, "discriminator": true, "xml": true, "externalDocs": true, "example": true, "$schema": true, "$id": true,
		"$anchor": true, "$dynamicAnchor": true, "$comment": true, "readOnly": true, "writeOnly": true, "deprecated": true,
	}
)

// convert converts a schema; none at all takes anything.
func (c *converter) convert(v any) (any, error) {
	s, ok := v.(object)
	if !ok {
		if b, is := v.(bool); is {
			return b, nil
		}
		return object{}, nil
	}
	out := object{}
	if ref, ok := s["$ref"].(string); ok {
		to, err := c.define(ref)
		if err != nil {
			return nil, err
		}
		out["$ref"] = to
		if c.d.old {
			return out, nil // which stands alone there
		}
	}
	for _, key := range sorted(s) {
		if key == "$ref" || leftOut[key] || strings.HasPrefix(key, "x-") {
			continue
		}
		held, err := c.keyword(key, s[key])
		if err != nil {
			return nil, err
		}
		if held != nil {
			out[key] = held
		}
	}
	if c.d.old {
		modernise(s, out)
	}
	c.oneWay(s, out)
	return out, nil
}

// keyword converts what a keyword holds; nil leaves it out.
func (c *converter) keyword(key string, v any) (any, error) {
	switch {
	case holdsNamed[key]:
		named, _ := v.(object)
		out := object{}
		for _, name := range sorted(named) {
			converted, err := c.convert(named[name])
			if err != nil {
				return nil, err
			}
			out[name] = converted
		}
		return out, nil
	case holdsList[key]:
		out := []any{}
		for _, inner := range list(v) {
			converted, err := c.convert(inner)
			if err != nil {
				return nil, err
			}
			out = append(out, converted)
		}
		return out, nil
	case holdsSchema[key]:
		return c.convert(v)
	case key == "pattern":
		if _, err := regexp.Compile(text(v)); err != nil {
			return nil, nil // of another kind of expression: the service checks it
		}
	case key == "description", key == "title":
		return clean(text(v)), nil
	case key == "$dynamicRef", key == "$recursiveRef":
		return nil, fmt.Errorf("%s is not supported", key)
	}
	return v, nil
}

// modernise makes of a schema of OpenAPI 3.0 what JSON Schema has for it.
func modernise(s, out object) {
	if s["nullable"] == true {
		if t, ok := s["type"].(string); ok {
			out["type"] = []any{t, "null"}
		}
		if values, ok := s["enum"].([]any); ok {
			out["enum"] = append(append([]any{}, values...), nil)
		}
	}
	for exclusive, plain := range map[string]string{"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"} {
		is, ok := s[exclusive].(bool)
		if !ok {
			continue
		}
		delete(out, exclusive)
		if is && out[plain] != nil {
			out[exclusive] = out[plain]
			delete(out, plain)
		}
	}
	if e, ok := s["example"]; ok && out["examples"] == nil {
		out["examples"] = []any{e}
	}
}

// oneWay leaves out the members that go the other way, and does not ask for them.
func (c *converter) oneWay(s, out object) {
	properties, _ := s["properties"].(object)
	kept, _ := out["properties"].(object)
	for name, p := range properties {
		member, err := c.d.deref(p)
		if err == nil && member[c.without] == true {
			delete(kept, name)
		}
	}
	required, ok := out["required"].([]any)
	if !ok {
		return
	}
	var still []any
	for _, name := range required {
		if member, err := c.d.deref(properties[text(name)]); err != nil || member[c.without] != true {
			still = append(still, name)
		}
	}
	if out["required"] = still; len(still) == 0 {
		delete(out, "required")
	}
}

// encoded is a value of the document as JSON.
func encoded(v any) string {
	raw, _ := json.Marshal(v) // it came as JSON
	return string(raw)
}
