package config

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/schemas"
)

// dynamicBlock is a block of the form
//
//	dynamic "tool" {
//	  for_each = …
//	  iterator = t          # default: the block's own name
//	  labels   = [t.key]
//	  content { … }
//	}
//
// It is expanded here and not by hcl's dynblock, which hides the syntax tree and
// the scope that a template's partial evaluation needs.
type dynamicBlock struct {
	block    string
	iterator string
	forEach  hclsyntax.Expression
	labels   hclsyntax.Expression // nil when there is none
	content  *hclsyntax.Block
}

func readDynamic(b *hclsyntax.Block) (*dynamicBlock, *diag.Diagnostic) {
	at := b.DefRange()
	bad := func(detail string, args ...any) *diag.Diagnostic {
		return diag.Errorf("Malformed dynamic block", detail, args...).At(diag.FromRange(&at)).
			Fix("Write dynamic \"BLOCK\" { for_each = … and content { … } }, with labels = [ … ] for a block that has a label.")
	}
	if len(b.Labels) != 1 {
		return nil, bad("A dynamic block has one label: the name of the block that it makes.")
	}
	d := &dynamicBlock{block: b.Labels[0], iterator: b.Labels[0]}
	for name, a := range b.Body.Attributes {
		switch name {
		case "for_each":
			d.forEach = a.Expr
		case "labels":
			d.labels = a.Expr
		case "iterator":
			d.iterator = hcl.ExprAsKeyword(a.Expr)
			if d.iterator == "" {
				return nil, bad("iterator must be a bare name.")
			}
		default:
			return nil, bad("It has an attribute %q, which means nothing here.", name)
		}
	}
	for _, inner := range b.Body.Blocks {
		if inner.Type != "content" || d.content != nil {
			return nil, bad("It must hold one content block and no other.")
		}
		d.content = inner
	}
	if d.forEach == nil || d.content == nil {
		return nil, bad("It lacks for_each or content.")
	}
	return d, nil
}

// written is one block as it stands in the configuration, or as a dynamic block
// makes it.
type written struct {
	name   string
	labels []string
	header hcl.Range
	body   *hclsyntax.Body
	ctx    *hcl.EvalContext
	made   bool // by a dynamic block, once for each of its elements
}

// blocks lists the blocks of a body, those that dynamic blocks make included, by
// name.
func (d *decoder) blocks(b *schemas.Block, at *site, body *hclsyntax.Body, ctx *hcl.EvalContext) map[string][]written {
	if len(body.Blocks) == 0 {
		return nil
	}
	out := map[string][]written{}
	for _, inner := range body.Blocks {
		if inner.Type == "dynamic" {
			d.expandDynamic(b, at, inner, ctx, out)
			continue
		}
		if b.Nested(inner.Type) == nil {
			d.add(d.noSuchBlock(b, at, inner))
			continue
		}
		out[inner.Type] = append(out[inner.Type], written{inner.Type, inner.Labels, inner.DefRange(), inner.Body, ctx, false})
	}
	return out
}

func (d *decoder) noSuchBlock(b *schemas.Block, at *site, inner *hclsyntax.Block) *diag.Diagnostic {
	if b.Attribute(inner.Type) != nil {
		e := diag.Errorf("Not a block", "%q is an attribute of %s, not a block.", inner.Type, at.what).At(diag.FromRange(&inner.TypeRange))
		return e.Fix("Write it with an equals sign: %s = { … }.", inner.Type)
	}
	var known []string
	for _, n := range b.Blocks {
		known = append(known, n.Name)
	}
	if b == schemas.Describe[schemas.Server]() {
		for _, n := range schemas.Describe[schemas.Placement]().Blocks {
			known = append(known, n.Name)
		}
	}
	return unknownBlock(at.what, inner, known)
}

func (d *decoder) expandDynamic(b *schemas.Block, at *site, block *hclsyntax.Block, ctx *hcl.EvalContext, out map[string][]written) {
	dyn, e := readDynamic(block)
	if e != nil {
		d.add(e)
		return
	}
	n := b.Nested(dyn.block)
	if n == nil {
		inner := &hclsyntax.Block{Type: dyn.block, TypeRange: block.LabelRanges[0], OpenBraceRange: block.OpenBraceRange}
		d.add(d.noSuchBlock(b, at, inner))
		return
	}
	each, ok := d.elements(dyn.forEach, ctx)
	if !ok {
		return
	}
	for it := each.ElementIterator(); it.Next(); {
		k, v := it.Element()
		if each.Type().IsSetType() {
			k = v
		}
		inner := ctx.NewChild()
		inner.Variables = map[string]cty.Value{dyn.iterator: cty.ObjectVal(map[string]cty.Value{"key": k, "value": v})}
		labels, ok := d.dynamicLabels(dyn, inner)
		if !ok {
			return
		}
		out[dyn.block] = append(out[dyn.block], written{dyn.block, labels, block.DefRange(), dyn.content.Body, inner, true})
	}
}

// elements evaluates the for_each of a dynamic block.
func (d *decoder) elements(e hclsyntax.Expression, ctx *hcl.EvalContext) (cty.Value, bool) {
	v, ok := d.value(e, ctx)
	if !ok {
		return cty.NilVal, false
	}
	at := e.Range()
	bad := func(format string, args ...any) (cty.Value, bool) {
		d.add(diag.Errorf("Wrong for_each", format, args...).At(diag.FromRange(&at)).
			Fix("Give it a list, a set, a map or an object that is known when planning."))
		return cty.NilVal, false
	}
	switch {
	case v.HasMark(schemas.Sensitive):
		return bad("The for_each of a dynamic block cannot be sensitive: which blocks there are is shown.")
	case !v.IsKnown():
		return bad("The for_each of a dynamic block must be known when planning; it depends on an attribute of a server.")
	case v.IsNull():
		return bad("The for_each of a dynamic block is null.")
	case !v.CanIterateElements():
		return bad("The for_each of a dynamic block is %s.", nameOf(v.Type()))
	}
	return v, true
}

func (d *decoder) dynamicLabels(dyn *dynamicBlock, ctx *hcl.EvalContext) ([]string, bool) {
	if dyn.labels == nil {
		return nil, true
	}
	v, ok := d.value(dyn.labels, ctx)
	if !ok {
		return nil, false
	}
	at := dyn.labels.Range()
	list, err := convert.Convert(v, cty.List(cty.String))
	if err != nil || list.IsMarked() || !list.IsWhollyKnown() || list.IsNull() {
		d.add(diag.Errorf("Wrong labels", "labels must be a list of strings that are known when planning and not sensitive.").
			At(diag.FromRange(&at)).Fix("Write labels = [%s.key].", dyn.iterator))
		return nil, false
	}
	var labels []string
	for it := list.ElementIterator(); it.Next(); {
		_, l := it.Element()
		if l.IsNull() || l.IsMarked() {
			d.add(diag.Errorf("Wrong labels", "A label cannot be null or sensitive.").At(diag.FromRange(&at)))
			return nil, false
		}
		labels = append(labels, l.AsString())
	}
	return labels, true
}
