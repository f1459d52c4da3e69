package config

import (
	"sort"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/schemas"
)

// countLimit bounds the instances of one block.
const countLimit = 100_000

type mode uint8

const (
	single mode = iota
	byCount
	byKey
)

// expanded is a server block with its instances.
type expanded struct {
	server    *server
	mode      mode
	count     int // of mode byCount, the disabled ones included
	instances map[address.Key]*instance
	refs      []Ref // of all instances, in order
}

// instance is one server of a block.
type instance struct {
	server  *server
	address address.Server
	each    *hcl.EvalContext // static scope with each or count
	refs    []Ref            // one for each target, as written; at least one
	// mentions are the servers that its body mentions directly.
	mentions []mention
}

// place is an instance on one of its targets.
type place struct {
	*instance
	target address.Target
	index  int // in Configuration.instances
	// first is what the instance is while nothing is known of other servers;
	// settled is the same, set when it mentions none.
	first, settled *resource.Instance
}

// expand finds out how many servers there are, and where.
func (c *Configuration) expand() diag.List {
	c.expanded = make(map[string]*expanded, len(c.servers))
	deps := newDependencies(c)
	var diags diag.List
	for _, o := range c.order {
		switch o.kind {
		case "server":
			diags = append(diags, c.expandServer(c.servers[o.name], deps)...)
		case "local":
			if c.locals[o.name].late {
				deps.local(o.name, o.refs, c.resolve(o.refs, nil))
			}
		}
		if diags.HasErrors() {
			return diags // what comes after may mention what is broken
		}
	}
	return diags
}

// expandServer makes the instances of one block.
func (c *Configuration) expandServer(s *server, deps *dependencies) diag.List {
	s.static = c.staticScope(s.refs)
	for _, r := range s.refs {
		switch to, _ := r.id(); {
		case to.kind == "server":
			s.serverRefs = append(s.serverRefs, r)
		case to.kind == "local" && c.locals[to.name].late:
			s.lateLocals = append(s.lateLocals, to.name)
		}
	}
	e := &expanded{server: s, instances: map[address.Key]*instance{}}
	c.expanded[s.name] = e
	d := c.decoder(nil)
	keys, ok := d.keys(e)
	if !ok {
		return d.diags
	}
	for _, k := range keys {
		in := &instance{server: s, address: address.Server{Name: s.name, Key: k.key}, each: k.ctx}
		if !d.enabled(in) {
			continue
		}
		targets, ok := d.targets(in)
		if !ok {
			return d.diags // the other instances would say the same
		}
		prevent := d.preventDestroy(in)
		in.mentions = c.resolve(s.serverRefs, in.each)
		dependsOn := deps.of(s.lateLocals, in.mentions)
		for _, t := range targets {
			r := Ref{Server: in.address, Target: t}
			in.refs = append(in.refs, r)
			c.places[r] = &place{instance: in, target: t, index: len(c.instances)}
			c.instances = append(c.instances, Instance{Ref: r, DependsOn: dependsOn, Range: diag.FromRange(&s.at), PreventDestroy: prevent})
		}
		e.instances[k.key] = in
		e.refs = append(e.refs, in.refs...)
	}
	return d.diags
}

// keyed is one key of a block and the scope that goes with it.
type keyed struct {
	key address.Key
	ctx *hcl.EvalContext
}

// keys evaluates count or for_each.
func (d *decoder) keys(e *expanded) ([]keyed, bool) {
	s := e.server
	count, forEach := s.body.Attributes["count"], s.body.Attributes["for_each"]
	switch {
	case count != nil && forEach != nil:
		d.add(diag.Errorf("Both count and for_each", "server.%s has both; one of them says how many there are.", s.name).
			At(diag.FromRange(&forEach.NameRange)).Fix("Remove one of them."))
		return nil, false
	case count != nil:
		e.mode = byCount
		n, ok := d.countOf(count.Expr, s.static)
		e.count = n
		keys := make([]keyed, n)
		for i := range keys {
			keys[i] = keyed{address.IntKey(i), with(s.static, "count", map[string]cty.Value{"index": cty.NumberIntVal(int64(i))})}
		}
		return keys, ok
	case forEach != nil:
		e.mode = byKey
		return d.eachOf(forEach.Expr, s.static)
	}
	return []keyed{{ctx: s.static}}, true
}

func with(parent *hcl.EvalContext, name string, attrs map[string]cty.Value) *hcl.EvalContext {
	ctx := parent.NewChild()
	ctx.Variables = map[string]cty.Value{name: cty.ObjectVal(attrs)}
	return ctx
}

func (d *decoder) countOf(e hclsyntax.Expression, ctx *hcl.EvalContext) (int, bool) {
	v, ok := d.settled("count", e, ctx)
	if !ok {
		return 0, false
	}
	n, err := convert.Convert(v, cty.Number)
	if err == nil && n.AsBigFloat().IsInt() {
		if i, _ := n.AsBigFloat().Int64(); i >= 0 && i <= countLimit {
			return int(i), true
		}
	}
	at := e.Range()
	d.add(diag.Errorf("Wrong count", "count must be a whole number from 0 to %d.", countLimit).At(diag.FromRange(&at)))
	return 0, false
}

func (d *decoder) eachOf(e hclsyntax.Expression, ctx *hcl.EvalContext) ([]keyed, bool) {
	v, ok := d.settled("for_each", e, ctx)
	if !ok {
		return nil, false
	}
	at := e.Range()
	t := v.Type()
	isSet := t.IsSetType() && (t.ElementType() == cty.String || v.LengthInt() == 0)
	if !isSet && !t.IsMapType() && !t.IsObjectType() {
		d.add(diag.Errorf("Wrong for_each", "for_each must be a map, an object or a set of strings; this is %s.", nameOf(t)).
			At(diag.FromRange(&at)).Fix("Make a list of strings a set with toset(…)."))
		return nil, false
	}
	if v.LengthInt() > countLimit {
		d.add(diag.Errorf("Wrong for_each", "for_each has %d elements; %d is the limit.", v.LengthInt(), countLimit).At(diag.FromRange(&at)))
		return nil, false
	}
	var keys []keyed
	for it := v.ElementIterator(); it.Next(); {
		k, ev := it.Element()
		if isSet {
			k = ev
		}
		if k.IsMarked() || !k.IsKnown() || k.IsNull() || k.AsString() == "" {
			d.add(diag.Errorf("Wrong for_each", "A key of for_each is null, empty, unknown or sensitive.").At(diag.FromRange(&at)))
			return nil, false
		}
		keys = append(keys, keyed{address.StringKey(k.AsString()), with(ctx, "each", map[string]cty.Value{"key": k, "value": ev})})
	}
	sort.Slice(keys, func(i, j int) bool { return keys[i].key.Compare(keys[j].key) < 0 })
	return keys, true
}

// settled evaluates an attribute that decides which instances there are.
func (d *decoder) settled(name string, e hclsyntax.Expression, ctx *hcl.EvalContext) (cty.Value, bool) {
	v, ok := d.value(e, ctx)
	if !ok {
		return cty.NilVal, false
	}
	at := e.Range()
	switch {
	case v.HasMark(schemas.Sensitive):
		d.add(diag.Errorf("Sensitive "+name, "%s cannot be sensitive: which servers there are is shown.", name).
			At(diag.FromRange(&at)).Fix("Use nonsensitive(…) when it holds no secret."))
	case !v.IsKnown():
		d.add(diag.Errorf("Unknown "+name, "%s must be known when planning.", name).At(diag.FromRange(&at)))
	case v.IsNull():
		d.add(diag.Errorf("Null "+name, "%s is null.", name).At(diag.FromRange(&at)).Fix("Give it a value, or leave it out."))
	default:
		return v, true
	}
	return cty.NilVal, false
}

func (d *decoder) enabled(in *instance) bool {
	a := in.server.body.Attributes["enabled"]
	return a == nil || d.settledBool(a, in.each)
}

// preventDestroy reads a lifecycle block: also a plan that destroys, for which no
// instance is evaluated, must hold to it.
func (d *decoder) preventDestroy(in *instance) bool {
	for _, b := range in.server.body.Blocks {
		if b.Type != "lifecycle" {
			continue
		}
		if a := b.Body.Attributes["prevent_destroy"]; a != nil {
			return d.settledBool(a, in.each)
		}
	}
	return false
}

func (d *decoder) settledBool(a *hclsyntax.Attribute, ctx *hcl.EvalContext) bool {
	v, ok := d.settled(a.Name, a.Expr, ctx)
	if !ok {
		return false
	}
	b, err := convert.Convert(v, cty.Bool)
	if err != nil {
		at := a.Expr.Range()
		d.add(diag.Errorf("Wrong type", "%s must be true or false; this is %s.", a.Name, nameOf(v.Type())).At(diag.FromRange(&at)))
		return false
	}
	return b.True()
}
