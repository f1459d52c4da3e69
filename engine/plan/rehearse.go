package plan

import (
	"context"
	"maps"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
)

// rehearse asks the targets that can tell what they would make of the changes.
// Nothing is changed by that; what would come to nothing is not planned, and what
// a target would refuse is an error of the plan already.
func (p *planner) rehearse(ctx context.Context) {
	if p.Mode != Normal {
		return
	}
	batches := map[address.Target][]*decision{}
	for _, a := range slices.SortedFunc(maps.Keys(p.decided), address.Resource.Compare) {
		d := p.decided[a]
		w := p.wanted[a]
		if w == nil || !w.Settled || d.change.Action != Create && d.change.Action != Update {
			continue
		}
		batches[a.Target] = append(batches[a.Target], d)
	}
	for _, t := range slices.SortedFunc(maps.Keys(batches), compareTargets) {
		if !slices.Contains(p.plan.Unverified, t) {
			p.rehearseOn(ctx, t, batches[t])
		}
	}
}

func (p *planner) rehearseOn(ctx context.Context, t address.Target, batch []*decision) {
	target, former := p.target(t)
	reader, err := p.Providers[t.Kind].OpenReader(ctx, target, resource.Owner{Lineage: p.State.Snapshot.Lineage})
	if err != nil {
		p.diags = append(p.diags, unreachable(t, former, len(batch), err))
		return
	}
	defer reader.Close()
	stage, ok := reader.(resource.Rehearser)
	if !ok {
		return
	}
	changes := make([]resource.Change, len(batch))
	for i, d := range batch {
		w := p.wanted[d.change.Address]
		changes[i] = resource.Change{
			Address: w.Address, Type: w.Type, Desired: toBeFilled(w.Values), Prior: d.found.Values, Files: w.Files,
			Progress: func(string) {},
		}
	}
	for i, r := range stage.Rehearse(ctx, changes) {
		p.learn(batch[i], r)
	}
}

// toBeFilled makes null what is unknown although the instance is settled: the
// provider fills it in.
func toBeFilled(v cty.Value) cty.Value {
	attributes := v.AsValueMap()
	for name, a := range attributes {
		if !a.IsKnown() {
			attributes[name] = cty.NullVal(a.Type())
		}
	}
	return cty.ObjectVal(attributes)
}

// learn takes in how the rehearsal of one change went.
func (p *planner) learn(d *decision, r resource.Rehearsal) {
	c := &d.change
	if r.Err != nil {
		for _, e := range diag.FromError(r.Err) {
			e.Summary = diag.Capital(e.Summary)
			if e.Address == "" {
				e.Address = c.Address.String()
			}
			p.diags = append(p.diags, e)
		}
		return
	}
	if r.Replace && c.Action == Update {
		w := p.wanted[c.Address]
		c.Action, c.Impact, c.After = Replace, resource.ImpactReplace, created(p.resolver.Type(c.Type), w)
		c.Reasons = append(c.Reasons, ReasonImmutable)
		return
	}
	if r.Values == cty.NilVal || c.Action != Update {
		return
	}
	o, err := resource.Redact(r.Values, p.State.Snapshot.DigestKey, p.secretPaths(c.Address)...)
	if err != nil {
		p.diags = append(p.diags, diag.FromError(err)...)
		return
	}
	t := p.resolver.Type(c.Type)
	c.Differences = resource.Diff(t, d.found, o, d.next.Owned)
	c.Impact = felt(p.wanted[c.Address], c.Differences)
	if len(c.Differences) == 0 && len(c.Reasons) == 0 {
		c.Action, c.After = NoOp, d.found
		d.next.Object = d.found
		d.record = !p.isRecorded(d.next)
	}
}
