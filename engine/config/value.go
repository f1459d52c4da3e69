package config

import (
	"fmt"
	"slices"
	"sort"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/schemas"
)

// evaluateStatic evaluates locals and targets, but for late locals.
func (c *Configuration) evaluateStatic() diag.List {
	var diags diag.List
	for _, o := range c.order {
		switch o.kind {
		case "local":
			l := c.locals[o.name]
			if l.late {
				continue
			}
			d := c.decoder(nil)
			v, _ := d.value(l.expr, c.staticScope(l.refs))
			diags = append(diags, d.diags...)
			c.values[o.id] = v
		case "target":
			diags = append(diags, c.evaluateTarget(c.targetBlocks[o.name])...)
		}
		if diags.HasErrors() {
			return diags // what comes after may mention what is broken
		}
	}
	sort.Slice(c.targets, func(i, j int) bool {
		return c.targets[i].Address.String() < c.targets[j].Address.String()
	})
	return diags
}

func (c *Configuration) evaluateTarget(t *target) diag.List {
	d := c.decoder(nil)
	d.paths = c.world.absolute
	v := d.block(t.schema, &site{what: "target", header: t.at}, t.body, c.staticScope(t.refs))
	c.targets = append(c.targets, resource.Target{Address: t.address, Config: v, Range: diag.FromRange(&t.at)})
	return d.diags
}

// output evaluates one output block.
func (c *Configuration) output(o *output, known *Exports) (cty.Value, diag.List) {
	ctx, diags := c.withServers(c.staticScope(o.refs), o.refs, c.resolve(o.refs, nil), known)
	if diags.HasErrors() {
		return cty.DynamicVal, diags
	}
	d := c.decoder(nil)
	v, ok := d.value(o.expr, ctx)
	diags = append(diags, d.diags...)
	if !ok {
		return cty.DynamicVal, diags
	}
	if o.sensitive {
		plain, _ := v.UnmarkDeep()
		return plain.Mark(schemas.Sensitive), diags
	}
	if v.ContainsMarked() {
		at := o.expr.Range()
		e := diag.Errorf("A sensitive value in an output", "The value of output.%s comes from something sensitive.", o.name).At(diag.FromRange(&at))
		return cty.DynamicVal, append(diags, e.Fix("Write sensitive = true in the output, or nonsensitive(…) around what holds no secret."))
	}
	return v, diags
}

// value evaluates an expression. It is not ok after an error, which has been
// noted.
func (d *decoder) value(e hclsyntax.Expression, ctx *hcl.EvalContext) (cty.Value, bool) {
	v, hd := e.Value(ctx)
	d.hcl(hd)
	if hd.HasErrors() {
		return cty.DynamicVal, false
	}
	return v, true
}

// quoting are the summaries of errors of an evaluation whose details quote values.
var quoting = []string{"Duplicate object key", "Operation failed"}

// hcl notes the diagnostics of an evaluation. The reason why a function failed may
// quote its arguments, and some other errors quote a value, so they are left out
// when something sensitive is mentioned.
func (d *decoder) hcl(in hcl.Diagnostics) {
	for _, hd := range in {
		out := diag.FromHCL(hcl.Diagnostics{hd})[0]
		if call, ok := hcl.DiagnosticExtra[hclsyntax.FunctionCallDiagExtra](hd); ok && call.FunctionCallError() != nil {
			if mentionsSensitive(hd.Expression, hd.EvalContext) {
				out.Detail = fmt.Sprintf("The call of %s failed; the reason is not shown, as it may hold a sensitive value.", call.CalledFunctionName())
			}
		} else if slices.Contains(quoting, hd.Summary) && mentionsSensitive(hd.Expression, hd.EvalContext) {
			out.Detail = "The reason is not shown, as it may hold a sensitive value."
		}
		if out.Remedy == "" {
			out.Remedy = d.remedy(hd)
		}
		d.add(out)
	}
}

// remedy says what would be right in place of an unknown function, or of an
// attribute or instance that a server does not have.
func (d *decoder) remedy(hd *hcl.Diagnostic) string {
	if unknown, ok := hcl.DiagnosticExtra[hclsyntax.FunctionCallUnknownDiagExtra](hd); ok {
		if near := diag.Suggest(unknown.CalledFunctionName(), sortedKeys(d.c.root.Functions)); near != "" {
			return fmt.Sprintf("Did you mean %q?", near)
		}
		return ""
	}
	switch hd.Summary {
	case "Unsupported attribute", "Invalid index", "Attempt to get attribute from null value", "Attempt to index null value":
	default:
		return ""
	}
	if hd.Expression == nil {
		return ""
	}
	for _, t := range hd.Expression.Variables() {
		r := reference{traversal: t}
		if e := d.c.expanded[r.step(1)]; r.root() == "server" && e != nil {
			return e.advice(r.step(2))
		}
	}
	return ""
}

// advice is what can be written of a server, given the attribute that was.
func (e *expanded) advice(attribute string) string {
	name := "server." + e.server.name
	switch {
	case e.mode == single && len(e.instances) == 0:
		return name + " is disabled, so it has no attributes."
	case len(e.instances) == 0:
		return name + " has no instances."
	case e.mode == byCount:
		return fmt.Sprintf("%s has count: its instances are %s[0] to %s[%d].", name, name, name, e.count-1)
	case e.mode == byKey:
		var keys []string
		for k := range e.instances {
			keys = append(keys, name+k.String())
		}
		sort.Strings(keys)
		if len(keys) > 5 {
			keys = append(keys[:4:4], fmt.Sprintf("%d more", len(keys)-4))
		}
		return fmt.Sprintf("%s has for_each: its instances are %s.", name, listOf(keys))
	}
	known := sortedKeys(instanceType.AttributeTypes())
	if near := diag.Suggest(attribute, known); near != "" {
		return fmt.Sprintf("Did you mean %q?", near)
	}
	return fmt.Sprintf("A server has the attributes %s.", listOf(known))
}

func mentionsSensitive(e hcl.Expression, ctx *hcl.EvalContext) bool {
	if e == nil || ctx == nil {
		return false
	}
	for _, t := range e.Variables() {
		if v, hd := t.TraverseAbs(ctx); hd.HasErrors() || v.ContainsMarked() {
			return true
		}
	}
	return false
}
