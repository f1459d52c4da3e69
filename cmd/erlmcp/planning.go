package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/config"
	"github.com/erlmcp/erlmcp/engine/plan"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/engine/state"
	"github.com/erlmcp/erlmcp/engine/view"
)

// planning are the flags of the commands that make a plan.
type planning struct {
	inputs
	mode        plan.Mode
	destroy     bool
	refreshOnly bool
	looking     bool // nothing will be applied: only what moved is of interest
	only        []string
	replace     []string
	parallelism int
}

func (p *planning) register(cmd *cobra.Command) {
	p.inputs.register(cmd)
	cmd.Flags().StringArrayVar(&p.only, "target", nil, "only this `address` and what it depends on; may be repeated")
	cmd.Flags().IntVar(&p.parallelism, "parallelism", 10, "how many operations run at the same time")
}

// registerModes adds the flags that say what the plan is for.
func (p *planning) registerModes(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&p.destroy, "destroy", false, "remove everything that this configuration made")
	cmd.Flags().BoolVar(&p.refreshOnly, "refresh-only", false, "only bring the state up to date with the world")
	cmd.Flags().StringArrayVar(&p.replace, "replace", nil, "make this `address` anew even when nothing changed; may be repeated")
}

// check reads the flags once they are parsed.
func (p *planning) check() error {
	p.mode = plan.Normal
	switch {
	case p.destroy && p.refreshOnly:
		return diag.Errorf("Contradicting flags", "-destroy and -refresh-only cannot stand together.")
	case p.destroy:
		p.mode = plan.Destroy
	case p.refreshOnly:
		p.mode = plan.RefreshOnly
	}
	if p.parallelism < 1 || p.parallelism > 1000 {
		return diag.Errorf("Wrong parallelism", "-parallelism is %d; it must be from 1 to 1000.", p.parallelism)
	}
	for _, a := range append(append([]string{}, p.only...), p.replace...) {
		if err := checkAddress(a); err != nil {
			return err
		}
	}
	return nil
}

// checkAddress refuses what is no address at all, so that a slip is not taken
// for an address that covers nothing.
func checkAddress(a string) error {
	if _, err := address.ParseServer(a); err == nil {
		return nil
	}
	if _, err := address.ParseTarget(a); err == nil {
		return nil
	}
	if _, err := address.ParseResource(a + "/x"); err == nil {
		return nil
	}
	if _, err := address.ParseResource(a); err != nil {
		return diag.Errorf("Not an address", "%v.", diag.Capital(err.Error()))
	}
	return nil
}

// loadFor reads the configuration. To look at what was applied, or to remove it,
// the state says enough: there a configuration whose variables nobody set is left
// out.
func (c *cli) loadFor(p planning) (plan.Configuration, error) {
	conf, err := c.load(p.inputs)
	if err == nil {
		return conf, nil
	}
	if !p.looking && p.mode != plan.Destroy {
		return nil, err
	}
	for _, d := range diag.FromError(err) {
		if d.Summary != config.NoValue {
			return nil, err
		}
	}
	return leftOut{}, nil
}

// leftOut is a configuration that wants nothing.
type leftOut struct{}

func (leftOut) Instances() []config.Instance { return nil }
func (leftOut) Targets() []resource.Target   { return nil }
func (leftOut) Evaluate(ref config.Ref, _ *config.Exports) (resource.Instance, diag.List) {
	return resource.Instance{}, diag.List{diag.Errorf("No such server", "%s is not in the configuration.", ref.Server)}
}
func (leftOut) Outputs(*config.Exports) ([]config.Output, diag.List) { return nil, nil }

// make plans against a state.
func (c *cli) make(ctx context.Context, p planning, conf plan.Configuration, kinds map[string]resource.Provider, recorded *state.View) (*plan.Plan, diag.List) {
	defer view.Busy(c.err, view.StyleOf(c.err), "Looking at the targets …")()
	return plan.Make(ctx, plan.Options{
		Configuration: conf,
		Providers:     kinds,
		State:         recorded,
		Mode:          p.mode,
		Only:          p.only,
		Replace:       p.replace,
		Parallelism:   p.parallelism,
	})
}
