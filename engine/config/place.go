package config

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/schemas"
)

// targets evaluates where an instance runs: one target or several.
func (d *decoder) targets(in *instance) ([]address.Target, bool) {
	if d.c.opts.InPlace {
		return []address.Target{{}}, true
	}
	a := in.server.body.Attributes["target"]
	if a == nil {
		at := in.server.at
		e := diag.Errorf("Missing attribute", "server.%s has no target, so it is not known where to run it.", in.server.name).At(diag.FromRange(&at))
		if len(d.c.targets) > 0 {
			e.Fix("Write target = %s. \"erlmcp serve\" runs it here, without a target.", d.c.targets[0].Address)
		} else {
			e.Fix("Declare one, such as target \"docker\" \"local\" {}, and write target = target.docker.local. \"erlmcp serve\" runs it here, without a target.")
		}
		d.add(e)
		return nil, false
	}
	v, ok := d.settled("target", a.Expr, in.each)
	if !ok {
		return nil, false
	}
	at := diag.FromRange(ptr(a.Expr.Range()))
	elems := []cty.Value{v}
	if t := v.Type(); t.IsTupleType() || t.IsListType() || t.IsSetType() {
		elems = v.AsValueSlice()
		if len(elems) == 0 {
			d.add(diag.Errorf("No target", "The list of targets of server.%s is empty.", in.server.name).At(at).
				Fix("Name a target, or write enabled = false."))
			return nil, false
		}
	}
	var out []address.Target
	seen := map[address.Target]bool{}
	for _, ev := range elems {
		t, ok := d.targetOf(ev)
		if !ok {
			d.add(diag.Errorf("Not a target", "target must be a target or a list of them; this is %s.", nameOf(ev.Type())).At(at).
				Fix("Write target = target.KIND.NAME, without quotes."))
			return nil, false
		}
		if seen[t] {
			d.add(diag.Errorf("Listed twice", "%s stands twice in the targets of %s.", t, in.address).At(at).Fix("Remove one of them."))
			return nil, false
		}
		seen[t] = true
		out = append(out, t)
	}
	return out, true
}

// targetOf is the inverse of targetValue.
func (d *decoder) targetOf(v cty.Value) (address.Target, bool) {
	if v.IsMarked() || v.IsNull() || !v.IsWhollyKnown() || !v.Type().Equals(targetValue(address.Target{}).Type()) {
		return address.Target{}, false
	}
	plain, marks := v.UnmarkDeep()
	kind, name := plain.GetAttr("kind"), plain.GetAttr("name")
	if len(marks) > 0 || kind.IsNull() || name.IsNull() {
		return address.Target{}, false
	}
	a := address.Target{Kind: kind.AsString(), Name: name.AsString()}
	return a, d.c.targetBlocks[a.Kind+"."+a.Name] != nil
}

// placement decodes the blocks of a server that say how many there are and how
// they are placed, changed and checked. Its attributes are expressions that were
// read before; checks are given apart, and absent from the value.
func (d *decoder) placement(at *site, body *hclsyntax.Body, ctx *hcl.EvalContext) (cty.Value, []resource.Smoke) {
	if d.c.opts.InPlace {
		return cty.NilVal, nil
	}
	b := schemas.Describe[schemas.Placement]()
	values := make(map[string]cty.Value, len(b.Attributes)+len(b.Blocks))
	for _, a := range b.Attributes {
		values[a.Name] = cty.NullVal(a.Type)
	}
	own := &hclsyntax.Body{}
	for _, inner := range body.Blocks {
		if b.Nested(blockName(inner)) != nil {
			own.Blocks = append(own.Blocks, inner)
		}
	}
	found := d.blocks(b, at, own, ctx)
	for _, n := range b.Blocks {
		values[n.Name] = d.nested(n, at, found[n.Name])
	}
	d.settledRollout(found["rollout"], values["rollout"])
	smokes := d.smokes(found["smoke"], values["smoke"])
	values["smoke"] = b.Nested("smoke").Absent()
	return cty.ObjectVal(values), smokes
}

// blockName is the name of a block, or of those that a dynamic block makes.
func blockName(b *hclsyntax.Block) string {
	if b.Type == "dynamic" && len(b.Labels) == 1 {
		return b.Labels[0]
	}
	return b.Type
}

func ptr[T any](v T) *T { return &v }
