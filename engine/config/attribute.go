package config

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/schemas"
)

// attribute evaluates one attribute to its described type. After an error, which
// has been noted, it is unknown, so that nothing more is said about it.
func (d *decoder) attribute(a *schemas.Attribute, attr *hclsyntax.Attribute, ctx *hcl.EvalContext) cty.Value {
	unknown := cty.UnknownVal(a.Type)
	var v cty.Value
	ok := true
	switch {
	case a.Kind == schemas.KindType:
		v, ok = d.typeName(attr.Expr, ctx)
	case a.Template != "":
		v, ok = d.templates(a, attr, ctx)
	default:
		v, ok = d.value(attr.Expr, ctx)
	}
	if !ok {
		return unknown
	}
	at := attr.Expr.Range()
	if a.Kind == schemas.KindValue {
		v, ok = d.jsonOf(v, at)
		if !ok {
			return unknown
		}
	}
	v, err := convert.Convert(v, a.Type)
	if err != nil {
		d.wrongType(a, attr, ctx)
		return unknown
	}
	if a.NonEmpty && isEmpty(v) {
		d.add(diag.Errorf("Wrong value", "%s: it is empty.", a.Name).At(diag.FromRange(&at)).Fix("Leave it out, or give it elements."))
		return unknown
	}
	if v, ok = normal(v); !ok {
		d.add(diag.Errorf("A null element", "%q cannot hold null.", a.Name).At(diag.FromRange(&at)).Fix("Leave the element out."))
		return unknown
	}
	if v.IsNull() {
		return v
	}
	if broken := d.broken(a, v); broken != "" {
		d.add(diag.Errorf("Wrong value", "%s: %s.", a.Name, strings.TrimSuffix(broken, ".")).At(diag.FromRange(&at)).Fix("%s", advise(a, v)))
		return unknown
	}
	if a.Kind == schemas.KindPath && d.paths != nil && v.IsKnown() {
		plain, marks := v.Unmark()
		v = cty.StringVal(d.paths(plain.AsString())).WithMarks(marks)
	}
	if a.Sensitive {
		v = v.Mark(schemas.Sensitive)
	}
	return v
}

// advise is what the vocabulary says of an attribute, or which of its values may
// be meant.
func advise(a *schemas.Attribute, v cty.Value) string {
	s, ok := text(v)
	if len(a.Enum) == 0 || !ok || v.ContainsMarked() {
		return sentence(a)
	}
	if near := diag.Suggest(s, a.Enum); near != "" {
		return fmt.Sprintf("Did you mean %q?", near)
	}
	return "Write one of these values."
}

// normal makes an empty collection null, as the runtime document has it. It is
// not ok when a collection holds null.
func normal(v cty.Value) (cty.Value, bool) {
	if v.IsNull() {
		return cty.NullVal(v.Type()), true
	}
	plain, _ := v.Unmark()
	if !plain.IsKnown() || !plain.Type().IsCollectionType() {
		return v, true
	}
	if plain.LengthInt() == 0 {
		return cty.NullVal(v.Type()), true
	}
	for it := plain.ElementIterator(); it.Next(); {
		if _, e := it.Element(); e.IsNull() {
			return v, false
		}
	}
	return v, true
}

func isEmpty(v cty.Value) bool {
	plain, _ := v.Unmark()
	return plain.IsKnown() && !plain.IsNull() && plain.Type().IsCollectionType() && plain.LengthInt() == 0
}

func (d *decoder) wrongType(a *schemas.Attribute, attr *hclsyntax.Attribute, ctx *hcl.EvalContext) {
	at := attr.Expr.Range()
	got := cty.DynamicPseudoType
	if again, hd := attr.Expr.Value(ctx); !hd.HasErrors() {
		got = again.Type()
	}
	e := diag.Errorf("Wrong type", "%q must be %s, and this is %s.", a.Name, nameOf(a.Type), nameOf(got)).At(diag.FromRange(&at))
	switch {
	case a.Type.IsListType() && got.IsPrimitiveType():
		e.Fix("Put it in brackets: %s = [ … ].", a.Name)
	case a.Type.IsCollectionType() && !got.IsPrimitiveType():
		e.Fix("Each element must be %s.", nameOf(a.Type.ElementType()))
	default:
		e.Fix("%s", sentence(a))
	}
	d.add(e)
}

// typeName reads the bare name of a type, or a string that holds one.
func (d *decoder) typeName(e hclsyntax.Expression, ctx *hcl.EvalContext) (cty.Value, bool) {
	if name := hcl.ExprAsKeyword(e); name != "" && name != "null" {
		return cty.StringVal(name), true
	}
	if len(e.Variables()) > 0 {
		at := e.Range()
		d.add(diag.Errorf("Wrong type", "This is not the name of a type.").At(diag.FromRange(&at)).Fix("Write the name without quotes, such as string."))
		return cty.NilVal, false
	}
	return d.value(e, ctx)
}

// jsonOf is any value as its JSON text.
func (d *decoder) jsonOf(v cty.Value, at hcl.Range) (cty.Value, bool) {
	plain, marks := v.UnmarkDeep()
	switch {
	case plain.IsNull():
		return cty.NullVal(cty.String), true
	case !plain.IsWhollyKnown():
		return cty.UnknownVal(cty.String).WithMarks(marks), true
	}
	raw, err := ctyjson.Marshal(plain, plain.Type())
	if err != nil {
		d.add(diag.Errorf("Wrong value", "This value has no form in JSON.").At(diag.FromRange(&at)))
		return cty.NilVal, false
	}
	return cty.StringVal(string(raw)).WithMarks(marks), true
}

// broken is the rule of the vocabulary that a value breaks, or "". Elements of a
// collection are looked at one by one; what is not known yet is not looked at.
func (d *decoder) broken(a *schemas.Attribute, v cty.Value) string {
	plain, marks := v.Unmark()
	if !plain.IsKnown() {
		return ""
	}
	if plain.Type().IsCollectionType() {
		for it := plain.ElementIterator(); it.Next(); {
			_, e := it.Element()
			if rule := d.broken(a, e.WithMarks(marks)); rule != "" {
				return rule
			}
		}
		return ""
	}
	rule := brokenScalar(a, plain)
	if rule != "" && len(marks) > 0 {
		return "the value breaks a rule; it is sensitive, so the reason is not shown"
	}
	return rule
}

func brokenScalar(a *schemas.Attribute, v cty.Value) string {
	switch v.Type() {
	case cty.Number:
		n := v.AsBigFloat()
		if n.IsInf() {
			return "it is not a finite number"
		}
		if a.Integer && !n.IsInt() {
			return "it must be a whole number"
		}
		f, _ := n.Float64()
		if rule := a.Check(f); rule != "" {
			return rule
		}
		if a.NoZero && n.Sign() == 0 {
			return "it cannot be 0"
		}
		if a.Integer && (n.Cmp(big.NewFloat(1<<53)) > 0 || n.Cmp(big.NewFloat(-1<<53)) < 0) {
			return "it is too large"
		}
	case cty.String:
		return brokenText(a, v.AsString())
	}
	return ""
}

func brokenText(a *schemas.Attribute, s string) string {
	if a.Required && s == "" {
		return "it cannot be empty"
	}
	switch a.Kind {
	case schemas.KindDuration:
		n, err := schemas.ParseDuration(s)
		if err != nil {
			return err.Error()
		}
		if a.NoZero && n == 0 {
			return "it cannot be 0"
		}
	case schemas.KindSize:
		n, err := schemas.ParseSize(s)
		if err != nil {
			return err.Error()
		}
		if a.NoZero && n == 0 {
			return "it cannot be 0"
		}
	case schemas.KindJSON:
		if !json.Valid([]byte(s)) {
			return "it is not JSON"
		}
	}
	return a.Check(s)
}

// sentence is what the vocabulary says of an attribute.
func sentence(a *schemas.Attribute) string {
	return fmt.Sprintf("%s: %s", a.Name, a.Doc)
}
