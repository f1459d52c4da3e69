package config

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
)

// A scope holds only what its expressions mention, so that the cost of a
// configuration grows with its length and not with its square.

// staticScope holds what refs mention that does not depend on servers.
func (c *Configuration) staticScope(refs []reference) *hcl.EvalContext {
	groups := map[string]map[string]cty.Value{}
	targets := map[string]map[string]cty.Value{}
	put := func(m map[string]map[string]cty.Value, group, name string, v cty.Value) {
		if m[group] == nil {
			m[group] = map[string]cty.Value{}
		}
		m[group][name] = v
	}
	for _, r := range refs {
		to, ok := r.id()
		if !ok || to.kind == "server" {
			continue
		}
		if to.kind == "target" {
			t := c.targetBlocks[to.name]
			put(targets, t.address.Kind, t.address.Name, targetValue(t.address))
			continue
		}
		if v, ok := c.values[to]; ok {
			put(groups, to.kind, to.name, v)
		}
	}
	ctx := c.root.NewChild()
	ctx.Variables = map[string]cty.Value{}
	for group, values := range groups {
		ctx.Variables[group] = cty.ObjectVal(values)
	}
	if len(targets) > 0 {
		kinds := map[string]cty.Value{}
		for kind, values := range targets {
			kinds[kind] = cty.ObjectVal(values)
		}
		ctx.Variables["target"] = cty.ObjectVal(kinds)
	}
	return ctx
}

// targetValue is what an expression sees of a target. All targets have the same
// type, so that a condition can choose between kinds.
func targetValue(a address.Target) cty.Value {
	return cty.ObjectVal(map[string]cty.Value{"kind": cty.StringVal(a.Kind), "name": cty.StringVal(a.Name)})
}

// withServers adds servers and late locals to a static scope. refs are what the
// scope is for, and mentions those of them that name servers.
func (c *Configuration) withServers(static *hcl.EvalContext, refs []reference, mentions []mention, known *Exports) (*hcl.EvalContext, diag.List) {
	var diags diag.List
	ctx := static.NewChild()
	ctx.Variables = map[string]cty.Value{}
	if len(mentions) > 0 {
		servers := map[string]cty.Value{}
		for _, m := range mentions {
			servers[m.of.server.name] = m.value(known)
		}
		ctx.Variables["server"] = cty.ObjectVal(servers)
	}
	locals, late := map[string]cty.Value{}, false
	for _, r := range refs {
		to, _ := r.id()
		if to.kind != "local" || locals[to.name] != cty.NilVal {
			continue
		}
		if v, ok := c.values[to]; ok {
			locals[to.name] = v
			continue
		}
		late = true
		v, ds := c.lateLocal(to.name, known)
		diags = append(diags, ds...)
		locals[to.name] = v
	}
	if late {
		ctx.Variables["local"] = cty.ObjectVal(locals)
	}
	return ctx, diags
}

func (c *Configuration) lateLocal(name string, known *Exports) (cty.Value, diag.List) {
	if v, ok := known.locals[name]; ok {
		return v, nil
	}
	l := c.locals[name]
	ctx, diags := c.withServers(c.staticScope(l.refs), l.refs, c.resolve(l.refs, nil), known)
	if diags.HasErrors() {
		return cty.DynamicVal, diags
	}
	d := c.decoder(nil)
	v, ok := d.value(l.expr, ctx)
	if !ok {
		return cty.DynamicVal, append(diags, d.diags...)
	}
	known.keepLocal(name, v, l.refs)
	return v, append(diags, d.diags...)
}

// mention is a server block as one scope sees it: all of its instances, or those
// with certain keys when the scope asks for no others.
type mention struct {
	of    *expanded
	whole bool
	keys  []address.Key
}

// resolve finds the servers that refs mention. The keys of instances are
// evaluated in ctx, or without any each and count when it is nil.
func (c *Configuration) resolve(refs []reference, ctx *hcl.EvalContext) []mention {
	var out []mention
	at := map[string]int{}
	for _, r := range refs {
		to, _ := r.id()
		if to.kind != "server" {
			continue
		}
		i, ok := at[to.name]
		if !ok {
			i = len(out)
			at[to.name] = i
			out = append(out, mention{of: c.expanded[to.name]})
		}
		if out[i].whole {
			continue
		}
		if ctx == nil {
			ctx = c.staticScope(refs)
		}
		key, ok := out[i].of.key(r, ctx)
		switch {
		case !ok:
			out[i].whole, out[i].keys = true, nil
		default:
			out[i].keys = append(out[i].keys, key)
		}
	}
	return out
}

// key evaluates the key that a reference gives. It is not ok for a reference to
// the block as a whole, or to an instance that cannot be told in advance.
func (e *expanded) key(r reference, ctx *hcl.EvalContext) (address.Key, bool) {
	if r.index == nil || e.mode == single {
		return address.Key{}, false
	}
	v, hd := r.index.Value(ctx)
	if hd.HasErrors() || v.IsMarked() || !v.IsKnown() || v.IsNull() {
		return address.Key{}, false
	}
	if e.mode == byCount {
		n, err := convert.Convert(v, cty.Number)
		if err != nil {
			return address.Key{}, false
		}
		i, _ := n.AsBigFloat().Int64()
		return address.IntKey(int(i)), true
	}
	s, err := convert.Convert(v, cty.String)
	if err != nil {
		return address.Key{}, false
	}
	return address.StringKey(s.AsString()), true
}

// value is what an expression sees of the block. A partial one is an object also
// for count: indexing it with a number finds the attribute of that name.
func (m mention) value(known *Exports) cty.Value {
	if m.whole {
		return m.of.value(known)
	}
	out := map[string]cty.Value{}
	for _, k := range m.keys {
		if in := m.of.instances[k]; in != nil {
			out[keyText(k)] = in.exported(known)
		}
	}
	return cty.ObjectVal(out)
}

// value is server.NAME: an object, or a tuple of them for count, or an object of
// them for for_each. A server that is disabled is null; with for_each it is left
// out.
func (e *expanded) value(known *Exports) cty.Value {
	if v, ok := known.blocks[e.server.name]; ok {
		return v
	}
	var v cty.Value
	switch e.mode {
	case single:
		v = cty.NullVal(instanceType)
		if in := e.instances[address.Key{}]; in != nil {
			v = in.exported(known)
		}
	case byCount:
		list := make([]cty.Value, e.count)
		for i := range list {
			list[i] = cty.NullVal(instanceType)
			if in := e.instances[address.IntKey(i)]; in != nil {
				list[i] = in.exported(known)
			}
		}
		v = cty.TupleVal(list)
	default:
		m := make(map[string]cty.Value, len(e.instances))
		for k, in := range e.instances {
			m[keyText(k)] = in.exported(known)
		}
		v = cty.ObjectVal(m)
	}
	known.keepBlock(e.server.name, v)
	return v
}

// instanceType is what an expression sees of one instance: the attributes of its
// first target, and those of each target under "kind.name".
var instanceType = func() cty.Type {
	types := map[string]cty.Type{"targets": cty.Map(ExportType)}
	for name, t := range ExportType.AttributeTypes() {
		types[name] = t
	}
	return cty.Object(types)
}()

func (in *instance) exported(known *Exports) cty.Value {
	targets := make(map[string]cty.Value, len(in.refs))
	for _, r := range in.refs {
		targets[r.Target.Kind+"."+r.Target.Name] = known.Get(r)
	}
	first := known.Get(in.refs[0])
	out := map[string]cty.Value{"targets": cty.MapVal(targets)}
	for name := range ExportType.AttributeTypes() {
		out[name] = first.GetAttr(name)
	}
	return cty.ObjectVal(out)
}

func keyText(k address.Key) string {
	v := k.Value()
	if v.Type() == cty.Number {
		return v.AsBigFloat().Text('f', -1)
	}
	return v.AsString()
}
