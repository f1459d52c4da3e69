package plan

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/config"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/version"
)

// Make computes a plan. It reads targets and changes nothing. With an error
// among the diagnostics the plan is nil.
func Make(ctx context.Context, o Options) (*Plan, diag.List) {
	p := &planner{
		Options:  o,
		resolver: NewResolver(o.Configuration, o.Providers, o.State.Snapshot.DigestKey),
		targets:  map[address.Target]resource.Target{},
		wanted:   map[address.Resource]*Wanted{},
		decided:  map[address.Resource]*decision{},
		authors:  map[address.Resource][]resource.Author{},
		plan: &Plan{
			PlannedBy: version.Version, Mode: o.Mode,
			Lineage: o.State.Snapshot.Lineage, Serial: o.State.Snapshot.Serial, Journal: o.State.Journal,
			Only: o.Only, Replace: o.Replace,
		},
	}
	for _, stage := range []func(context.Context){p.evaluate, p.selectAddresses, p.look, p.decideWanted, p.decideRest, p.rehearse, p.finish} {
		stage(ctx)
		if ctx.Err() != nil { // what else went wrong may come from that
			return nil, diag.List{diag.Errorf("Planning was stopped", "Nothing was changed.")}
		}
		if p.diags.HasErrors() {
			p.diags.Sort()
			return nil, p.diags
		}
	}
	p.diags.Sort()
	return p.plan, p.diags
}

// planner is the work of one Make, stage by stage.
type planner struct {
	Options
	resolver *Resolver
	targets  map[address.Target]resource.Target // configured

	instances []config.Instance            // dependencies first
	lowered   map[config.Ref][]*Wanted     // by instance
	wanted    map[address.Resource]*Wanted // by address; of a shared resource, the first instance's
	selected  map[address.Resource]bool    // nil selects everything
	found     map[address.Resource]resource.Object
	authors   map[address.Resource][]resource.Author // of what was found
	unread    map[address.Resource]bool              // it is not known whether they exist
	decided   map[address.Resource]*decision
	// preventing are the instances that say prevent_destroy; nil until asked for.
	preventing map[config.Ref]*diag.Range

	plan  *Plan
	diags diag.List
}

// evaluate lowers every instance with what is known before anything is read.
func (p *planner) evaluate(context.Context) {
	for _, t := range p.Configuration.Targets() {
		p.targets[t.Address] = t
	}
	p.checkPlaces()
	if p.Mode == Destroy || p.diags.HasErrors() {
		return
	}
	p.instances = p.Configuration.Instances()
	p.lowered = make(map[config.Ref][]*Wanted, len(p.instances))
	for i := range p.instances {
		p.lowered[p.instances[i].Ref] = p.lower(p.instances[i].Ref)
	}
	if !p.diags.HasErrors() {
		p.checkUnique()
	}
}

// lower resolves one instance with what is known so far. Resources that several
// instances share must come out the same for each.
func (p *planner) lower(ref config.Ref) []*Wanted {
	wanted, diags := p.resolver.Resolve(ref)
	if _, again := p.lowered[ref]; !again || diags.HasErrors() { // a warning is given once
		p.diags = append(p.diags, diags...)
	}
	for _, w := range wanted {
		first := p.wanted[w.Address]
		switch {
		case first == nil || first.Source == ref:
			p.wanted[w.Address] = w
		case !w.Address.Shared():
			p.diags = append(p.diags, conflict(w, first, "is claimed by %s and by %s"))
		case first.Digest != w.Digest:
			p.diags = append(p.diags, conflict(w, first, "is wanted differently by %s and by %s"))
		}
	}
	return wanted
}

// lowerAgain resolves an instance for the second time, now that more is known.
// Which resources it comes to must not depend on that.
func (p *planner) lowerAgain(ref config.Ref) {
	before := p.lowered[ref]
	now := p.lower(ref)
	p.lowered[ref] = now
	sameAddress := func(a, b *Wanted) bool { return a.Address == b.Address }
	if !p.diags.HasErrors() && !slices.EqualFunc(before, now, sameAddress) {
		p.diags = append(p.diags, diag.Errorf("The resources of a server are not settled",
			"%s on %s: which resources it is made of depends on something that is only known after apply.", ref.Server, ref.Target))
	}
}

func conflict(w, first *Wanted, format string) *diag.Diagnostic {
	d := diag.Errorf("Servers disagree", "%s "+format+".", w.Address, first.Source.Server, w.Source.Server)
	d.Address = w.Address.String()
	return d
}

// look reads all that is wanted, recorded or uncertain, as far as selected.
func (p *planner) look(ctx context.Context) {
	var addresses []address.Resource
	for _, a := range p.known() {
		if p.isSelected(a) {
			addresses = append(addresses, a)
		}
	}
	p.refresh(ctx, addresses)
}

// known are all addresses that are wanted, recorded or uncertain, in order.
func (p *planner) known() []address.Resource {
	all := map[address.Resource]bool{}
	for a := range p.wanted {
		all[a] = true
	}
	for a := range p.State.Snapshot.Resources {
		all[a] = true
	}
	for a := range p.State.Snapshot.Uncertain {
		all[a] = true
	}
	return slices.SortedFunc(maps.Keys(all), address.Resource.Compare)
}

func (p *planner) isSelected(a address.Resource) bool { return p.selected == nil || p.selected[a] }

// decideWanted goes through the instances in the order of their dependencies.
// Those that depend on others are evaluated again, now that more is known.
func (p *planner) decideWanted(context.Context) {
	for i := range p.instances {
		in := &p.instances[i]
		if len(in.DependsOn) > 0 {
			p.lowerAgain(in.Ref)
			if p.diags.HasErrors() {
				return
			}
		}
		for _, w := range p.lowered[in.Ref] {
			if p.isSelected(w.Address) {
				p.decide(p.wanted[w.Address])
			}
		}
		for _, w := range p.lowered[in.Ref] {
			if w.Endpoint {
				p.export(in.Ref, w)
			}
		}
	}
}

// export makes known what others may rely on of an endpoint.
func (p *planner) export(ref config.Ref, w *Wanted) {
	recorded := p.State.Snapshot.Resources[w.Address]
	values := cty.NilVal
	switch d := p.decided[w.Address]; {
	case d != nil && p.Mode != RefreshOnly:
		values = expected(p.resolver.Type(w.Type), d.change.Action, w.Object, d.found)
	case d != nil:
		values = d.found.Values
	case recorded != nil:
		values = recorded.Object.Values
	}
	if values == cty.NilVal {
		return
	}
	v, err := Exported(values)
	if err != nil {
		p.diags = append(p.diags, diag.Errorf("A resource cannot be used", "%s: %s.", w.Address, err))
		return
	}
	p.resolver.Export(ref, v)
	p.plan.Exports = append(p.plan.Exports, Export{Ref: ref, Value: v})
}

// decideRest settles what is not wanted: delete what exists, forget what does
// not.
func (p *planner) decideRest(context.Context) {
	for _, a := range p.known() {
		if p.decided[a] == nil && p.isSelected(a) && !p.unread[a] {
			p.decideUnwanted(a)
		}
	}
}

// finish puts the plan together.
func (p *planner) finish(context.Context) {
	for _, a := range slices.SortedFunc(maps.Keys(p.decided), address.Resource.Compare) {
		d := p.decided[a]
		p.checkProtected(d)
		if w := p.wanted[a]; w != nil && d.change.Action == Update && d.change.Impact > resource.ImpactNone {
			d.change.Stages = w.Stages
		}
		p.plan.Changes = append(p.plan.Changes, d.change)
	}
	if !p.buildSteps() {
		return
	}
	p.listTargets()
	p.planOutputs()
}

// checkProtected refuses to delete what its provider says must not be, or the
// lifecycle of its server.
func (p *planner) checkProtected(d *decision) {
	if !d.deletes() {
		return
	}
	a := d.change.Address
	if place := p.prevented(config.Ref{Server: a.Server, Target: a.Target}); place != nil {
		e := diag.Errorf(fmt.Sprintf("%s must not be destroyed", a), "It would be %sd, and its server says prevent_destroy. Nothing was changed.", d.change.Action).At(place)
		p.diags = append(p.diags, e.Fix("Change back what needs it, or take prevent_destroy out of the lifecycle block."))
		return
	}
	t := p.resolver.Type(d.change.Type)
	if t == nil || t.Protected == nil {
		return
	}
	if why := t.Protected(d.found.Values); why != "" {
		e := diag.Errorf(fmt.Sprintf("%s is protected", d.change.Address), "It would be %sd. Nothing was changed.", d.change.Action)
		e.Address = d.change.Address.String()
		p.diags = append(p.diags, e.Fix("%s", why))
	}
}

// prevented is the place of the block that forbids to destroy an instance; nil when
// none does.
func (p *planner) prevented(ref config.Ref) *diag.Range {
	if p.preventing == nil {
		p.preventing = map[config.Ref]*diag.Range{}
		for _, in := range p.Configuration.Instances() {
			if in.PreventDestroy {
				p.preventing[in.Ref] = in.Range
			}
		}
	}
	return p.preventing[ref]
}

// listTargets records the targets that steps reach.
func (p *planner) listTargets() {
	used := map[address.Target]bool{}
	for i := range p.plan.Steps {
		used[p.plan.Steps[i].Address.Target] = true
	}
	for _, a := range slices.SortedFunc(maps.Keys(used), compareTargets) {
		t, former := p.target(a)
		o, err := resource.Redact(t.Config, p.State.Snapshot.DigestKey)
		if err != nil {
			p.diags = append(p.diags, diag.FromError(fmt.Errorf("%s: %w", a, err))...)
			continue
		}
		p.plan.Targets = append(p.plan.Targets, Target{Address: a, Config: o, Former: former})
	}
}

// planOutputs compares the outputs with those of the last apply. Destroying a
// part leaves them alone.
func (p *planner) planOutputs() {
	if p.Mode == Destroy && len(p.Only) > 0 {
		return
	}
	var outputs []config.Output
	if p.Mode != Destroy {
		var diags diag.List
		outputs, diags = p.resolver.Outputs()
		p.diags = append(p.diags, diags...)
	}
	was := p.State.Snapshot.Outputs
	wanted := map[string]bool{}
	for _, o := range outputs {
		wanted[o.Name] = true
		after, err := RedactOutput(o, p.State.Snapshot.DigestKey)
		if err != nil {
			p.diags = append(p.diags, diag.FromError(err)...)
			continue
		}
		before, existed := was[o.Name]
		p.plan.Outputs = append(p.plan.Outputs, OutputChange{
			Name: o.Name, Description: o.Description, Sensitive: o.Sensitive,
			Before: before.Value, After: after,
			Changed: !existed || before.Sensitive != o.Sensitive || !same(before.Value, after),
		})
	}
	for name, before := range was {
		if !wanted[name] {
			p.plan.Outputs = append(p.plan.Outputs, OutputChange{Name: name, Sensitive: before.Sensitive, Before: before.Value, Changed: true})
		}
	}
	slices.SortFunc(p.plan.Outputs, func(a, b OutputChange) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
}
