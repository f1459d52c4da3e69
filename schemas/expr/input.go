package expr

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"github.com/zclconf/go-cty/cty"
)

// Input makes the input object out of arguments decoded from JSON: null, bool,
// string, float64, int, int64, json.Number, []any, map[string]any. Arrays become
// tuples, objects become objects. A number beyond the range of float64 becomes
// the one nearest to it. It panics on any other type, which no JSON decodes
// to.
func Input(args map[string]any) cty.Value {
	attributes := make(map[string]cty.Value, len(args))
	for name, v := range args {
		attributes[name] = inputValue(v)
	}
	return cty.ObjectVal(attributes)
}

func inputValue(v any) cty.Value {
	switch v := v.(type) {
	case nil:
		return cty.NullVal(cty.DynamicPseudoType)
	case bool:
		return cty.BoolVal(v)
	case string:
		return cty.StringVal(v)
	case float64:
		return cty.NumberFloatVal(v)
	case int:
		return cty.NumberIntVal(int64(v))
	case int64:
		return cty.NumberIntVal(v)
	case json.Number:
		return inputNumber(v)
	case []any:
		elements := make([]cty.Value, len(v))
		for i, e := range v {
			elements[i] = inputValue(e)
		}
		return cty.TupleVal(elements)
	case map[string]any:
		return Input(v)
	}
	panic(fmt.Sprintf("expr: an argument of type %T does not come from JSON", v))
}

// inputNumber keeps every digit of a number that a float64 can approximate. Any
// other is clamped into that range: written out, it could fill the memory.
func inputNumber(n json.Number) cty.Value {
	const smallest, longest = 1e-300, 400
	f, err := strconv.ParseFloat(n.String(), 64)
	if math.IsInf(f, 0) {
		return cty.NumberFloatVal(math.Copysign(math.MaxFloat64, f))
	}
	if err == nil && math.Abs(f) > smallest && len(n) < longest {
		if exact, err := cty.ParseNumberVal(n.String()); err == nil {
			return exact
		}
	}
	return cty.NumberFloatVal(f)
}
