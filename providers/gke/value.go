package gke

import (
	"maps"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/schemas"
)

// object fills in null for the attributes that are not given.
func object(typ string, given map[string]cty.Value) cty.Value {
	for _, a := range typeOf(typ).Attributes {
		if _, ok := given[a.Name]; !ok {
			given[a.Name] = cty.NullVal(a.Type)
		}
	}
	return cty.ObjectVal(given)
}

// text is null when it is empty: then it is not owned.
func text(s string) cty.Value {
	if s == "" {
		return cty.NullVal(cty.String)
	}
	return cty.StringVal(s)
}

func number[N int | int32 | int64](n *N, otherwise N) cty.Value {
	if n == nil {
		return cty.NumberIntVal(int64(otherwise))
	}
	return cty.NumberIntVal(int64(*n))
}

// all is a list that is owned also when it is empty.
func all(l []string) []string { return append([]string{}, l...) }

// every is a map that is owned also when it is empty.
func every(m map[string]string) map[string]string {
	out := map[string]string{}
	maps.Copy(out, m)
	return out
}

// list holds texts in order; null, and not owned, for nil.
func list(of []string) cty.Value {
	if of == nil {
		return cty.NullVal(texts)
	}
	sorted := slices.Sorted(slices.Values(of))
	out := make([]cty.Value, len(sorted))
	for i, s := range sorted {
		out[i] = cty.StringVal(s)
	}
	if len(out) == 0 {
		return cty.ListValEmpty(cty.String)
	}
	return cty.ListVal(out)
}

func mapping(of map[string]string) cty.Value {
	out := map[string]cty.Value{}
	for k, v := range of {
		out[k] = cty.StringVal(v)
	}
	if len(out) == 0 {
		return cty.MapValEmpty(cty.String)
	}
	return cty.MapVal(out)
}

func taintValues(all []*schemas.GKETaint) cty.Value {
	var out []cty.Value
	for _, t := range all {
		effect := t.Effect
		if effect == "" {
			effect = "NoSchedule"
		}
		out = append(out, cty.ObjectVal(map[string]cty.Value{
			"key": cty.StringVal(t.Key), "value": cty.StringVal(t.Value), "effect": cty.StringVal(effect),
		}))
	}
	if len(out) == 0 {
		return cty.ListValEmpty(taintType)
	}
	return cty.ListVal(out)
}

// textOf is a text, "" for null.
func textOf(values cty.Value, name string) string {
	if v := values.GetAttr(name); !v.IsNull() {
		return v.AsString()
	}
	return ""
}

func boolOf(values cty.Value, name string) bool {
	v := values.GetAttr(name)
	return !v.IsNull() && v.True()
}

// intOf is a whole number, 0 for null.
func intOf(values cty.Value, name string) int32 {
	v := values.GetAttr(name)
	if v.IsNull() {
		return 0
	}
	n, _ := v.AsBigFloat().Int64()
	return int32(n)
}

func listOf(values cty.Value, name string) []string {
	v := values.GetAttr(name)
	if v.IsNull() {
		return nil
	}
	out := []string{}
	for _, e := range v.AsValueSlice() {
		out = append(out, e.AsString())
	}
	return out
}

func mapOf(values cty.Value, name string) map[string]string {
	v := values.GetAttr(name)
	if v.IsNull() {
		return nil
	}
	out := map[string]string{}
	for k, e := range v.AsValueMap() {
		out[k] = e.AsString()
	}
	return out
}
