package view

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/state"
)

// Outputs writes the outputs of a state for people.
func Outputs(w io.Writer, s Style, list map[string]state.Output) {
	names := slices.Sorted(maps.Keys(list))
	width := 0
	for _, n := range names {
		width = max(width, len(n))
	}
	for _, n := range names {
		value := "(sensitive)"
		if !list[n].Sensitive {
			value = OutputText(list[n].Value.Values)
		}
		fmt.Fprintf(w, "%s %s %s\n", s.Paint(Bold, fmt.Sprintf("%-*s", width, n)), s.Paint(Dim, "="), value)
	}
}

// OutputsJSON is the machine's form of all outputs: a sensitive one has no value.
func OutputsJSON(list map[string]state.Output) map[string]any {
	out := map[string]any{}
	for n, o := range list {
		e := map[string]any{"sensitive": o.Sensitive}
		if !o.Sensitive {
			e["value"] = valueJSON(o.Value.Values)
		}
		out[n] = e
	}
	return out
}

// OutputText writes a value of any shape on one or more lines, as HCL would.
func OutputText(v cty.Value) string {
	switch {
	case v == cty.NilVal, v.IsKnown() && v.IsNull():
		return "null"
	case !v.IsKnown():
		return "(known after apply)"
	case !v.CanIterateElements():
		return leaf{value: v}.text(1 << 20)
	case v.IsWhollyKnown():
		var raw strings.Builder
		if err := JSON(&raw, valueJSON(v)); err != nil {
			return "(cannot be shown)"
		}
		return strings.TrimSuffix(raw.String(), "\n")
	}
	var parts []string
	for it := v.ElementIterator(); it.Next(); {
		k, e := it.Element()
		part := OutputText(e)
		if k.Type() == cty.String {
			part = k.AsString() + " = " + part
		}
		parts = append(parts, part)
	}
	return "{ " + strings.Join(parts, ", ") + " }"
}
