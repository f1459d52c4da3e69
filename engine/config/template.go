package config

import (
	"encoding/json"
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/schemas/expr"
)

// pendingTemplate is a template whose inputs are checked once the block that
// declares them is read.
type pendingTemplate struct {
	check func(names []string) error
	at    hcl.Range
}

// templates evaluates an attribute that holds templates: one, a list or a map.
func (d *decoder) templates(a *schemas.Attribute, attr *hclsyntax.Attribute, ctx *hcl.EvalContext) (cty.Value, bool) {
	e := unwrap(attr.Expr)
	switch {
	case a.Type == cty.String:
		return d.template(a, e, ctx)
	case a.Type.IsListType():
		if t, ok := e.(*hclsyntax.TupleConsExpr); ok {
			return d.templateList(a, t, ctx)
		}
	case a.Type.IsMapType():
		if o, ok := e.(*hclsyntax.ObjectConsExpr); ok {
			return d.templateMap(a, o, ctx)
		}
	}
	for _, r := range inExpression(e) {
		if r.root() == "input" {
			d.add(diag.Errorf("input inside of an expression", "%q may mention input only in elements that are written out.", a.Name).
				At(diag.FromRange(r.at())).Fix("Write the elements out: %s = %s.", a.Name, map[bool]string{true: "[ … ]", false: "{ … }"}[a.Type.IsListType()]))
			return cty.NilVal, false
		}
	}
	return d.computed(a, e, ctx)
}

func unwrap(e hclsyntax.Expression) hclsyntax.Expression {
	for {
		p, ok := e.(*hclsyntax.ParenthesesExpr)
		if !ok {
			return e
		}
		e = p.Expression
	}
}

// template evaluates what does not mention input, and checks that the rest fits
// its place.
func (d *decoder) template(a *schemas.Attribute, e hclsyntax.Expression, ctx *hcl.EvalContext) (cty.Value, bool) {
	v, ok := d.partial(e, ctx)
	if !ok {
		return v, false
	}
	if src, known := text(v); known && a.Template != "word" {
		t, err := expr.Compile(schemas.Template(src), a.Template)
		if err != nil {
			d.unfit(a, v, e.Range(), err)
			return cty.NilVal, false
		}
		d.pending = append(d.pending, pendingTemplate{func(names []string) error { return expr.Check(t, names) }, e.Range()})
	}
	return v, true
}

func (d *decoder) partial(e hclsyntax.Expression, ctx *hcl.EvalContext) (cty.Value, bool) {
	v, hd := expr.Partial(e, d.c.sources[e.Range().Filename], ctx)
	d.hcl(hd)
	if hd.HasErrors() {
		return cty.NilVal, false
	}
	return v, true
}

// text is the source of a template that is known.
func text(v cty.Value) (string, bool) {
	plain, _ := v.UnmarkDeep()
	if !plain.IsKnown() || plain.IsNull() || plain.Type() != cty.String {
		return "", false
	}
	return plain.AsString(), true
}

func (d *decoder) unfit(a *schemas.Attribute, v cty.Value, at hcl.Range, err error) {
	reason := err.Error()
	if v.ContainsMarked() {
		reason = "it does not fit its place; it holds a sensitive value, so the reason is not shown"
	}
	d.add(diag.Errorf("Wrong template", "%s: %s", a.Name, stop(reason)).At(diag.FromRange(&at)).Fix("%s", sentence(a)))
}

func (d *decoder) templateList(a *schemas.Attribute, e *hclsyntax.TupleConsExpr, ctx *hcl.EvalContext) (cty.Value, bool) {
	list, good := make([]cty.Value, len(e.Exprs)), true
	for i, inner := range e.Exprs {
		v, ok := d.template(a, unwrap(inner), ctx)
		list[i], good = v, good && ok
	}
	if !good {
		return cty.NilVal, false
	}
	v := cty.TupleVal(list)
	return v, a.Template != "word" || d.words(a, v, e.Range())
}

// words checks a command line as a whole: what an input may be depends on the
// words before it.
func (d *decoder) words(a *schemas.Attribute, v cty.Value, at hcl.Range) bool {
	var words []schemas.Template
	for it := v.ElementIterator(); it.Next(); {
		_, e := it.Element()
		src, known := text(e)
		if !known {
			return true
		}
		words = append(words, schemas.Template(src))
	}
	if len(words) == 0 {
		return true
	}
	w, err := expr.CompileWords(words)
	if err != nil {
		d.unfit(a, v, at, err)
		return false
	}
	d.pending = append(d.pending, pendingTemplate{w.Check, at})
	return true
}

func (d *decoder) templateMap(a *schemas.Attribute, e *hclsyntax.ObjectConsExpr, ctx *hcl.EvalContext) (cty.Value, bool) {
	values, good := map[string]cty.Value{}, true
	for _, item := range e.Items {
		k, ok := d.value(item.KeyExpr, ctx)
		if !ok {
			good = false
			continue
		}
		at := item.KeyExpr.Range()
		key, err := convert.Convert(k, cty.String)
		if err != nil || key.IsMarked() || !key.IsKnown() || key.IsNull() {
			d.add(diag.Errorf("Wrong key", "A key of %q must be a string that is known when planning and not sensitive.", a.Name).At(diag.FromRange(&at)))
			good = false
			continue
		}
		if _, twice := values[key.AsString()]; twice {
			d.add(diag.Errorf("Declared twice", "The key %q stands twice in %q.", key.AsString(), a.Name).At(diag.FromRange(&at)))
			good = false
			continue
		}
		v, ok := d.template(a, unwrap(item.ValueExpr), ctx)
		values[key.AsString()], good = v, good && ok
	}
	if !good {
		return cty.NilVal, false
	}
	return cty.ObjectVal(values), true
}

// computed is a collection that comes out of an expression, whose elements are
// text without templates in it.
func (d *decoder) computed(a *schemas.Attribute, e hclsyntax.Expression, ctx *hcl.EvalContext) (cty.Value, bool) {
	v, ok := d.value(e, ctx)
	if !ok {
		return v, false
	}
	v, err := convert.Convert(v, a.Type)
	if err != nil {
		return v, true // the caller says what is wrong
	}
	failed := false
	v, err = cty.Transform(v, func(p cty.Path, ev cty.Value) (cty.Value, error) {
		if len(p) != 1 || ev.IsNull() || !ev.IsKnown() {
			return ev, nil
		}
		out, ok := d.template(a, &hclsyntax.LiteralValueExpr{Val: ev, SrcRange: e.Range()}, ctx)
		if !ok {
			failed = true
			return ev, nil
		}
		return out, nil
	})
	if err != nil || failed {
		return cty.NilVal, false
	}
	plain, _ := v.Unmark()
	if a.Template == "word" && plain.IsKnown() && !plain.IsNull() {
		return v, d.words(a, plain, e.Range())
	}
	return v, true
}

// checkInputs checks the templates of a block that declares inputs.
func (d *decoder) checkInputs(names []string, waiting int) {
	for _, p := range d.pending[waiting:] {
		if err := p.check(names); err != nil {
			d.add(diag.Errorf("Undeclared input", "%s", upper(stop(err.Error()))).At(diag.FromRange(&p.at)).
				Fix("%s", declaredInputs(names)))
		}
	}
	d.pending = d.pending[:waiting]
}

func declaredInputs(names []string) string {
	if len(names) == 0 {
		return "Declare it in the same tool, or as an argument of the same prompt."
	}
	return fmt.Sprintf("Declared are %s.", listOf(names))
}

// schemaInputs are the names of the properties of a JSON Schema. It is not ok for
// a schema that takes names from elsewhere.
func schemaInputs(schema string) ([]string, bool) {
	var s map[string]json.RawMessage
	if json.Unmarshal([]byte(schema), &s) != nil {
		return nil, false
	}
	for _, elsewhere := range []string{"$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "if", "patternProperties"} {
		if _, ok := s[elsewhere]; ok {
			return nil, false
		}
	}
	var properties map[string]json.RawMessage
	if json.Unmarshal(s["properties"], &properties) != nil {
		return nil, false
	}
	return sortedKeys(properties), true
}
