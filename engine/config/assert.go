package config

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/schemas"
)

// assertions is a check block.
type assertions struct {
	object
	rules []rule
}

func (c *Configuration) declareCheck(b *hclsyntax.Block) diag.List {
	a := &assertions{object: newObject("check", b.Labels[0], b)}
	d := c.decoder(nil)
	d.block(schemas.Describe[schemas.Check](), &site{what: "check", label: a.name, header: b.DefRange()}, b.Body, constants(c.root))
	if d.diags.HasErrors() {
		return d.diags
	}
	for _, inner := range b.Body.Blocks {
		attrs := inner.Body.Attributes
		a.rules = append(a.rules, rule{attrs["condition"].Expr, attrs["error_message"].Expr})
	}
	return append(d.diags, c.add(&a.object, func() { c.checks[a.name] = a })...)
}

// assert evaluates the check blocks. What does not hold is a warning; what is not
// known yet is left out.
func (c *Configuration) assert(known *Exports) diag.List {
	var diags diag.List
	for _, name := range sortedKeys(c.checks) {
		a := c.checks[name]
		ctx, ds := c.withServers(c.staticScope(a.refs), a.refs, c.resolve(a.refs, nil), known)
		diags = append(diags, ds...)
		if ds.HasErrors() {
			continue
		}
		for _, r := range a.rules {
			d := c.decoder(nil)
			held, ok := d.value(r.condition, ctx)
			diags = append(diags, d.diags...)
			if !ok {
				continue
			}
			at := r.condition.Range()
			held, _ = held.Unmark()
			held, err := convert.Convert(held, cty.Bool)
			switch {
			case err != nil || held.IsNull():
				diags = append(diags, diag.Errorf("Wrong condition", "The condition of an assertion must be true or false.").At(diag.FromRange(&at)))
			case held.IsKnown() && held.False():
				e := diag.Errorf("A check does not hold", "check %q: %s", name, c.messageOf(r, ctx)).At(diag.FromRange(&at))
				e.Severity = diag.Warning
				diags = append(diags, e)
			}
		}
	}
	return diags
}

// messageOf is what a rule says that does not hold.
func (c *Configuration) messageOf(r rule, ctx *hcl.EvalContext) string {
	message, hd := r.message.Value(ctx)
	if hd.HasErrors() {
		return "it does not hold, and its message cannot be evaluated."
	}
	message, err := convert.Convert(message, cty.String)
	if err != nil || message.ContainsMarked() || !message.IsKnown() || message.IsNull() {
		return "it does not hold; its message mentions a sensitive or unknown value and is not shown."
	}
	return message.AsString()
}
