package plan_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/config"
	"github.com/erlmcp/erlmcp/engine/plan"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/sim"
	"github.com/erlmcp/erlmcp/providers/sim/fleet"
)

// elsewhere is a fleet whose targets have another file.
type elsewhere struct {
	*fleet.Configuration
	file string
}

func (e elsewhere) target(t resource.Target) resource.Target {
	config := t.Config.AsValueMap()
	config["file"] = cty.StringVal(e.file)
	t.Config = cty.ObjectVal(config)
	return t
}

func (e elsewhere) Targets() []resource.Target {
	out := e.Configuration.Targets()
	for i := range out {
		out[i] = e.target(out[i])
	}
	return out
}

func (e elsewhere) Evaluate(r config.Ref, known *config.Exports) (resource.Instance, diag.List) {
	in, diags := e.Configuration.Evaluate(r, known)
	in.Target = e.target(in.Target)
	return in, diags
}

func TestATargetThatMoved(t *testing.T) {
	l := newLab(t)
	f := servers{{Name: "a"}}
	l.apply(f)
	moved := func(o *plan.Options) {
		o.Configuration = elsewhere{f.Configuration(), filepath.Join(t.TempDir(), "world")}
	}
	got := l.refused(f, moved)
	for _, want := range []string{"A target has moved", "2 resources stand where its attribute file pointed", "Give the target block another name"} {
		if !strings.Contains(got, want) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	p := l.plan(f, moved, func(o *plan.Options) { o.Mode = plan.Destroy })
	if n := p.Counts().Delete; n != 2 || !p.Targets[0].Former {
		t.Errorf("destroy deletes %d resources at the old place, want 2: %+v", n, p.Targets)
	}
}

// exclusive has servers stand at places.
type exclusive struct{ *sim.Provider }

func (e exclusive) Types() []*resource.Type {
	var out []*resource.Type
	for _, t := range e.Provider.Types() {
		copied := *t
		copied.Attributes = slices.Clone(t.Attributes)
		if a := copied.Attribute("title"); a != nil {
			a.Unique = func(_ resource.Target, _ address.Server, v cty.Value) string { return v.GoString() }
		}
		out = append(out, &copied)
	}
	return out
}

// twice is a fleet of which each server is on both targets.
type twice struct {
	*fleet.Configuration
	differ bool // whether the title says on which
}

func (c twice) Instances() []config.Instance {
	var out []config.Instance
	for _, in := range c.Configuration.Instances() {
		for n := range fleet.TargetCount {
			in.Ref.Target = fleet.Target(n).Address
			out = append(out, in)
		}
	}
	return out
}

func (c twice) Evaluate(r config.Ref, known *config.Exports) (resource.Instance, diag.List) {
	in, diags := c.Configuration.Evaluate(r, known)
	in.Target.Address = r.Target
	if c.differ {
		doc := in.Document.AsValueMap()
		doc["title"] = cty.StringVal(r.Target.Name)
		in.Document = cty.ObjectVal(doc)
	}
	return in, diags
}

func TestTwoTargetsAtOnePlace(t *testing.T) {
	both := func(f servers, differ bool) plan.Configuration { return twice{f.Configuration(), differ} }
	for name, tt := range map[string]struct {
		configuration plan.Configuration
		want          bool
	}{
		"one server on both":     {both(servers{{Name: "a", Title: "here"}}, false), true},
		"where the target wants": {both(servers{{Name: "a"}}, false), true},
		"two places":             {both(servers{{Name: "a"}}, true), false},
		"two servers":            {servers{{Name: "a"}, {Name: "b", Target: 1}}.Configuration(), false},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.providers[sim.Kind] = exclusive{&sim.Provider{World: l.world}}
			_, diags := plan.Make(t.Context(), l.options(nil, func(o *plan.Options) { o.Configuration = tt.configuration }))
			got := diags.HasErrors() && strings.Contains(diags.Err().Error(), "server.a is to run on target.sim.lab0 and on target.sim.lab1: the title of both is")
			if got != tt.want || diags.HasErrors() != tt.want {
				t.Errorf("diagnostics = %v", diags.Err())
			}
		})
	}
}
