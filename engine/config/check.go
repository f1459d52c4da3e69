package config

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/schemas"
)

// checkReferences collects what every object mentions, and checks that it exists.
func (c *Configuration) checkReferences() diag.List {
	var diags diag.List
	for _, l := range c.locals {
		l.refs = inExpression(l.expr)
		diags = append(diags, c.check(l.refs, allowed{})...)
	}
	for _, o := range c.outputs {
		o.refs = inExpression(o.expr)
		diags = append(diags, c.check(o.refs, allowed{})...)
	}
	for _, a := range c.checks {
		for _, r := range a.rules {
			a.refs = append(append(a.refs, inExpression(r.condition)...), inExpression(r.message)...)
		}
		diags = append(diags, c.check(a.refs, allowed{})...)
	}
	for _, t := range c.targetBlocks {
		var found collector
		found.body(t.body, t.schema)
		t.refs = found.refs
		diags = append(diags, c.check(t.refs, allowed{noServers: t.id.String()})...)
	}
	for _, v := range c.variables {
		for _, rule := range v.rules() {
			diags = append(diags, c.check(inExpression(rule.condition), allowed{noServers: "a validation"})...)
			diags = append(diags, c.check(inExpression(rule.message), allowed{noServers: "a validation"})...)
		}
	}
	for _, s := range c.servers {
		diags = append(diags, c.checkServer(s)...)
	}
	return diags
}

func (c *Configuration) checkServer(s *server) diag.List {
	var diags diag.List
	can := allowed{each: s.body.Attributes["for_each"] != nil, count: s.body.Attributes["count"] != nil, input: true}
	var found collector
	found.body(s.body, schemas.Describe[schemas.Server]())
	if !c.opts.InPlace {
		found.blocks(s.body, schemas.Describe[schemas.Placement]())
	}
	diags = append(diags, c.check(found.refs, can)...)
	s.refs = found.refs
	for _, name := range []string{"count", "for_each", "enabled", "target"} {
		a := s.body.Attributes[name]
		if a == nil || name == "target" && c.opts.InPlace {
			continue
		}
		here := allowed{each: can.each, count: can.count, noServers: name}
		if name == "count" || name == "for_each" {
			here.each, here.count = false, false
		}
		refs := inExpression(a.Expr)
		diags = append(diags, c.check(refs, here)...)
		s.refs = append(s.refs, refs...)
	}
	if a := s.body.Attributes["depends_on"]; a != nil {
		refs, ds := dependsOn(a)
		diags = append(diags, ds...)
		diags = append(diags, c.check(refs, allowed{})...)
		s.refs = append(s.refs, refs...)
	}
	return diags
}

// dependsOn reads a list of servers.
func dependsOn(a *hclsyntax.Attribute) ([]reference, diag.List) {
	at := a.Expr.Range()
	bad := diag.List{diag.Errorf("Wrong depends_on", "depends_on is a list of servers.").At(diag.FromRange(&at)).Fix("Write depends_on = [server.NAME].")}
	list, hd := hcl.ExprList(a.Expr)
	if hd.HasErrors() {
		return nil, bad
	}
	var refs []reference
	for _, e := range list {
		t, hd := hcl.AbsTraversalForExpr(e)
		if hd.HasErrors() || t.RootName() != "server" || len(t) > 3 {
			return nil, bad
		}
		r := reference{traversal: t}
		if len(t) == 3 {
			step, ok := t[2].(hcl.TraverseIndex)
			if !ok {
				return nil, bad
			}
			r.index = &hclsyntax.LiteralValueExpr{Val: step.Key, SrcRange: step.SrcRange}
		}
		refs = append(refs, r)
	}
	return refs, nil
}

// allowed says which names exist at a place besides the objects and path.
type allowed struct {
	each, count, input bool
	noServers          string // what cannot depend on servers, if so
}

func (c *Configuration) check(refs []reference, can allowed) diag.List {
	var diags diag.List
	for _, r := range refs {
		if d := c.checkOne(r, can); d != nil {
			diags = append(diags, d.At(diag.FromRange(r.at())))
		}
	}
	return diags
}

func (c *Configuration) checkOne(r reference, can allowed) *diag.Diagnostic {
	switch root := r.root(); root {
	case "path":
		return nil
	case "each", "count":
		if root == "each" && can.each || root == "count" && can.count {
			return nil
		}
		attr := map[string]string{"each": "for_each", "count": "count"}[root]
		return diag.Errorf("Not defined here", "%s exists only in a server with %s, and not in that attribute itself.", root, attr)
	case "input":
		if can.input && r.template {
			return nil
		}
		return diag.Errorf("input is not known here", "input is what a request brings: it exists only in attributes that are evaluated for each request, such as the url of http, the command of exec or the text of a message.")
	case "result":
		if r.result {
			return nil
		}
		return diag.Errorf("result is not known here", "result is what a call brought: it exists only in require of a smoke block.")
	case "var", "local", "target", "server":
	default:
		return unknownRoot(r)
	}
	to, _ := r.id()
	if strings.HasSuffix(to.name, ".") || strings.HasPrefix(to.name, ".") || to.name == "" {
		form := map[string]string{"var": "var.NAME", "local": "local.NAME", "target": "target.KIND.NAME", "server": "server.NAME"}[to.kind]
		return diag.Errorf("Incomplete reference", "%q alone is not a value.", to.kind).Fix("Write %s.", form)
	}
	if c.objects[to] == nil {
		return c.noSuchObject(to)
	}
	if to.kind == "server" && can.noServers != "" {
		return onServer(can.noServers, to.String())
	}
	return nil
}

func onServer(what, through string) *diag.Diagnostic {
	return diag.Errorf("Cannot depend on a server", "%s must be known when planning, but %s has attributes that are known only once servers run.", what, through).
		Fix("Use variables, locals and targets here.")
}

func unknownRoot(r reference) *diag.Diagnostic {
	name := r.root()
	switch name {
	case "module", "data", "self", "terraform", "resource":
		return diag.Errorf("Not supported by this version", "There is no %q in erlmcp.", name).
			Fix("Expressions know var, local, target, server, path, and each or count inside of servers.")
	}
	d := diag.Errorf("Unknown name", "Nothing is called %q.", name)
	roots := []string{"var", "local", "target", "server", "path", "each", "count", "input"}
	if near := diag.Suggest(name, roots); near != "" {
		return d.Fix("Did you mean %q?", near)
	}
	if len(r.traversal) == 1 {
		return d.Fix("Text is written in quotes: %q.", name)
	}
	return d.Fix("Expressions know var, local, target, server, path, and each or count inside of servers.")
}

func (c *Configuration) noSuchObject(to id) *diag.Diagnostic {
	noun := map[string]string{"var": "variable", "local": "local value", "target": "target", "server": "server"}[to.kind]
	d := diag.Errorf("Reference to nothing", "There is no %s %q.", noun, to.name)
	var names []string
	for other := range c.objects {
		if other.kind == to.kind {
			names = append(names, other.name)
		}
	}
	if near := diag.Suggest(to.name, names); near != "" {
		return d.Fix("Did you mean %s.%s?", to.kind, near)
	}
	switch to.kind {
	case "var":
		return d.Fix("Declare it: variable %q {}.", to.name)
	case "local":
		return d.Fix("Declare it in a locals block.")
	case "target":
		kind, name, _ := strings.Cut(to.name, ".")
		return d.Fix("Declare it: target %q %q {}.", kind, name)
	}
	return d.Fix("Declare it: server %q { … }.", to.name)
}
