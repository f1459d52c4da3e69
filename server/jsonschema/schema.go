package jsonschema

import (
	"regexp"
	"slices"
)

// Schema is a compiled schema. It does not change.
type Schema struct {
	never    bool      // the schema false
	resource *resource // that it is part of

	ref     *Schema
	dynamic *dynamic

	types  kinds    // 0: any
	enum   []any    // nil: any
	single *any     // const
	number *numbers // rules for values of a kind; nil when there are none
	text   *texts
	array  *arrays
	object *objects
	among  *among

	openItems, openProperties *Schema // unevaluatedItems, unevaluatedProperties
}

// dynamic is a reference to the outermost schema of an anchor, among those that
// the check has come through; lexical, where there is none.
type dynamic struct {
	lexical *Schema
	anchor  string
}

// numbers are rules for numbers.
type numbers struct {
	min, max, above, below, multiple *bound
}

// texts are rules for strings.
type texts struct {
	min, max int // in characters; max -1: none
	pattern  *regexp.Regexp
	format   *format
}

// arrays are rules for arrays.
type arrays struct {
	min, max         int       // max -1: none
	first            []*Schema // prefixItems
	rest             *Schema   // items
	contains         *Schema
	fewest, most     int // that contains fits; most -1: any number
	unique, noteHits bool
}

// objects are rules for objects.
type objects struct {
	min, max   int // max -1: none
	properties map[string]*Schema
	patterns   []patterned
	additional *Schema
	names      *Schema
	required   []string
	together   map[string][]string // dependentRequired
	along      map[string]*Schema  // dependentSchemas
}

// patterned are the properties whose names match.
type patterned struct {
	names  *regexp.Regexp
	schema *Schema
}

// among are the schemas that a value is checked with in several ways.
type among struct {
	all, some, one        []*Schema // allOf, anyOf, oneOf
	not                   *Schema
	when, then, otherwise *Schema // if, then, else
}

// Property is the schema of a property of an object; nil when there is none of its
// own.
func (s *Schema) Property(name string) *Schema {
	if s.object == nil {
		return nil
	}
	return s.object.properties[name]
}

// Validate checks a JSON value as encoding/json decodes it, with float64 or
// json.Number. The error is [Misfits].
func (s *Schema) Validate(v any) error {
	if (&check{}).fits(s, v, nil) {
		return nil
	}
	told := &check{found: &Misfits{}}
	told.fits(s, v, nil)
	slices.SortFunc(*told.found, Misfit.compare)
	return *told.found
}
