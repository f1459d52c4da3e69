package jsonschema_test

import (
	"bytes"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	another "github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"github.com/erlmcp/erlmcp/server/jsonschema"
)

// likely are values of keywords that say something.
var likely = map[string][]string{
	"type": {`"integer"`, `["string","array"]`, `"object"`}, "enum": {`[1,"a",[0]]`}, "const": {`{"a":1.0}`},
	"minimum": {`1`, `0.5`}, "exclusiveMaximum": {`2`}, "multipleOf": {`0.5`, `2`}, "minLength": {`1`}, "pattern": {`"^a"`},
	"minItems": {`1`}, "uniqueItems": {`true`}, "prefixItems": {`[{"type":"integer"}]`}, "items": {`false`, `{"minimum":1}`},
	"contains": {`{"const":1}`}, "maxContains": {`1`}, "minContains": {`0`}, "required": {`["a"]`}, "properties": {`{"a":{"type":"integer"},"b":false}`, `{"a":{"$ref":"#"}}`},
	"patternProperties": {`{"^b":{"type":"integer"}}`}, "additionalProperties": {`false`, `{"$ref":"#/$defs/a"}`},
	"propertyNames": {`{"maxLength":1}`}, "not": {`{"type":"string"}`}, "anyOf": {`[{"minimum":1},{"required":["b"]},{"type":"null"}]`},
	"oneOf": {`[{"type":"integer"},{"maximum":1}]`}, "allOf": {`[{"properties":{"bb":true}},{"$ref":"#/$defs/a"}]`, `[{"$ref":"#x"}]`},
	"if": {`{"type":"object"}`}, "then": {`{"minProperties":1}`}, "else": {`{"maxItems":1}`},
	"unevaluatedProperties": {`false`}, "unevaluatedItems": {`{"type":"string"}`}, "dependentRequired": {`{"a":["b"]}`},
	"dependentSchemas": {`{"a":{"properties":{"a":{"type":"integer"}}}}`}, "$ref": {`"#/$defs/a"`}, "$dynamicRef": {`"#x"`},
	"$schema": {`"https://json-schema.org/draft/2019-09/schema"`},
}

// odd are values that some keywords take, and most do not.
var odd = []string{`null`, `7`, `-1`, `"x"`, `"#"`, `[]`, `[{}]`, `["a","a"]`, `{}`, `{"a":{"$anchor":"x"}}`, `{"a":7}`, `true`}

var values = []string{
	`null`, `true`, `0`, `1`, `1.0`, `1.5`, `-0.0`, `1e400`, `1e17`, `"a"`, `"bb"`, `[]`, `[1]`, `[1,1.0,"a"]`, `["a",[0]]`,
	`{}`, `{"a":1}`, `{"a":"x","bb":2}`, `{"b":1}`, `{"a":{"a":1}}`,
}

// aSchema is made of a few keywords.
func aSchema(t *rapid.T) string {
	members := []string{`"$defs":{"a":{"$dynamicAnchor":"x","type":["object","array","integer"]}}`}
	for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(slices.Sorted(maps.Keys(likely))), 1, 4, rapid.ID[string]).Draw(t, "keywords") {
		pool := likely[name]
		if rapid.IntRange(0, 9).Draw(t, "odd") == 0 {
			pool = odd
		}
		members = append(members, `"`+name+`":`+rapid.SampledFrom(pool).Draw(t, name))
	}
	return "{" + strings.Join(members, ",") + "}"
}

// TestAgreesWithAnother compares with another implementation, and how values are
// decoded makes no difference. What does not fit has a reason.
func TestAgreesWithAnother(t *testing.T) {
	var fit, misfit, refused int
	rapid.Check(t, func(t *rapid.T) {
		source := aSchema(t)
		s, err := jsonschema.Compile([]byte(source), false)
		theirs := compileAnother(source)
		if err != nil || theirs == nil {
			if err == nil && !strings.Contains(source, "$schema") { // they check what an older draft ignores
				t.Fatalf("%s is refused by the other", source)
			}
			refused++
			return
		}
		for _, value := range values {
			exact, err := jsonschema.Decode([]byte(value))
			if err != nil {
				t.Fatal(err)
			}
			err = s.Validate(exact)
			if want := theirs.Validate(exact); (err == nil) != (want == nil) {
				t.Fatalf("%s, %s: %v; the other says %v", source, value, err, want)
			}
			if floats, unfit := plain([]byte(value)); unfit == nil {
				if again := s.Validate(floats); (err == nil) != (again == nil) {
					t.Fatalf("%s, %s: %v; with float64 %v", source, value, err, again)
				}
			}
			var told jsonschema.Misfits
			switch {
			case err == nil:
				fit++
			case !errors.As(err, &told) || len(told) == 0 || told[0].Says == "":
				t.Fatalf("%s, %s: it does not fit, for %v", source, value, err)
			default:
				misfit++
			}
		}
	})
	if fit == 0 || misfit == 0 || refused == 0 {
		t.Errorf("%d values fit, %d do not, %d schemas are none: not all was compared", fit, misfit, refused)
	}
}

// compileAnother is nil for a schema that the other implementation refuses.
func compileAnother(source string) *another.Schema {
	doc, err := another.UnmarshalJSON(bytes.NewReader([]byte(source)))
	if err != nil {
		return nil
	}
	c := another.NewCompiler()
	if c.AddResource("erlmcp:schema", doc) != nil {
		return nil
	}
	s, err := c.Compile("erlmcp:schema")
	if err != nil {
		return nil
	}
	return s
}
