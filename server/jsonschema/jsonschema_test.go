package jsonschema_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/erlmcp/erlmcp/server/jsonschema"
)

func plain(source []byte) (v any, err error) {
	err = json.Unmarshal(source, &v)
	return v, err
}

func TestWhatIsToldOfValues(t *testing.T) {
	many := `{"type":"object","required":["a","b"],"additionalProperties":false,"properties":{"a":{"type":"string"},"b":{},"n":{"minimum":1,"multipleOf":0.1}}}`
	for _, c := range []struct{ name, schema, value, want string }{
		{"each thing, in order", many, `{"a":1,"x":1,"y":2,"n":0.55}`, "a: got number, want string; additional properties 'x', 'y' not allowed; missing property 'b'; n: minimum: got 0.55, want at least 1; n: multipleOf: got 0.55, want a multiple of 0.1"},
		{"several missing", many, `{}`, "missing properties 'a', 'b'"},
		{"several types", `{"type":["integer","null"]}`, `"x"`, "got string, want null or integer"},
		{"a fraction", `{"type":"integer"}`, `1.5`, "got number, want integer"},
		{"deep", `{"properties":{"l":{"items":{"properties":{"x":{"maxLength":1}}}}}}`, `{"l":[{},{"x":"éé"}]}`, "l.1.x: maxLength: got 2, want at most 1"},
		{"a choice", `{"enum":["a",1,null,{"b":[]}]}`, `"c"`, "value must be one of 'a', 1, null, {\"b\":[]}"},
		{"a constant", `{"const":7}`, `8`, "value must be 7"},
		{"nothing of several", `{"anyOf":[{"type":"string"},{"type":"object","required":["k"]}]}`, `{}`, "got object, want string; missing property 'k'"},
		{"too many of several", `{"oneOf":[{"type":"integer"},{"minimum":0}]}`, `1`, "it fits several schemas of oneOf, want one"},
		{"ruled out", `{"not":{"type":"string"}}`, `"x"`, `it is what "not" rules out`},
		{"nothing at all", `{"properties":{"x":false}}`, `{"x":1}`, "x: it is not allowed"},
		{"exclusive", `{"exclusiveMinimum":0,"exclusiveMaximum":0}`, `0`, "exclusiveMaximum: got 0, want less than 0; exclusiveMinimum: got 0, want more than 0"},
		{"an array", `{"minItems":3,"uniqueItems":true,"contains":{"type":"string"}}`, `[1,1.0]`, "contains: got 0 elements that fit, want at least 1; minItems: got 2, want at least 3; uniqueItems: elements 0 and 1 are equal"},
		{"exclusive, in draft 4", `{"$schema":"http://json-schema.org/draft-04/schema#","minimum":1,"exclusiveMinimum":true,"maximum":0,"exclusiveMaximum":false,"const":2}`, `1`, "exclusiveMinimum: got 1, want more than 1; maximum: got 1, want at most 0"},
		{"together", `{"dependentRequired":{"a":["b"]}}`, `{"a":1}`, "missing property 'b', which 'a' asks for"},
		{"what nothing looked at", `{"allOf":[{"properties":{"a":{}}}],"unevaluatedProperties":false}`, `{"a":1,"b":2}`, "b: it is not allowed"},
		{"a large number", `{"maximum":9007199254740993}`, `9007199254740994`, "maximum: got 9007199254740994, want at most 9007199254740993"},
		{"an enormous number", `{"multipleOf":3}`, `1e999999999999`, "multipleOf: got 1e999999999999, want a multiple of 3"},
		{"more than can be told", `{"items":{"type":"string"}}`, "[1,2,3,4,5,6,7,8,9,10" + strings.Repeat(",1", 1000) + "]", "; and more"},
		{"a long text", `{"pattern":"^a$"}`, `"` + strings.Repeat("é", 5000) + `"`, "…' does not match pattern '^a$'"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := jsonschema.Compile([]byte(c.schema), false)
			if err != nil {
				t.Fatal(err)
			}
			v, err := jsonschema.Decode([]byte(c.value))
			if err != nil {
				t.Fatal(err)
			}
			err = s.Validate(v)
			if err == nil || !strings.HasSuffix(err.Error(), c.want) || len(err.Error()) > 1100 {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestWhatIsRefusedAsSchema(t *testing.T) {
	for _, c := range []struct{ name, schema, want string }{
		{"no JSON", `{`, "it is not JSON: unexpected EOF"},
		{"two values", `{} {}`, "it is not JSON: there is more behind the value"},
		{"no schema", `7`, "it is not a JSON Schema: got number, want a schema"},
		{"another type of keyword", `{"properties":{"a":{"minLength":"3","title":4,"enum":{}}}}`, "properties.a.enum: got object, want array; properties.a.minLength: got string, want integer; properties.a.title: got number, want string"},
		{"a type that there is not", `{"type":"strin"}`, "type: 'strin' is not a type of JSON"},
		{"a negative length", `{"maxLength":-1}`, "maxLength: -1 is not a whole number of 0 or more"},
		{"a multiple of nothing", `{"multipleOf":0}`, "multipleOf: 0 is not more than 0"},
		{"names twice", `{"required":["a","a"]}`, "required: the elements must be different strings"},
		{"no schemas", `{"allOf":[]}`, "allOf: it must have an element"},
		{"items of an older draft", `{"items":[{}]}`, "items: got array, want a schema"},
		{"no pattern", `{"patternProperties":{"(":{}}}`, "patternProperties: '(' is not valid regex"},
		{"another document", `{"$ref":"https://example.com/s.json"}`, "$ref leads to https://example.com/s.json, and schemas elsewhere are not fetched"},
		{"nowhere", `{"$ref":"#/$defs/x"}`, "$ref: '#/$defs/x' leads nowhere"},
		{"no anchor", `{"$ref":"#x"}`, "$ref: '#x' leads nowhere"},
		{"itself", `{"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"anyOf":[{"$ref":"#/$defs/a"}]}}}`, "it refers to itself without end"},
		{"itself, by another name", `{"$id":"x:/a","$dynamicAnchor":"n","anyOf":[{"$ref":"b"}],"$defs":{"b":{"$id":"b","$dynamicRef":"#n","$defs":{"n":{"$dynamicAnchor":"n"}}}}}`, "it refers to itself without end"},
		{"another dialect", `{"$schema":"http://json-schema.org/draft-03/schema#"}`, "$schema: 'http://json-schema.org/draft-03/schema#' is not one of the dialects"},
		{"an identifier with a fragment", `{"$id":"x:/a#b"}`, "$id: it must have no fragment"},
		{"two of an identifier", `{"$defs":{"a":{"$id":"x:/a"},"b":{"$id":"x:/a"}}}`, "there are two schemas 'x:/a'"},
		{"two of an anchor", `{"$defs":{"a":{"$anchor":"x"},"b":{"$anchor":"x"}}}`, "there are two anchors 'x'"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := jsonschema.Compile([]byte(c.schema), false); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestFormatsCountWhenAskedFor(t *testing.T) {
	for _, c := range []struct {
		format, value string
		fits          bool
	}{
		{"date", "2026-02-28", true}, {"date", "2026-02-30", false},
		{"date-time", "2026-02-28T10:00:00.5+01:00", true}, {"date-time", "2026-02-28t10:00:00z", true}, {"date-time", "2026-02-28 10:00", false},
		{"email", "a@b.c", true}, {"email", "nobody", false}, {"email", "A <a@b.c>", false},
		{"uri", "https://a.b/c?d#e", true}, {"uri", "/c", false}, {"uri", "https://a b", false},
		{"another", "anything", true},
	} {
		for _, counts := range []bool{true, false} {
			s, err := jsonschema.Compile([]byte(`{"format":"`+c.format+`"}`), counts)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Validate(c.value); (err == nil) != (c.fits || !counts) {
				t.Errorf("%s %q, counts: %v: %v", c.format, c.value, counts, err)
			}
		}
	}
}

func BenchmarkValidate(b *testing.B) {
	s, err := jsonschema.Compile([]byte(`{"type":"object","properties":{"city":{"type":"string","pattern":"^[A-Z]"},
		"unit":{"type":"string","enum":["c","f"]},"days":{"type":"integer","minimum":1,"maximum":14}},"required":["city"],"additionalProperties":false}`), false)
	if err != nil {
		b.Fatal(err)
	}
	v := map[string]any{"city": "Oslo", "unit": "f", "days": 3.0}
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Validate(v); err != nil {
			b.Fatal(err)
		}
	}
}
