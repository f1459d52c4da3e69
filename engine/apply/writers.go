package apply

import (
	"fmt"
	"sync"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/plan"
	"github.com/erlmcp/erlmcp/engine/resource"
)

// opened is a target's writer, opened once when it is first needed.
type opened struct {
	once   sync.Once
	writer resource.Writer
	err    error
}

func (r *runner) writer(t address.Target) (resource.Writer, error) {
	r.mu.Lock()
	o := r.opened[t]
	if o == nil {
		o = &opened{}
		r.opened[t] = o
	}
	r.mu.Unlock()
	o.once.Do(func() {
		provider := r.Providers[t.Kind]
		if provider == nil {
			o.err = fmt.Errorf("there is no provider for targets of the kind %q", t.Kind)
			return
		}
		owner := resource.Owner{Lineage: r.Plan.Lineage}
		if o.writer, o.err = provider.OpenWriter(r.opctx, r.target(t), owner); o.err != nil {
			o.err = fmt.Errorf("%s cannot be reached: %w", t, o.err)
		}
	})
	return o.writer, o.err
}

// target is a target as configured, with its secrets, else as planned.
func (r *runner) target(a address.Target) resource.Target {
	var planned plan.Target
	for _, t := range r.Plan.Targets {
		if t.Address == a {
			planned = t
		}
	}
	if !planned.Former {
		for _, t := range r.Configuration.Targets() {
			if t.Address == a {
				return t
			}
		}
	}
	return resource.Target{Address: a, Config: planned.Config.Values}
}

func (r *runner) closeWriters() {
	for a, o := range r.opened {
		if o.writer == nil {
			continue
		}
		if err := o.writer.Close(); err != nil {
			d := diag.Errorf("A target could not be closed", "%s: %s.", a, err)
			d.Severity = diag.Warning
			r.fail(d)
		}
	}
}
