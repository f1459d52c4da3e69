package apply

import (
	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/config"
	"github.com/erlmcp/erlmcp/engine/plan"
	"github.com/erlmcp/erlmcp/engine/state"
)

// instances are what the plan's instances come to, as far as that is settled
// before anything happens. Those that wait for the exports of others are not
// here.
type instances map[config.Ref][]*plan.Wanted

// verify resolves the configuration again, as the plan did, and refuses it when
// it comes to something else than what was planned.
func (r *runner) verify() diag.List {
	if len(r.Plan.Unverified) > 0 {
		return diag.List{plan.NotVerified(r.Plan)}
	}
	r.instances = instances{}
	if r.Plan.Mode == plan.Destroy {
		return nil
	}
	digests := make(map[address.Resource]string, len(r.Plan.Changes))
	working := map[address.Resource]bool{} // resources that have steps to be resolved
	for i := range r.Plan.Changes {
		c := &r.Plan.Changes[i]
		digests[c.Address] = c.Digest
		switch c.Action {
		case plan.Create, plan.Update, plan.Replace:
			working[c.Address] = true
		}
	}
	exports := map[config.Ref]plan.Export{}
	for _, x := range r.Plan.Exports {
		exports[x.Ref] = x
	}
	var diags diag.List
	checked := map[config.Ref]*plan.Wanted{}
	met := map[address.Resource]bool{}
	for _, in := range r.Configuration.Instances() {
		wanted, ds := r.resolver.Resolve(in.Ref)
		if diags = append(diags, ds...); ds.HasErrors() {
			continue
		}
		needed := false
		for _, w := range wanted {
			met[w.Address] = true
			if w.Checked {
				checked[in.Ref] = w
			}
			needed = needed || working[w.Address]
			if d, planned := digests[w.Address]; planned && d != w.Digest || !planned && len(r.Plan.Only) == 0 {
				diags = append(diags, changed(w.Address))
			}
		}
		if needed && len(in.DependsOn) == 0 {
			r.instances[in.Ref] = wanted
		}
		if x, ok := exports[in.Ref]; ok {
			r.resolver.Export(x.Ref, x.Value)
		}
	}
	for a, d := range digests {
		if d != "" && !met[a] {
			diags = append(diags, changed(a))
		}
	}
	diags.Sort()
	if first := firstError(diags); first != nil {
		return diag.List{first}
	}
	r.watch(checked)
	return nil
}

// firstError is enough when a plan is refused: one change of a variable may
// touch every server.
func firstError(diags diag.List) *diag.Diagnostic {
	for _, d := range diags {
		if d.Severity == diag.Error {
			return d
		}
	}
	return nil
}

func changed(a address.Resource) *diag.Diagnostic {
	d := diag.Errorf("The plan no longer fits", "%s: the configuration or its variables have changed since the plan was made. Nothing was changed.", a).
		Fix("Plan again: erlmcp plan. Secrets have to be given again with -var or the environment, with the same values.")
	d.Address = a.String()
	return d
}

// outputs are the outputs as they are now, nil when they stay as they were. One
// that cannot be known, because what it needs failed, keeps its old value. Checks
// that do not hold are noted.
func (r *runner) outputs(outcome state.Outcome) map[string]state.Output {
	moved := false
	for _, o := range r.Plan.Outputs {
		moved = moved || o.Changed
	}
	out := map[string]state.Output{}
	if r.Plan.Mode == plan.Destroy {
		if !moved || outcome != state.OutcomeDone {
			return nil
		}
		return out
	}
	outputs, diags := r.resolver.Outputs()
	r.mu.Lock()
	r.diags = append(r.diags, diags...)
	r.mu.Unlock()
	if !moved || diags.HasErrors() {
		return nil
	}
	before := r.Session.View().Snapshot
	for _, o := range outputs {
		value, err := plan.RedactOutput(o, before.DigestKey)
		if err != nil {
			r.fail(diag.FromError(err)[0])
			return nil
		}
		if o.Value.IsWhollyKnown() {
			out[o.Name] = state.Output{Sensitive: o.Sensitive, Value: value}
		} else if was, ok := before.Outputs[o.Name]; ok {
			out[o.Name] = was
		}
	}
	return out
}
