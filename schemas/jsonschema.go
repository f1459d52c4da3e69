package schemas

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/zclconf/go-cty/cty"
)

// JSONSchema describes a configuration in HCL's JSON form, for editors and other
// programs: JSON Schema 2020-12 of the top-level blocks and all that is in them.
// targets are the kinds of target with the schemas of their blocks. Equal input
// gives equal bytes.
func JSONSchema(targets map[string]*Block) ([]byte, error) {
	s := jsonSchema{"expression": {
		"type": "string", "pattern": `\$\{`,
		"description": "An expression in place of a value, such as \"${var.name}\".",
	}}
	kinds := map[string]any{}
	for _, kind := range sortedKeys(targets) {
		kinds[kind] = named(s.define("target."+kind, targets[kind]))
	}
	settings := s.define("erlmcp", Describe[Settings]())
	s["erlmcp"]["properties"].(map[string]any)["backend"] = s.backends()
	root := map[string]any{
		"$schema":              "https://json-schema.org/draft/2020-12/schema",
		"title":                "erlmcp configuration",
		"description":          "A file *.mcp.hcl in HCL's JSON form.",
		"type":                 "object",
		"additionalProperties": false,
		"properties": map[string]any{
			"erlmcp":   settings,
			"variable": named(s.define("variable", Describe[Variable]())),
			"locals":   map[string]any{"type": "object", "description": "Named values, used as local.NAME."},
			"target":   map[string]any{"type": "object", "additionalProperties": false, "properties": kinds},
			"server":   named(s.define("server", Describe[Server](), Describe[Placement]())),
			"check":    named(s.define("check", Describe[Check]())),
			"output":   named(s.define("output", Describe[Output]())),
		},
		"$defs": s,
	}
	out, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the JSON Schema: %w", err)
	}
	return append(out, '\n'), nil
}

// jsonSchema are the definitions, by name.
type jsonSchema map[string]map[string]any

// backends are the kinds of backend. None of their attributes is required there:
// erlmcp init can be given any.
func (s jsonSchema) backends() map[string]any {
	properties := map[string]any{}
	for kind, block := range Backends() {
		properties[kind] = s.define("backend."+kind, block)
		delete(s["backend."+kind], "required")
	}
	return map[string]any{
		"type": "object", "description": "Where the state lies.",
		"additionalProperties": false, "maxProperties": 1, "properties": properties,
	}
}

// named is an object whose keys are the labels of blocks.
func named(block any) map[string]any {
	return map[string]any{"type": "object", "additionalProperties": block}
}

// define adds the definition of a block, made of several descriptions, and
// returns a reference to it.
func (s jsonSchema) define(name string, blocks ...*Block) map[string]any {
	properties, required, rules := map[string]any{}, []string{}, []any{}
	for _, b := range blocks {
		for _, a := range b.Attributes {
			if a.Internal {
				continue
			}
			properties[a.Name] = attributeSchema(a)
			if a.Required {
				required = append(required, a.Name)
			}
		}
		for _, n := range b.Blocks {
			properties[n.Name] = s.nested(name, n)
			properties["dynamic"] = map[string]any{"type": "object", "description": "Blocks that are made for each element of a collection."}
			if n.Required {
				required = append(required, n.Name)
			}
		}
		rules = append(rules, groupRules(b)...)
	}
	def := map[string]any{
		"type": "object", "description": blocks[0].Doc,
		"additionalProperties": false, "properties": properties,
	}
	if len(required) > 0 {
		def["required"] = required
	}
	if len(rules) > 0 {
		def["allOf"] = rules
	}
	s[name] = def
	return map[string]any{"$ref": "#/$defs/" + name}
}

func (s jsonSchema) nested(parent string, n *Nested) any {
	ref := s.define(parent+"."+n.Name, n.Block)
	switch n.Mode {
	case Labelled:
		return named(ref)
	case Listed:
		return map[string]any{"type": "array", "items": ref}
	}
	return ref
}

func groupRules(b *Block) []any {
	var rules []any
	exactly, atMost := b.Groups()
	for _, names := range exactly {
		var one []any
		for _, n := range names {
			one = append(one, map[string]any{"required": []string{n}})
		}
		rules = append(rules, map[string]any{"oneOf": one})
	}
	for _, names := range atMost {
		for i := range names {
			for _, other := range names[i+1:] {
				rules = append(rules, map[string]any{"not": map[string]any{"required": []string{names[i], other}}})
			}
		}
	}
	return rules
}

func attributeSchema(a *Attribute) map[string]any {
	out := map[string]any{}
	if a.Kind != KindExpression && a.Kind != KindValue {
		out = orExpression(typeSchema(a, a.Type))
	}
	out["description"] = a.Doc
	if a.Unit != "" {
		out["description"] = a.Doc + " Unit: " + a.Unit + "."
	}
	if a.HasDefault {
		out["default"] = defaultOf(a)
	}
	if a.Sensitive {
		out["writeOnly"] = true
	}
	return out
}

// orExpression lets a value that is not a string be given as an expression too.
func orExpression(value map[string]any) map[string]any {
	if value["type"] == "string" && value["enum"] == nil {
		return value
	}
	return map[string]any{"anyOf": []any{value, map[string]any{"$ref": "#/$defs/expression"}}}
}

func typeSchema(a *Attribute, t cty.Type) map[string]any {
	switch {
	case t == cty.Bool:
		return map[string]any{"type": "boolean"}
	case t == cty.Number:
		return numberSchema(a)
	case t.IsListType():
		out := map[string]any{"type": "array", "items": orExpression(typeSchema(a, t.ElementType()))}
		if a.NonEmpty {
			out["minItems"] = 1
		}
		return out
	case t.IsMapType():
		return map[string]any{"type": "object", "additionalProperties": orExpression(typeSchema(a, t.ElementType()))}
	}
	out := map[string]any{"type": "string"}
	if len(a.Enum) > 0 {
		out["enum"] = a.Enum
	}
	return out
}

func numberSchema(a *Attribute) map[string]any {
	out := map[string]any{"type": "number"}
	if a.Integer {
		out["type"] = "integer"
	}
	if a.Min != "" {
		out["minimum"] = json.Number(a.Min)
	}
	if a.Max != "" {
		out["maximum"] = json.Number(a.Max)
	}
	return out
}

func defaultOf(a *Attribute) any {
	switch a.Type {
	case cty.Number:
		return json.Number(a.Default)
	case cty.Bool:
		b, err := strconv.ParseBool(a.Default)
		if err == nil {
			return b
		}
	}
	return a.Default
}
