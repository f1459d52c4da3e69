package config

import (
	"fmt"
	"sort"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/schemas"
)

// decoder turns bodies into values of the types that the vocabulary describes,
// and notes what is wrong with them.
type decoder struct {
	c     *Configuration
	diags diag.List
	// paths maps a path that stands in the configuration; nil keeps it.
	paths func(string) string
	// besides describes attributes and blocks that the outermost block may have,
	// and that are read elsewhere.
	besides *schemas.Block
	// pending are templates that wait for the names of their inputs.
	pending []pendingTemplate
	made    int       // how many dynamic blocks the present block is in
	files   *shipment // nil when paths of resources are not looked at
}

func (c *Configuration) decoder(files *shipment) *decoder { return &decoder{c: c, files: files} }

func (d *decoder) add(e *diag.Diagnostic) { d.diags = append(d.diags, e) }

// site is a block that is being decoded, as its errors name it.
type site struct {
	what   string // "server", "tool"
	label  string
	header hcl.Range
	// internal are the values of attributes that are not for users.
	internal map[string]cty.Value
}

func (s *site) String() string {
	if s.label == "" {
		return s.what
	}
	return fmt.Sprintf("%s %q", s.what, s.label)
}

// block decodes a body. What was not written is null, as [schemas.Value] reads it
// back; what is wrong has been noted and is null or unknown.
func (d *decoder) block(b *schemas.Block, at *site, body *hclsyntax.Body, ctx *hcl.EvalContext) cty.Value {
	besides := d.besides
	d.besides = nil
	waiting := len(d.pending)
	values := make(map[string]cty.Value, len(b.Attributes)+len(b.Blocks))
	for _, a := range b.Attributes {
		values[a.Name] = d.maybeAttribute(a, at, body, ctx)
	}
	d.unknownAttributes(b, besides, at, body)
	found := d.blocks(b, at, readHere(body, besides), ctx)
	for _, n := range b.Blocks {
		values[n.Name] = d.nested(n, at, found[n.Name])
	}
	d.groups(b, at, values)
	d.rules(b, at, body, values, waiting)
	return cty.ObjectVal(values)
}

// readHere leaves out the blocks that are read elsewhere.
func readHere(body *hclsyntax.Body, besides *schemas.Block) *hclsyntax.Body {
	if besides == nil {
		return body
	}
	rest := &hclsyntax.Body{}
	for _, b := range body.Blocks {
		if besides.Nested(blockName(b)) == nil {
			rest.Blocks = append(rest.Blocks, b)
		}
	}
	return rest
}

func (d *decoder) maybeAttribute(a *schemas.Attribute, at *site, body *hclsyntax.Body, ctx *hcl.EvalContext) cty.Value {
	if a.Internal {
		if v, ok := at.internal[a.Name]; ok {
			return v
		}
		return cty.NullVal(a.Type)
	}
	attr := body.Attributes[a.Name]
	if attr == nil {
		if a.Required {
			d.missing(a, at, at.header)
		}
		return cty.NullVal(a.Type)
	}
	if a.Kind == schemas.KindExpression {
		return cty.NullVal(a.Type)
	}
	v := d.attribute(a, attr, ctx)
	if a.Required && v.IsNull() {
		d.missing(a, at, attr.Expr.Range())
	}
	return v
}

func (d *decoder) missing(a *schemas.Attribute, at *site, where hcl.Range) {
	d.add(diag.Errorf("Missing attribute", "%s needs the attribute %q: %s", at, a.Name, a.Doc).
		At(diag.FromRange(&where)).Fix("Write %s = ….", a.Name))
}

func (d *decoder) unknownAttributes(b, besides *schemas.Block, at *site, body *hclsyntax.Body) {
	for name, attr := range body.Attributes {
		if a := b.Attribute(name); a != nil && !a.Internal || besides != nil && besides.Attribute(name) != nil {
			continue
		}
		if b.Nested(name) != nil {
			d.add(diag.Errorf("Not an attribute", "%q is a block of %s, not an attribute.", name, at.what).
				At(diag.FromRange(&attr.NameRange)).Fix("Write it without an equals sign: %s { … }.", name))
			continue
		}
		e := diag.Errorf("Unknown attribute", "%s has no attribute %q.", at.what, name).At(diag.FromRange(&attr.NameRange))
		known := attributeNames(b)
		if besides != nil {
			known = append(known, attributeNames(besides)...)
		}
		if near := diag.Suggest(name, known); near != "" {
			e.Fix("Did you mean %q?", near)
		} else if len(known) > 0 {
			sort.Strings(known)
			e.Fix("The attributes of %s are %s.", at.what, listOf(known))
		} else {
			e.Fix("It has no attributes.")
		}
		d.add(e)
	}
}

func attributeNames(b *schemas.Block) []string {
	var names []string
	for _, a := range b.Attributes {
		if !a.Internal {
			names = append(names, a.Name)
		}
	}
	return names
}

// nested decodes the blocks of one name.
func (d *decoder) nested(n *schemas.Nested, at *site, found []written) cty.Value {
	if len(found) == 0 {
		if n.Required {
			d.add(diag.Errorf("Missing block", "%s needs at least one block %q.", at, n.Name).
				At(diag.FromRange(&at.header)).Fix("Write %s { … }.", n.Name))
		}
		return n.Absent()
	}
	if n.Mode == schemas.Labelled {
		return d.labelled(n, found)
	}
	for _, w := range found {
		if len(w.labels) > 0 {
			d.add(diag.Errorf("Wrong labels of a block", "The block %q takes no label.", n.Name).
				At(diag.FromRange(&w.header)).Fix("Write %s { … }.", n.Name))
			return n.Absent()
		}
	}
	if n.Mode == schemas.Listed {
		list := make([]cty.Value, len(found))
		for i, w := range found {
			list[i] = d.nestedBlock(n.Block, &site{what: n.Name, header: w.header}, w)
		}
		return cty.ListVal(list)
	}
	if len(found) > 1 {
		d.add(diag.Errorf("Declared twice", "There is a block %q here and one at %s; %s takes one.", n.Name, placeOf(found[0].header), at).
			At(diag.FromRange(&found[1].header)).Fix("Join them."))
	}
	w := found[0]
	return d.nestedBlock(n.Block, &site{what: n.Name, header: w.header}, w)
}

func (d *decoder) labelled(n *schemas.Nested, found []written) cty.Value {
	values := make(map[string]cty.Value, len(found))
	first := make(map[string]hcl.Range, len(found))
	for _, w := range found {
		if len(w.labels) != 1 {
			d.add(diag.Errorf("Wrong labels of a block", "The block %q has %s, but needs one: its name.", n.Name, plural(len(w.labels), "label")).
				At(diag.FromRange(&w.header)).Fix("Write %s \"NAME\" { … }.", n.Name))
			continue
		}
		label := w.labels[0]
		if rule := n.Label.Check(label); rule != "" {
			d.add(diag.Errorf("Not a name", "The label of %s: %s.", n.Name, rule).At(diag.FromRange(&w.header)))
			continue
		}
		if other, ok := first[label]; ok {
			d.add(diag.Errorf("Declared twice", "%s %q is declared here and at %s.", n.Name, label, placeOf(other)).
				At(diag.FromRange(&w.header)).Fix("Give one of them another name, or remove it."))
			continue
		}
		first[label] = w.header
		values[label] = d.nestedBlock(n.Block, &site{what: n.Name, label: label, header: w.header}, w)
	}
	if len(values) == 0 {
		return n.Absent()
	}
	return cty.MapVal(values)
}

// groups checks that of each group of attributes and blocks exactly one, or at
// most one, is set.
func (d *decoder) groups(b *schemas.Block, at *site, values map[string]cty.Value) {
	exactly, atMost := b.Groups()
	for _, names := range exactly {
		switch set := present(names, values); {
		case len(set) == 0:
			d.add(diag.Errorf("Nothing chosen", "%s needs exactly one of %s.", at, listOf(names)).
				At(diag.FromRange(&at.header)).Fix("Write one of them."))
		case len(set) > 1:
			d.tooMany(at, set)
		}
	}
	for _, names := range atMost {
		if set := present(names, values); len(set) > 1 {
			d.tooMany(at, set)
		}
	}
}

func (d *decoder) tooMany(at *site, set []string) {
	d.add(diag.Errorf("Cannot go together", "%s has %s, of which there can be one.", at, listOf(set)).
		At(diag.FromRange(&at.header)).Fix("Keep %s or %s.", strings.Join(set[:len(set)-1], ", "), set[len(set)-1]))
}

func present(names []string, values map[string]cty.Value) []string {
	var set []string
	for _, n := range names {
		if v := values[n]; !v.IsNull() {
			set = append(set, n)
		}
	}
	return set
}
