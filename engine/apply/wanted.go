package apply

import (
	"fmt"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/config"
	"github.com/erlmcp/erlmcp/engine/plan"
)

// wanted is what the step's resource is to be, now that what it needs is done.
func (r *runner) wanted(s plan.Step) (*plan.Wanted, error) {
	change := r.planned(s.Address)
	resources, ok := r.instances[change.Source]
	if !ok {
		var diags diag.List
		if resources, diags = r.resolver.Resolve(change.Source); diags.HasErrors() {
			return nil, diags.Err()
		}
	}
	i := slices.IndexFunc(resources, func(w *plan.Wanted) bool { return w.Address == s.Address })
	if i < 0 {
		return nil, fmt.Errorf("the configuration no longer comes to this resource; plan again")
	}
	w := resources[i]
	if !w.Settled && mentions(w) {
		return nil, fmt.Errorf("something that it needs is still not known; plan again")
	}
	if w.Digest == change.Digest {
		return w, nil
	}
	if at := plan.Contradiction(change.After, w.Object); at != "" {
		return nil, fmt.Errorf("its %s came out differently than planned; plan again", at)
	}
	return w, nil
}

// mentions reports whether a resource waits for what other servers export: it
// depends on one, or a part of an attribute is not known.
func mentions(w *plan.Wanted) bool {
	for _, d := range w.DependsOn {
		if !d.Shared() && (d.Server != w.Address.Server || d.Target != w.Address.Target) {
			return true
		}
	}
	for _, v := range w.Object.Values.AsValueMap() {
		if v.IsKnown() && !v.IsWhollyKnown() {
			return true
		}
	}
	return false
}

// planned is the plan's change of a resource.
func (r *runner) planned(a address.Resource) *plan.Change {
	i, _ := slices.BinarySearchFunc(r.Plan.Changes, a, func(c plan.Change, a address.Resource) int { return c.Address.Compare(a) })
	return &r.Plan.Changes[i]
}

// export makes an endpoint's attributes known to those that mention it.
func (r *runner) export(w *plan.Wanted, values cty.Value) error {
	if !w.Endpoint {
		return nil
	}
	v, err := plan.Exported(values)
	if err != nil {
		return err
	}
	r.resolver.Export(config.Ref{Server: w.Address.Server, Target: w.Address.Target}, v)
	return nil
}
