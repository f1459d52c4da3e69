package catalog

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"github.com/erlmcp/erlmcp/schemas"
)

// TestWhatFitsQuicklyFits holds the quick look to the validator: it never lets
// through what that refuses.
func TestWhatFitsQuicklyFits(t *testing.T) {
	sure := 0
	rapid.Check(t, func(t *rapid.T) {
		inputs := map[string]*schemas.Input{}
		for _, name := range []string{"a", "b"} {
			if rapid.Bool().Draw(t, "declared "+name) {
				inputs[name] = drawInput(t)
			}
		}
		a, err := newArguments(&schemas.Tool{}, inputs)
		if err != nil {
			t.Skip(err) // such as a default that does not fit
		}
		args := map[string]any{}
		for _, name := range []string{"a", "b", "c"} {
			if rapid.IntRange(0, 3).Draw(t, "given "+name) > 0 && (name != "c" || rapid.IntRange(0, 9).Draw(t, "stray") == 0) {
				args[name] = drawValue(t, inputs[name])
			}
		}
		if !a.quick.fits(args) {
			return
		}
		sure++
		if err := a.compiled.Validate(args); err != nil {
			t.Fatalf("%v fits quickly into %s: %v", args, a.source, err)
		}
	})
	if sure < 5 {
		t.Errorf("only %d of the drawn arguments fitted quickly: the test shows nothing", sure)
	}
}

// drawValue draws a value that is often of the type of the input.
func drawValue(t *rapid.T, in *schemas.Input) any {
	kinds := map[string][]any{
		"string": {"", "x", "héé", "longer than that"}, "number": {0.0, 2.5, -3.0, 1e20}, "integer": {1.0, 2.0, 2.5},
		"boolean": {true, false}, "array": {[]any{"x"}, []any{1.0}}, "object": {map[string]any{}},
		"other": {nil, json.Number("9007199254740993")},
	}
	kind := rapid.SampledFrom([]string{"string", "number", "integer", "boolean", "array", "object", "other"}).Draw(t, "kind")
	if in != nil && rapid.IntRange(0, 3).Draw(t, "of the type") > 0 {
		kind = in.Type
	}
	return rapid.SampledFrom(kinds[kind]).Draw(t, "value")
}

func drawInput(t *rapid.T) *schemas.Input {
	in := &schemas.Input{Type: rapid.SampledFrom([]string{"string", "number", "integer", "boolean", "array", "object"}).Draw(t, "type")}
	one, three, two := 1, 3, 2.0
	if rapid.Bool().Draw(t, "bounded") {
		in.MinLength, in.MaxLength, in.Minimum = &one, &three, &two
	}
	if rapid.IntRange(0, 3).Draw(t, "enum") == 0 && in.Type == "string" {
		in.Enum = []string{"x", "héé"}
	}
	if rapid.IntRange(0, 3).Draw(t, "pattern") == 0 {
		in.Pattern = "^x"
	}
	if rapid.IntRange(0, 3).Draw(t, "optional") == 0 {
		no := false
		in.Required = &no
	}
	return in
}
