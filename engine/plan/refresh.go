package plan

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
)

// refresh reads what exists of all addresses: one batch for each target, targets
// in parallel. Secrets are taken out before anything else sees the values.
func (p *planner) refresh(ctx context.Context, addresses []address.Resource) {
	batches := map[address.Target][]address.Resource{}
	for _, a := range addresses {
		batches[a.Target] = append(batches[a.Target], a)
	}
	p.found = make(map[address.Resource]resource.Object, len(addresses))
	p.unread = map[address.Resource]bool{}
	var wg sync.WaitGroup
	var mu sync.Mutex // guards what is noted while readers run
	slots := make(chan struct{}, max(1, p.Parallelism))
	for t, batch := range batches {
		wg.Add(1)
		slots <- struct{}{}
		go func() {
			defer wg.Done()
			defer func() { <-slots }()
			seen, diags := p.read(ctx, t, batch)
			mu.Lock()
			defer mu.Unlock()
			p.diags = append(p.diags, diags...)
			if seen.away {
				p.plan.Unverified = append(p.plan.Unverified, t)
			}
			maps.Copy(p.found, seen.found)
			maps.Copy(p.authors, seen.authors)
			for _, a := range seen.unread {
				p.unread[a] = true
			}
		}()
	}
	wg.Wait()
	slices.SortFunc(p.plan.Unverified, compareTargets)
}

// sighting is what came of reading one target.
type sighting struct {
	found   map[address.Resource]resource.Object
	authors map[address.Resource][]resource.Author
	unread  []address.Resource // it may stay open whether they exist
	away    bool               // the target did not answer: found is what was recorded
}

// read answers for one target. Only objects that exist are in the answer.
func (p *planner) read(ctx context.Context, t address.Target, batch []address.Resource) (sighting, diag.List) {
	target, former := p.target(t)
	provider := p.Providers[t.Kind]
	if provider == nil {
		return sighting{}, diag.List{diag.Errorf("Unknown kind of target", "%s: there is no provider for targets of the kind %q.", t, t.Kind)}
	}
	reader, err := provider.OpenReader(ctx, target, resource.Owner{Lineage: p.State.Snapshot.Lineage})
	var away *resource.Unreachable
	if errors.As(err, &away) && !former {
		return sighting{found: p.recordedOf(batch), away: true}, diag.List{unverified(t, err)}
	}
	if err != nil {
		return sighting{}, diag.List{unreachable(t, former, len(batch), err)}
	}
	defer reader.Close()
	keys := make([]resource.Key, len(batch))
	for i, a := range batch {
		keys[i] = p.key(a)
	}
	seen := sighting{
		found:   make(map[address.Resource]resource.Object, len(batch)),
		authors: map[address.Resource][]resource.Author{},
	}
	var diags diag.List
	readings := reader.Read(ctx, keys)
	if len(readings) != len(keys) {
		return sighting{}, diag.List{unreachable(t, former, len(batch), fmt.Errorf("%d answers came to %d questions", len(readings), len(keys)))}
	}
	for i, r := range readings {
		if r.Err == nil && r.Exists && r.Values == cty.NilVal {
			r.Err = fmt.Errorf("it exists, but nothing was read of it")
		}
		if r.Err != nil {
			d := unreadable(batch[i], r.Err)
			if p.mayStayOpen(batch[i]) {
				d.Severity = diag.Warning
				d.Detail += " An apply was cut off while it was made, and it is not wanted any more. It stays noted as uncertain."
				seen.unread = append(seen.unread, batch[i])
			}
			diags = append(diags, d)
			continue
		}
		if !r.Exists {
			continue
		}
		o, err := resource.Redact(r.Values, p.State.Snapshot.DigestKey, p.secretPaths(batch[i])...)
		if err != nil {
			diags = append(diags, unreadable(batch[i], err))
			continue
		}
		seen.found[batch[i]] = o
		if len(r.Authors) > 0 {
			seen.authors[batch[i]] = r.Authors
		}
	}
	return seen, folded(diags)
}

// folded says once what is the same of many resources, such as that they may not be
// listed.
func folded(all diag.List) diag.List {
	type said struct {
		severity diag.Severity
		text     string
	}
	of := func(d *diag.Diagnostic) said { return said{d.Severity, d.Summary + "\n" + d.Detail + "\n" + d.Remedy} }
	count := map[said]int{}
	for _, d := range all {
		count[of(d)]++
	}
	var out diag.List
	for _, d := range all {
		s := of(d)
		switch n := count[s]; {
		case n == 0:
			continue
		case n > 1:
			d.Detail += fmt.Sprintf(" So it is with %d more.", n-1)
		}
		count[s] = 0
		out = append(out, d)
	}
	return out
}

// recordedOf takes what was recorded for what there is, of a target that does not
// answer.
func (p *planner) recordedOf(batch []address.Resource) map[address.Resource]resource.Object {
	out := map[address.Resource]resource.Object{}
	for _, a := range batch {
		if r := p.State.Snapshot.Resources[a]; r != nil {
			out[a] = r.Object
		}
	}
	return out
}

func unverified(t address.Target, err error) *diag.Diagnostic {
	d := diag.Errorf("The plan is not verified", "%s: %s", t, diag.Sentence(err))
	d.Severity, d.Address = diag.Warning, t.String()
	return d.Fix("What it says of this target follows from the last apply. It cannot be applied; plan again when the target answers.")
}

// NotVerified refuses a plan with targets that did not answer.
func NotVerified(p *Plan) *diag.Diagnostic {
	d := diag.Errorf("A target cannot be reached", "%s does not answer. Nothing was changed.", p.Unverified[0])
	d.Address = p.Unverified[0].String()
	return d.Fix("Try again when it does.")
}

// mayStayOpen reports whether nothing hangs on what became of a resource: it is
// not wanted, and was never known to exist. It must not stand in the way of all
// others.
func (p *planner) mayStayOpen(a address.Resource) bool {
	return p.wanted[a] == nil && p.State.Snapshot.Resources[a] == nil
}

func (p *planner) key(a address.Resource) resource.Key {
	k := resource.Key{Address: a}
	if w := p.wanted[a]; w != nil {
		k.Type = w.Type
	}
	if u := p.State.Snapshot.Uncertain[a]; u != nil {
		k.Type = u.Resource.Type
	}
	if r := p.State.Snapshot.Resources[a]; r != nil {
		k.Type, k.Prior = r.Type, r.Object.Values
	}
	return k
}

// secretPaths are the places that hold a secret by what is recorded or wanted:
// what the target tells there is a secret, whether it says so or not.
func (p *planner) secretPaths(a address.Resource) []cty.Path {
	var out []cty.Path
	if r := p.State.Snapshot.Resources[a]; r != nil {
		out = r.Object.SecretPaths()
	}
	if w := p.wanted[a]; w != nil {
		out = append(out, w.Object.SecretPaths()...)
	}
	return out
}

func unreachable(t address.Target, former bool, resources int, err error) *diag.Diagnostic {
	d := diag.Errorf("A target cannot be reached", "%s: %s", t, diag.Sentence(err))
	d.Address = t.String()
	remedy := "Check that it runs and that you may use it."
	var given *diag.Diagnostic
	if errors.As(err, &given) {
		d.Detail = fmt.Sprintf("%s: %s: %s", t, given.Summary, given.Detail)
		if given.Remedy != "" {
			remedy = given.Remedy
		}
	}
	if former {
		d.Detail += fmt.Sprintf(" The configuration no longer has this target, but %d resources are recorded on it; it was tried as it was last configured.", resources)
		return d.Fix("Put the target block back until they are deleted.")
	}
	return d.Fix("%s Nothing was changed.", remedy)
}

// unreadable says what the provider says, and where.
func unreadable(a address.Resource, err error) *diag.Diagnostic {
	d := diag.Errorf("A resource cannot be read", "").Because(err)
	d.Address = a.String()
	return d
}

// target is a target as configured, or as recorded (former) when it is not.
func (p *planner) target(t address.Target) (target resource.Target, former bool) {
	if c, ok := p.targets[t]; ok {
		return c, false
	}
	return resource.Target{Address: t, Config: p.State.Snapshot.TargetConfig(t)}, true
}

func compareTargets(a, b address.Target) int { return strings.Compare(a.String(), b.String()) }

// checkPlaces refuses a target whose objects the engine would lose sight of:
// they stand where the target pointed before one of the attributes that say so
// (schemas.Attribute.Replace) was changed.
func (p *planner) checkPlaces() {
	standing := map[address.Target]int{}
	for a := range p.State.Snapshot.Resources {
		standing[a.Target]++
	}
	for _, t := range slices.SortedFunc(maps.Keys(standing), compareTargets) {
		now, configured := p.targets[t]
		provider := p.Providers[t.Kind]
		was := p.State.Snapshot.TargetConfig(t)
		if !configured || provider == nil || was == cty.NilVal {
			continue
		}
		for _, a := range provider.Schema().Attributes {
			if !a.Replace || !was.Type().HasAttribute(a.Name) || !now.Config.Type().HasAttribute(a.Name) {
				continue
			}
			plain, _ := now.Config.GetAttr(a.Name).UnmarkDeep()
			if plain.RawEquals(was.GetAttr(a.Name)) {
				continue
			}
			if p.Mode == Destroy {
				delete(p.targets, t) // what stands there is found as it is recorded
				continue
			}
			d := diag.Errorf("A target has moved", "%s: %d resources stand where its attribute %s pointed before it was changed.", t, standing[t], a.Name)
			d.Address = t.String()
			p.diags = append(p.diags, d.Fix("Give the target block another name: then its servers are created at the new place and deleted at the old one. Or run erlmcp destroy -target=%s first.", t))
		}
	}
}
