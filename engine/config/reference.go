package config

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/schemas"
)

// reference is one mention of a name in an expression.
type reference struct {
	traversal hcl.Traversal
	// index is the key right after server.NAME when it stands alone, as in
	// server.a[each.key].url; nil for server.a as a whole.
	index hclsyntax.Expression
	// template says that the mention is in an attribute that is evaluated for
	// each request.
	template bool
	// result says that the mention is in a condition on the result of a call.
	result bool
}

func (r reference) root() string   { return r.traversal.RootName() }
func (r reference) at() *hcl.Range { at := r.traversal.SourceRange(); return &at }
func (r reference) step(i int) string {
	if i >= len(r.traversal) {
		return ""
	}
	switch s := r.traversal[i].(type) {
	case hcl.TraverseAttr:
		return s.Name
	case hcl.TraverseIndex:
		if i > 0 && s.Key.Type() == cty.String {
			return s.Key.AsString()
		}
	}
	return ""
}

// id is the object that is mentioned; ok is false for a root that is not one.
func (r reference) id() (id, bool) {
	switch r.root() {
	case "var", "local", "server":
		return id{r.root(), r.step(1)}, true
	case "target":
		return id{"target", r.step(1) + "." + r.step(2)}, true
	}
	return id{}, false
}

// collector finds the references in expressions and bodies.
type collector struct {
	refs     []reference
	scopes   []map[string]struct{} // names that "for" and "dynamic" define
	indexes  map[*hclsyntax.ScopeTraversalExpr]hclsyntax.Expression
	template bool
	result   bool
}

// inExpression returns the references of one expression.
func inExpression(e hclsyntax.Expression) []reference {
	c := &collector{}
	c.expression(e)
	return c.refs
}

func (c *collector) expression(e hclsyntax.Expression) {
	// Walk reports only what Enter and Exit report, which is nothing.
	_ = hclsyntax.Walk(e, c)
}

// Enter implements [hclsyntax.Walker].
func (c *collector) Enter(n hclsyntax.Node) hcl.Diagnostics {
	switch n := n.(type) {
	case hclsyntax.ChildScope:
		c.scopes = append(c.scopes, n.LocalNames)
	case *hclsyntax.IndexExpr:
		if of, ok := n.Collection.(*hclsyntax.ScopeTraversalExpr); ok && len(of.Traversal) == 2 && c.evaluable(n.Key) {
			if c.indexes == nil {
				c.indexes = map[*hclsyntax.ScopeTraversalExpr]hclsyntax.Expression{}
			}
			c.indexes[of] = n.Key
		}
	case *hclsyntax.ScopeTraversalExpr:
		c.mention(n)
	}
	return nil
}

// Exit implements [hclsyntax.Walker].
func (c *collector) Exit(n hclsyntax.Node) hcl.Diagnostics {
	if _, ok := n.(hclsyntax.ChildScope); ok {
		c.scopes = c.scopes[:len(c.scopes)-1]
	}
	return nil
}

func (c *collector) mention(e *hclsyntax.ScopeTraversalExpr) {
	if c.defined(e.Traversal.RootName()) {
		return
	}
	r := reference{traversal: e.Traversal, index: c.indexes[e], template: c.template, result: c.result}
	if len(e.Traversal) > 2 {
		if step, ok := e.Traversal[2].(hcl.TraverseIndex); ok {
			r.index = &hclsyntax.LiteralValueExpr{Val: step.Key, SrcRange: step.SrcRange}
		}
	}
	c.refs = append(c.refs, r)
}

func (c *collector) defined(name string) bool {
	for _, s := range c.scopes {
		if _, ok := s[name]; ok {
			return true
		}
	}
	return false
}

// evaluable says whether a key can be evaluated outside of its expression.
func (c *collector) evaluable(key hclsyntax.Expression) bool {
	for _, t := range hclsyntax.Variables(key) {
		switch name := t.RootName(); {
		case c.defined(name):
			return false
		case name != "each" && name != "count" && name != "var" && name != "path":
			return false
		}
	}
	return true
}

// body collects what the attributes of a body mention that are values, by the
// description of the block. What the description does not know is left to the
// decoder, which refuses it.
func (c *collector) body(body *hclsyntax.Body, blocks ...*schemas.Block) {
	for _, b := range blocks {
		for _, a := range b.Attributes {
			if attr := body.Attributes[a.Name]; attr != nil && a.Kind != schemas.KindType && !a.Internal {
				c.template, c.result = a.Template != "", a.Kind == schemas.KindExpression
				c.expression(attr.Expr)
				c.template, c.result = false, false
			}
		}
	}
	c.blocks(body, blocks...)
}

// blocks collects from the blocks in a body alone.
func (c *collector) blocks(body *hclsyntax.Body, blocks ...*schemas.Block) {
	for _, inner := range body.Blocks {
		for _, b := range blocks {
			if inner.Type == "dynamic" {
				c.dynamic(inner, b)
			} else if n := b.Nested(inner.Type); n != nil {
				c.body(inner.Body, n.Block)
			}
		}
	}
}

func (c *collector) dynamic(block *hclsyntax.Block, parent *schemas.Block) {
	d, _ := readDynamic(block)
	if d == nil {
		return
	}
	n := parent.Nested(d.block)
	if n == nil {
		return
	}
	c.expression(d.forEach)
	c.scopes = append(c.scopes, map[string]struct{}{d.iterator: {}})
	if d.labels != nil {
		c.expression(d.labels)
	}
	c.body(d.content.Body, n.Block)
	c.scopes = c.scopes[:len(c.scopes)-1]
}
