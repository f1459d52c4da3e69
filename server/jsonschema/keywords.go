package jsonschema

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
)

// Where keywords have schemas.
const (
	single = 1 << iota // the value is one
	listed             // each element is one
	named              // each member is one
)

var subschemas = map[string]int{
	"additionalItems": single, "additionalProperties": single, "allOf": listed, "anyOf": listed, "contains": single,
	"contentSchema": single, "definitions": named, "$defs": named, "dependencies": named, "dependentSchemas": named,
	"else": single, "if": single, "items": single | listed, "not": single, "oneOf": listed, "patternProperties": named,
	"prefixItems": listed, "properties": named, "propertyNames": single, "then": single,
	"unevaluatedItems": single, "unevaluatedProperties": single,
}

// schema is the schema at a place, compiled when it is asked for first; so schemas
// may refer to one another.
func (d *document) schema(at string) *Schema {
	if s := d.compiled[at]; s != nil {
		return s
	}
	s := &Schema{resource: d.resourceOf(at)}
	d.compiled[at] = s
	node, _ := d.node(at)
	switch node := node.(type) {
	case bool:
		s.never = !node
	case map[string]any:
		k := &keywords{document: d, members: node, at: at, in: s.resource}
		k.annotations()
		if k.references(s) {
			return s
		}
		k.general(s)
		k.forNumbers(s)
		k.forTexts(s)
		k.forArrays(s)
		k.forObjects(s)
		k.combinations(s)
	default:
		d.fail(at, "got %s, want a schema", got(node))
	}
	return s
}

// keywords reads the members of one schema. What has another form than its keyword
// wants is noted, and read as if it were not there.
type keywords struct {
	*document
	members map[string]any
	at      string
	in      *resource
}

// before reports whether the schema is of an older draft.
func (k *keywords) before(d dialect) bool { return k.in.dialect < d }

// read is a member of a Go type.
func read[T any](k *keywords, name, want string) (v T, ok bool) {
	raw, there := k.members[name]
	if !there {
		return v, false
	}
	if v, ok = raw.(T); !ok {
		k.fail(k.at+"/"+name, "got %s, want %s", got(raw), want)
	}
	return v, ok
}

func (k *keywords) text(name string) (string, bool) { return read[string](k, name, "string") }

func (k *keywords) flag(name string) bool {
	v, _ := read[bool](k, name, "boolean")
	return v
}

func (k *keywords) bound(name string) *bound {
	n, ok := read[json.Number](k, name, "number")
	if !ok {
		return nil
	}
	return newBound(n)
}

// count is a whole number that is not negative.
func (k *keywords) count(name string, absent int) int {
	n, ok := read[json.Number](k, name, "integer")
	if !ok {
		return absent
	}
	d := decimalOf(n)
	if !d.isInteger() || d.negative {
		k.fail(k.at+"/"+name, "%s is not a whole number of 0 or more", n)
		return absent
	}
	if d.exponent > 18 {
		return int(^uint(0) >> 1)
	}
	i, _ := strconv.Atoi(string(d.append(nil))) // as many digits as fit
	return i
}

func (k *keywords) pattern(name, source string) *regexp.Regexp {
	re, err := regexp.Compile(source)
	if err != nil {
		k.fail(k.at+"/"+name, "%s is not valid regex: %v", shown(source), err)
	}
	return re
}

// names are different strings.
func (k *keywords) names(at string, raw any) []string {
	list, ok := raw.([]any)
	if !ok {
		k.fail(at, "got %s, want array", got(raw))
		return nil
	}
	out := make([]string, 0, len(list))
	for _, element := range list {
		s, ok := element.(string)
		if !ok || slices.Contains(out, s) {
			k.fail(at, "the elements must be different strings")
			return nil
		}
		out = append(out, s)
	}
	return out
}

// sub is the schema of a keyword, nil for none.
func (k *keywords) sub(name string) *Schema {
	if _, ok := k.members[name]; !ok {
		return nil
	}
	return k.schema(k.at + "/" + name)
}

// list are the schemas of a keyword, of which there must be one.
func (k *keywords) list(name string) []*Schema {
	raw, ok := read[[]any](k, name, "array")
	if ok && len(raw) == 0 {
		k.fail(k.at+"/"+name, "it must have an element")
	}
	var out []*Schema
	for i := range raw {
		out = append(out, k.schema(k.at+"/"+name+"/"+strconv.Itoa(i)))
	}
	return out
}

// byName are the schemas of a keyword that have names.
func (k *keywords) byName(name string) map[string]*Schema {
	raw, _ := read[map[string]any](k, name, "object")
	if len(raw) == 0 {
		return nil
	}
	out := make(map[string]*Schema, len(raw))
	for _, key := range slices.Sorted(maps.Keys(raw)) {
		out[key] = k.schema(k.at + "/" + name + "/" + escape(key))
	}
	return out
}
