package plan_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/apply"
	"github.com/erlmcp/erlmcp/engine/plan"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/engine/state"
	"github.com/erlmcp/erlmcp/engine/state/backend/local"
	"github.com/erlmcp/erlmcp/providers/sim"
	"github.com/erlmcp/erlmcp/providers/sim/fleet"
)

// lab is a world with a state.
type lab struct {
	t         *testing.T
	world     *sim.World
	store     local.Store
	providers map[string]resource.Provider
}

func newLab(t *testing.T) *lab {
	world := sim.NewWorld()
	return &lab{
		t: t, world: world, store: local.Store{Dir: t.TempDir()},
		providers: map[string]resource.Provider{sim.Kind: &sim.Provider{World: world}},
	}
}

// options plan for a fleet as far as change does not say otherwise.
func (l *lab) options(f fleet.Fleet, change ...func(*plan.Options)) plan.Options {
	l.t.Helper()
	view, err := state.Read(l.t.Context(), l.store)
	if err != nil {
		l.t.Fatal(err)
	}
	o := plan.Options{Configuration: f.Configuration(), Providers: l.providers, State: view, Mode: plan.Normal, Parallelism: 2}
	for _, c := range change {
		c(&o)
	}
	return o
}

// plan plans on a frozen world.
func (l *lab) plan(f fleet.Fleet, change ...func(*plan.Options)) *plan.Plan {
	l.t.Helper()
	l.world.Freeze(true)
	defer l.world.Freeze(false)
	p, diags := plan.Make(l.t.Context(), l.options(f, change...))
	if diags.HasErrors() {
		l.t.Fatal(diags.Err())
	}
	return p
}

// refused plans and returns the diagnostics as text.
func (l *lab) refused(f fleet.Fleet, change ...func(*plan.Options)) string {
	l.t.Helper()
	_, diags := plan.Make(l.t.Context(), l.options(f, change...))
	if !diags.HasErrors() {
		l.t.Fatal("the plan was made")
	}
	return diags.Err().Error()
}

func (l *lab) apply(f fleet.Fleet) {
	l.t.Helper()
	ctx := context.Background()
	s, err := state.Open(ctx, l.store, state.Holder{}, 0)
	if err != nil {
		l.t.Fatal(err)
	}
	defer s.Close()
	o := l.options(f)
	o.State = s.View()
	p, diags := plan.Make(ctx, o)
	if !diags.HasErrors() {
		_, diags = apply.Run(ctx, apply.Options{Plan: p, Configuration: o.Configuration, Providers: o.Providers, Session: s, Parallelism: 2})
	}
	if diags.HasErrors() {
		l.t.Fatal(diags.Err())
	}
}

func process(name string) address.Resource {
	return address.Resource{Server: address.Server{Name: name}, Target: fleet.Target(0).Address, Part: "process"}
}

var network = address.Resource{Target: fleet.Target(0).Address, Part: "network"}

// summary is a line for each change that is not a no-op, or has drifted.
func summary(p *plan.Plan) string {
	var out []string
	for _, c := range p.Changes {
		if c.Action == plan.NoOp && !c.Drifted() {
			continue
		}
		line := fmt.Sprintf("%s %s", c.Action, c.Address.Part)
		if !c.Address.Shared() {
			line = fmt.Sprintf("%s %s", c.Action, c.Address.Server.Name)
		}
		for _, d := range c.Differences {
			line += " " + resource.FormatPath(d.Path)
			if !d.After.IsKnown() {
				line += "=?"
			}
		}
		if c.Impact != resource.ImpactNone {
			line += " [" + c.Impact.String() + "]"
		}
		for _, r := range c.Reasons {
			line += " (" + string(r) + ")"
		}
		if c.Gone {
			line += "; gone"
		}
		for _, d := range c.Drift {
			line += "; drift " + resource.FormatPath(d.Path)
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

type servers = fleet.Fleet

// freshState writes an empty state whose lineage and key are not random.
func (l *lab) freshState() {
	l.t.Helper()
	lease, err := l.store.Lock(l.t.Context(), state.Holder{}, 0)
	if err != nil {
		l.t.Fatal(err)
	}
	raw, err := state.Encode(state.New("lineage", []byte("key")))
	if err == nil {
		err = lease.Replace(l.t.Context(), raw, 0)
	}
	if err == nil {
		err = lease.Release()
	}
	if err != nil {
		l.t.Fatal(err)
	}
}
