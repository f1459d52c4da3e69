package catalog

import (
	"math"
	"slices"
	"unicode/utf8"

	"github.com/erlmcp/erlmcp/schemas"
)

// quick sees of most arguments that they fit the inputs of a tool, without the
// validator, which takes twenty times as long. What it is not sure of it leaves to
// that, and so does everything that does not fit, which has to be explained.
type quick struct {
	inputs   map[string]*schemas.Input
	required []string
}

func newQuick(inputs map[string]*schemas.Input) *quick {
	q := &quick{inputs: inputs}
	for _, name := range names(inputs) {
		if isRequired(inputs[name]) {
			q.required = append(q.required, name)
		}
	}
	return q
}

// fits reports whether the arguments fit for certain.
func (q *quick) fits(args map[string]any) bool {
	for name, v := range args {
		in := q.inputs[name]
		if in == nil || in.Pattern != "" || !fits(v, in.Type, in) {
			return false
		}
	}
	for _, name := range q.required {
		if _, ok := args[name]; !ok {
			return false
		}
	}
	return true
}

// fits reports whether a value of a type is within the bounds of an input. Which
// bounds have a meaning for which type is JSON Schema's to say.
func fits(v any, kind string, in *schemas.Input) bool {
	switch v := v.(type) {
	case string:
		return kind == "string" && fitsText(v, in)
	case float64:
		return (kind == "number" || kind == "integer" && v == math.Trunc(v)) && in.Enum == nil &&
			(in.Minimum == nil || v >= *in.Minimum) && (in.Maximum == nil || v <= *in.Maximum)
	case bool:
		return kind == "boolean" && in.Enum == nil
	}
	return false
}

func fitsText(s string, in *schemas.Input) bool {
	if in.Enum != nil && !slices.Contains(in.Enum, s) {
		return false
	}
	if in.MinLength == nil && in.MaxLength == nil {
		return true
	}
	n := utf8.RuneCountInString(s)
	return (in.MinLength == nil || n >= *in.MinLength) && (in.MaxLength == nil || n <= *in.MaxLength)
}
