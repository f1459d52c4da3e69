package plan

import (
	"fmt"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/erlmcp/erlmcp/engine/config"
	"github.com/erlmcp/erlmcp/engine/resource"
)

// Exported reads from an endpoint's values what its instance exports: null where
// the type lacks the attribute.
func Exported(values cty.Value) (cty.Value, error) {
	out := map[string]cty.Value{}
	for name, t := range config.ExportType.AttributeTypes() {
		v := attribute(resource.Object{Values: values}, name)
		v, err := convert.Convert(v, t)
		if err != nil {
			return cty.NilVal, fmt.Errorf("its attribute %s: %w", name, err)
		}
		out[name] = v
	}
	return cty.ObjectVal(out), nil
}

// expected is what an endpoint's values will be, as far as others may rely on
// it: unknown where the provider may fill in something else.
func expected(t *resource.Type, action Action, wanted, found resource.Object) cty.Value {
	if action == NoOp {
		return found.Values
	}
	out := map[string]cty.Value{}
	for i := range t.Attributes {
		a := &t.Attributes[i]
		v := attribute(wanted, a.Name)
		if v.IsKnown() && v.IsNull() {
			if action == Update {
				v = attribute(found, a.Name)
			} else {
				v = cty.UnknownVal(a.Type)
			}
		}
		out[a.Name] = v
	}
	return cty.ObjectVal(out)
}
