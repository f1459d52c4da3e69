package plan

import (
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/engine/state"
)

// decision is what becomes of one resource, and what its steps need.
type decision struct {
	change Change
	found  resource.Object // Values is NilVal when it does not exist
	// next is what the state will hold when the resource is as wanted; nil when
	// it is not wanted. Its Object is complete only for a resource that stays.
	next *state.Resource
	// before are the dependencies that were recorded.
	before []address.Resource
	// record says that a resource that stays, or is gone, changes the state.
	record bool
}

// decide settles one wanted resource, after those of its owner that it needs.
func (p *planner) decide(w *Wanted) *decision {
	if d := p.decided[w.Address]; d != nil {
		return d
	}
	d := &decision{found: p.found[w.Address]}
	p.decided[w.Address] = d // also ends a recursion in a cycle, which buildSteps reports
	replaced := false
	for _, need := range w.DependsOn {
		if n := p.wanted[need]; n != nil && contains(w.Address, need) && p.isSelected(need) {
			replaced = p.decide(n).change.Action == Replace || replaced
		}
	}
	t := p.resolver.Type(w.Type)
	recorded, certain := p.State.Snapshot.Recorded(w.Address)
	d.next = &state.Resource{Address: w.Address, Type: w.Type, DependsOn: w.DependsOn, Endpoint: w.Endpoint, Files: state.FilesOf(w.Files)}
	d.next.Unverified = w.Checked && len(w.Instance.Smokes) > 0
	if recorded != nil {
		d.before = recorded.DependsOn
	}
	d.change = Change{
		Address: w.Address, Type: w.Type, Before: d.found, Endpoint: w.Endpoint,
		Source: w.Source, Digest: w.Digest,
		Gone: certain && d.found.Values == cty.NilVal,
	}
	if certain && !d.change.Gone {
		d.change.Drift = drift(t, recorded, d.found)
		resource.Blame(d.change.Drift, p.authors[d.change.Address])
	}
	if d.found.Values == cty.NilVal {
		d.next.Owned = Owned(t, w.Object)
		d.change.Action, d.change.After = Create, created(t, w)
	} else {
		p.decideExisting(d, w, t, recorded, replaced)
	}
	if recorded != nil && !certain && d.change.Action != NoOp {
		d.change.Reasons = append(d.change.Reasons, ReasonInterrupted)
	}
	if d.change.Action != NoOp {
		d.change.Smokes = notes(w)
	}
	if p.Mode == RefreshOnly {
		p.onlyState(d)
	}
	return d
}

// notes are the checks that run once the resource is made.
func notes(w *Wanted) []SmokeNote {
	if !w.Checked {
		return nil
	}
	var out []SmokeNote
	for _, s := range w.Instance.Smokes {
		out = append(out, SmokeNote{Name: s.Name, Call: s.Call, Tools: s.Tools})
	}
	return out
}

// decideExisting compares an object that exists with what is wanted.
func (p *planner) decideExisting(d *decision, w *Wanted, t *resource.Type, recorded *state.Resource, replaced bool) {
	c := Compare(t, w, d.found, recorded)
	d.next.Owned = c.Owned
	change := &d.change
	change.Differences = c.Differences
	requested := p.covered(p.Replace, w.Address)
	if requested {
		change.Reasons = append(change.Reasons, ReasonRequested)
	}
	if replaced {
		change.Reasons = append(change.Reasons, ReasonDependency)
	}
	change.Impact = felt(w, c.Differences)
	for _, x := range c.Differences {
		replaced = replaced || x.Replace
	}
	switch {
	case replaced || requested:
		change.Action, change.Impact = Replace, resource.ImpactReplace
		change.After = created(t, w)
	case len(c.Differences) > 0:
		change.Action = Update
		change.After = pending(t, c.After, w.Object)
	case d.next.Unverified && recorded != nil && recorded.Unverified:
		// Nothing differs; the checks are to be run.
		change.Action, change.After = Update, d.found
		change.Reasons = append(change.Reasons, ReasonUnverified)
	default:
		d.next.Unverified = false
		change.Action, change.After = NoOp, d.found
		d.next.Object = d.found
		d.record = !p.isRecorded(d.next)
	}
}

// felt is what users feel of an update.
func felt(w *Wanted, differences []resource.Difference) resource.Impact {
	heaviest := resource.ImpactNone
	for _, x := range differences {
		heaviest = max(heaviest, x.Impact)
	}
	if heaviest == resource.ImpactRolling && w.Instance.Rollout.Strategy == resource.Recreate {
		return resource.ImpactRestart // the old ends first
	}
	return heaviest
}

// isRecorded reports whether the state already holds exactly r.
func (p *planner) isRecorded(r *state.Resource) bool {
	was := p.State.Snapshot.Resources[r.Address]
	return was != nil && p.State.Snapshot.Uncertain[r.Address] == nil &&
		was.Type == r.Type && was.Endpoint == r.Endpoint && was.Unverified == r.Unverified && same(was.Object, r.Object) &&
		slices.Equal(was.Owned, r.Owned) && slices.Equal(was.DependsOn, r.DependsOn) && slices.Equal(was.Files, r.Files)
}

// decideUnwanted settles a resource that is recorded or uncertain, and not
// wanted.
func (p *planner) decideUnwanted(a address.Resource) {
	recorded, certain := p.State.Snapshot.Recorded(a)
	d := &decision{found: p.found[a], before: recorded.DependsOn}
	p.decided[a] = d
	t := p.resolver.Type(recorded.Type)
	exists := d.found.Values != cty.NilVal
	d.change = Change{
		Address: a, Type: recorded.Type, Before: d.found, Endpoint: recorded.Endpoint,
		Gone: certain && !exists, Action: NoOp,
	}
	if exists && certain && t != nil {
		d.change.Drift = drift(t, recorded, d.found)
		resource.Blame(d.change.Drift, p.authors[d.change.Address])
	}
	if p.Mode == RefreshOnly {
		p.onlyState(d)
		return
	}
	if !exists {
		d.record = true
		return
	}
	d.change.Action = Delete
	if recorded.Endpoint {
		d.change.Impact = resource.ImpactRestart
	}
	if p.Mode == Normal {
		d.change.Reasons = append(d.change.Reasons, ReasonNotWanted)
	}
}

// onlyState turns a decision into what a refresh-only plan does: take up what
// was recorded as it was found, and leave alone what was never made.
func (p *planner) onlyState(d *decision) {
	c := &d.change
	recorded, _ := p.State.Snapshot.Recorded(c.Address)
	c.Impact, c.Reasons, c.Differences, c.Smokes = resource.ImpactNone, nil, nil, nil
	c.Action, c.After = NoOp, d.found
	switch {
	case recorded == nil:
		d.record = false
	case d.found.Values == cty.NilVal:
		c.Action, d.record, d.next = Forget, true, nil
	default:
		// What the last apply set stays what it set.
		next := *recorded
		next.Object = d.found
		d.next = &next
		if d.record = !p.isRecorded(d.next); d.record {
			c.Action = Record
		}
	}
}

// contains reports whether a resource cannot outlive another that it depends on:
// one of its own server, or one that its target's servers share. A dependency on
// another server is a matter of order only.
func contains(r, dependency address.Resource) bool {
	return r.Target == dependency.Target && (dependency.Shared() || r.Server == dependency.Server)
}
