package expr

import (
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// toCollectionFunc converts to a type of collection. What has elements of one
// type already is made a list or map first: the conversion compares each element's
// type with each other's otherwise.
func toCollectionFunc(want cty.Type) function.Function {
	convert := stdlib.MakeToFunc(want)
	return function.New(&function.Spec{
		Params: convert.Params(),
		Type: func(args []cty.Value) (cty.Type, error) {
			return convert.ReturnTypeForValues([]cty.Value{uniform(args[0])})
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return convert.Call([]cty.Value{uniform(args[0])})
		},
	})
}

// uniform is a tuple as a list and an object as a map, when it has elements of
// one type; any other value as it is.
func uniform(v cty.Value) cty.Value {
	t := v.Type()
	if v.IsMarked() || !v.IsKnown() || v.IsNull() || !t.IsTupleType() && !t.IsObjectType() || v.LengthInt() == 0 {
		return v
	}
	first := cty.NilType
	for it := v.ElementIterator(); it.Next(); {
		_, e := it.Element()
		if first == cty.NilType {
			first = e.Type()
		}
		if first.HasDynamicTypes() || !e.Type().Equals(first) {
			return v
		}
	}
	if t.IsTupleType() {
		return cty.ListVal(v.AsValueSlice())
	}
	return cty.MapVal(v.AsValueMap())
}
