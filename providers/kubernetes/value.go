package kubernetes

import (
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/resource"
)

// fields is a JSON object, as the cluster speaks of objects.
type fields = map[string]any

// valueOf is JSON as a value: objects and tuples, whose types say what is there.
func valueOf(v any) cty.Value {
	switch v := v.(type) {
	case fields:
		out := make(map[string]cty.Value, len(v))
		for k, e := range v {
			out[k] = valueOf(e)
		}
		return cty.ObjectVal(out)
	case []any:
		out := make([]cty.Value, len(v))
		for i, e := range v {
			out[i] = valueOf(e)
		}
		return cty.TupleVal(out)
	case string:
		return cty.StringVal(v)
	case bool:
		return cty.BoolVal(v)
	case int64:
		return cty.NumberIntVal(v)
	case int:
		return cty.NumberIntVal(int64(v))
	case float64:
		return cty.NumberFloatVal(v)
	case nil:
		return cty.NullVal(cty.DynamicPseudoType)
	}
	panic(fmt.Sprintf("kubernetes: %T is not JSON", v))
}

// jsonOf is the inverse of valueOf. The value is known and bears no marks.
func jsonOf(v cty.Value) any {
	switch t := v.Type(); {
	case v.IsNull():
		return nil
	case t == cty.String:
		return v.AsString()
	case t == cty.Bool:
		return v.True()
	case t == cty.Number:
		f := v.AsBigFloat()
		if n, exact := f.Int64(); exact == 0 && f.IsInt() {
			return n
		}
		n, _ := f.Float64()
		return n
	case t.IsObjectType(), t.IsMapType():
		out := fields{}
		for k, e := range v.AsValueMap() {
			out[k] = jsonOf(e)
		}
		return out
	default:
		out := []any{}
		for _, e := range v.AsValueSlice() {
			out = append(out, jsonOf(e))
		}
		return out
	}
}

// object fills in null for the attributes that are not given.
func object(t *resource.Type, given map[string]cty.Value) cty.Value {
	for _, a := range t.Attributes {
		if _, ok := given[a.Name]; !ok {
			given[a.Name] = cty.NullVal(a.Type)
		}
	}
	return cty.ObjectVal(given)
}

// at is what stands at the path of an object; nil when there is nothing.
func at(o fields, path ...string) any {
	var v any = o
	for _, name := range path {
		m, ok := v.(fields)
		if !ok {
			return nil
		}
		v = m[name]
	}
	return v
}

func textAt(o fields, path ...string) string {
	s, _ := at(o, path...).(string)
	return s
}

func intAt(o fields, path ...string) int64 {
	n, _ := at(o, path...).(int64)
	return n
}

func listAt(o fields, path ...string) []fields {
	l, _ := at(o, path...).([]any)
	out := make([]fields, 0, len(l))
	for _, e := range l {
		if m, ok := e.(fields); ok {
			out = append(out, m)
		}
	}
	return out
}

func texts(s ...string) []any {
	out := make([]any, len(s))
	for i := range s {
		out[i] = s[i]
	}
	return out
}

func textMap(m map[string]string) fields {
	out := fields{}
	for k, v := range m {
		out[k] = v
	}
	return out
}
