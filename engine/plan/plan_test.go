package plan_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/apply"
	"github.com/erlmcp/erlmcp/engine/config"
	"github.com/erlmcp/erlmcp/engine/plan"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/engine/state"
	"github.com/erlmcp/erlmcp/engine/state/backend/local"
	"github.com/erlmcp/erlmcp/providers/sim"
	"github.com/erlmcp/erlmcp/providers/sim/fleet"
	"github.com/erlmcp/erlmcp/schemas"
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

func TestActions(t *testing.T) {
	one := servers{{Name: "a", Port: 8080, Title: "one", Secret: "s3cret-alpha"}}
	pair := servers{{Name: "a", Port: 0, Title: "one"}, {Name: "b", Port: 81, Needs: []string{"a"}}}
	set := func(a address.Resource, name string, v cty.Value) func(*sim.World) error {
		return func(w *sim.World) error { return w.Set(a, name, v) }
	}
	for name, tt := range map[string]struct {
		before servers
		moved  func(*sim.World) error
		after  servers
		change func(*plan.Options)
		want   string
	}{
		"everything is new": {nil, nil, one, nil, "create network\ncreate a"},
		"nothing changed":   {one, nil, one, nil, ""},
		"in place": {one, nil, servers{{Name: "a", Port: 8080, Title: "two", Secret: "s3cret-alpha"}}, nil,
			"update a document.title title [reload]"},
		"an attribute is no longer wanted": {one, nil, servers{{Name: "a", Port: 8080, Secret: "s3cret-alpha"}}, nil,
			"update a document.title title [reload]"},
		"a secret": {one, nil, servers{{Name: "a", Port: 8080, Title: "one", Secret: "s3cret-beta"}}, nil,
			"update a document.instructions [reload]"},
		"what needs a new object": {one, nil, servers{{Name: "a", Port: 8081, Title: "one", Secret: "s3cret-alpha"}}, nil,
			"replace a document.listen.port port url [replace]"},
		"a server goes": {one, nil, nil, nil, "delete network (not in the configuration)\ndelete a [restart] (not in the configuration)"},
		"another comes": {one, nil, append(slices.Clone(one), fleet.Server{Name: "b"}), nil, "create b"},
		"what it needs changes in place": {pair, nil, servers{{Name: "a", Title: "two"}, pair[1]}, nil,
			"update a document.title title [reload]\nupdate b document.description=? [reload]"},
		"what it needs stays":             {pair, nil, pair, nil, ""},
		"the world moved":                 {one, set(process("a"), "running", cty.False), one, nil, "update a running [restart]; drift running"},
		"the world moved to what we want": {one, set(process("a"), "title", cty.StringVal("two")), servers{{Name: "a", Port: 8080, Title: "two", Secret: "s3cret-alpha"}}, nil, "update a document.title [reload]; drift title"},
		"somebody else's attribute moved": {one, set(process("a"), "annotations", cty.MapVal(map[string]cty.Value{"x": cty.StringVal("y")})), one, nil, ""},
		"the object is gone":              {one, func(w *sim.World) error { return w.Remove(process("a")) }, one, nil, "create a; gone"},
		"what is gone is not wanted":      {one, func(w *sim.World) error { return w.Remove(process("a")) }, nil, nil, "delete network (not in the configuration)\nno-op a; gone"},
		"what contains it must be replaced": {one, set(network, "name", cty.StringVal("other")), one, nil,
			"replace network name [replace]; drift name\nreplace a [replace] (what it needs is replaced)"},
		"destroy":          {pair, nil, pair, func(o *plan.Options) { o.Mode = plan.Destroy }, "delete network\ndelete a [restart]\ndelete b [restart]"},
		"refresh only":     {one, set(process("a"), "running", cty.False), one, func(o *plan.Options) { o.Mode = plan.RefreshOnly }, "record a; drift running"},
		"refresh, gone":    {one, func(w *sim.World) error { return w.Remove(process("a")) }, one, func(o *plan.Options) { o.Mode = plan.RefreshOnly }, "forget a; gone"},
		"refresh, to be":   {nil, nil, one, func(o *plan.Options) { o.Mode = plan.RefreshOnly }, ""},
		"as requested":     {one, nil, one, func(o *plan.Options) { o.Replace = []string{"server.a"} }, "replace a [replace] (requested)"},
		"a target alone":   {nil, nil, pair, func(o *plan.Options) { o.Only = []string{"server.a"} }, "create network\ncreate a"},
		"with its needs":   {nil, nil, pair, func(o *plan.Options) { o.Only = []string{"server.b"} }, "create network\ncreate a\ncreate b"},
		"the rest stays":   {pair, nil, servers{{Name: "a", Title: "two"}, {Name: "b", Port: 82, Needs: []string{"a"}}}, func(o *plan.Options) { o.Only = []string{"server.a"} }, "update a document.title title [reload]"},
		"destroy a part":   {pair, nil, pair, func(o *plan.Options) { o.Mode, o.Only = plan.Destroy, []string{"server.b"} }, "delete b [restart]"},
		"and what uses it": {pair, nil, pair, func(o *plan.Options) { o.Mode, o.Only = plan.Destroy, []string{"server.a"} }, "delete a [restart]\ndelete b [restart]"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.apply(tt.before)
			if tt.moved != nil {
				if err := tt.moved(l.world); err != nil {
					t.Fatal(err)
				}
			}
			if tt.change == nil {
				tt.change = func(*plan.Options) {}
			}
			p := l.plan(tt.after, tt.change)
			if diff := cmp.Diff(tt.want, summary(p)); diff != "" {
				t.Error(diff)
			}
			if raw, err := plan.Encode(p); err != nil || strings.Contains(string(raw), "s3cret") {
				t.Errorf("the plan holds a secret, or an error: %v", err)
			}
		})
	}
}

// What goes wrong because the user has stopped it is not told as if it were the
// target's fault.
func TestAPlanThatIsStoppedSaysThatAlone(t *testing.T) {
	l := newLab(t)
	one := servers{{Name: "alpha"}}
	l.apply(one)
	ctx, stop := context.WithCancel(t.Context())
	p, diags := plan.Make(ctx, l.options(one, func(o *plan.Options) {
		o.Providers = map[string]resource.Provider{sim.Kind: &sim.Provider{World: l.world, Fault: func(sim.Call) sim.Fault {
			stop()
			return sim.Refuse
		}}}
	}))
	if p != nil || len(diags) != 1 || diags[0].Summary != "Planning was stopped" {
		t.Errorf("plan %v, %v", p, diags)
	}
}

func TestRefusals(t *testing.T) {
	pair := servers{{Name: "alpha"}, {Name: "beta", Target: 1, Needs: []string{"alpha"}}}
	for name, tt := range map[string]struct {
		change func(*lab, *plan.Options)
		want   string
	}{
		"a target that covers nothing":  {func(_ *lab, o *plan.Options) { o.Only = []string{"server.alpa"} }, "-target=server.alpa covers no resource of the configuration or the state. Did you mean server.alpha?"},
		"a replace that covers nothing": {func(_ *lab, o *plan.Options) { o.Replace = []string{"server.x"} }, "-replace=server.x covers no resource"},
		"no provider":                   {func(_ *lab, o *plan.Options) { o.Providers = nil }, `there is no provider for targets of the kind "sim"`},
		"a target that does not answer": {func(l *lab, o *plan.Options) {
			o.Providers = map[string]resource.Provider{sim.Kind: &sim.Provider{World: l.world, Fault: func(c sim.Call) sim.Fault {
				if c.Verb == "read" {
					return sim.Refuse
				}
				return sim.None
			}}}
		}, "A resource cannot be read: the simulated target refused."},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.apply(pair)
			got := l.refused(pair, func(o *plan.Options) { tt.change(l, o) })
			if !strings.Contains(got, tt.want) {
				t.Errorf("got %s\nwant %s", got, tt.want)
			}
		})
	}
}

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

// illegible cannot read one resource.
type illegible struct {
	*sim.Provider
	what address.Resource
}

func (p illegible) OpenReader(ctx context.Context, t resource.Target, o resource.Owner) (resource.Reader, error) {
	r, err := p.Provider.OpenReader(ctx, t, o)
	return illegibleReader{r, p.what}, err
}

type illegibleReader struct {
	resource.Reader
	what address.Resource
}

func (r illegibleReader) Read(ctx context.Context, keys []resource.Key) []resource.Reading {
	out := r.Reader.Read(ctx, keys)
	for i, k := range keys {
		if k.Address == r.what {
			out[i] = resource.Reading{Err: fmt.Errorf("it is broken")}
		}
	}
	return out
}

// A resource of which nothing hangs must not keep all others from being planned.
func TestWhatCannotBeReadIsLeftOpenWhenNobodyWantsIt(t *testing.T) {
	l := newLab(t)
	f := servers{{Name: "a"}}
	l.apply(f)
	broken := process("broken")
	l.providers[sim.Kind] = illegible{&sim.Provider{World: l.world}, broken}
	change := func(o *plan.Options) {
		o.State.Snapshot.Uncertain[broken] = &state.Uncertain{Operation: state.Create, Resource: state.Resource{Address: broken, Type: sim.ProcessType}}
		o.Mode = plan.Destroy
	}
	p, diags := plan.Make(t.Context(), l.options(f, change))
	if diags.HasErrors() || len(diags) != 1 || !strings.Contains(diags[0].Detail, "stays noted as uncertain") {
		t.Fatalf("diagnostics = %v", diags)
	}
	if diff := cmp.Diff("delete network\ndelete a [restart]", summary(p)); diff != "" {
		t.Error(diff)
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

// steps is the execution graph, one step a line.
func steps(p *plan.Plan) string {
	var out []string
	for _, s := range p.Steps {
		line := fmt.Sprintf("%d %s %s", s.ID, s.Action, s.Address.Part)
		if !s.Address.Shared() {
			line = fmt.Sprintf("%d %s %s", s.ID, s.Action, s.Address.Server.Name)
		}
		if len(s.DependsOn) > 0 {
			line += fmt.Sprint(" after ", s.DependsOn)
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

func TestSteps(t *testing.T) {
	pair := servers{{Name: "a"}, {Name: "b", Needs: []string{"a"}}}
	for name, tt := range map[string]struct {
		before, after servers
		want          string
	}{
		"needs come first": {nil, pair, "0 create network\n1 create a after [0]\n2 create b after [0 1]"},
		"needs go last":    {pair, nil, "0 delete b\n1 delete a after [0]\n2 delete network after [0 1]"},
		"a replacement is made after the old is gone": {servers{{Name: "a", Port: 1}}, servers{{Name: "a", Port: 2}}, "0 delete a\n1 create a after [0]"},
		"what was needed goes when nobody needs it": {pair, servers{{Name: "b", Port: 0}},
			"0 update b\n1 delete a after [0]"},
		"needs turn round": {servers{{Name: "a", Title: "1"}, {Name: "b", Needs: []string{"a"}}}, servers{{Name: "b", Title: "1"}, {Name: "a", Needs: []string{"b"}}},
			"0 update b\n1 update a after [0]"},
		"a port is taken over": {servers{{Name: "old", Port: 7000}}, servers{{Name: "new", Port: 7000}},
			"0 delete old\n1 create new after [0]"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.apply(tt.before)
			if diff := cmp.Diff(tt.want, steps(l.plan(tt.after))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// crowded has servers share the ports of their target, and move from one to another.
type crowded struct{ *sim.Provider }

func (c crowded) Schema() *schemas.Block {
	copied := *c.Provider.Schema()
	copied.SharedPorts = true
	return &copied
}

func (c crowded) Types() []*resource.Type {
	var out []*resource.Type
	for _, t := range c.Provider.Types() {
		copied := *t
		copied.Attributes = slices.Clone(t.Attributes)
		if a := copied.Attribute("port"); a != nil {
			a.Replace, a.Impact = false, resource.ImpactRestart
		}
		out = append(out, &copied)
	}
	return out
}

func TestPortsThatChangeHands(t *testing.T) {
	two := servers{{Name: "a", Port: 1}, {Name: "b", Port: 2}}
	three := append(servers{{Name: "c", Port: 3}}, two...)
	for name, tt := range map[string]struct {
		before, after servers
		replace       []string
		want          string // steps, or what the refusal says
	}{
		"a shift": {three, servers{{Name: "a", Port: 2}, {Name: "b", Port: 3}, {Name: "c", Port: 4}}, nil,
			"0 update c\n1 update b after [0]\n2 update a after [1]"},
		"a port of what was needed": {servers{{Name: "x", Port: 2}, {Name: "a", Port: 1, Needs: []string{"x"}}}, servers{{Name: "a", Port: 2}}, nil,
			"0 delete x\n1 update a after [0]"},
		"a swap": {two, servers{{Name: "a", Port: 2}, {Name: "b", Port: 1}}, nil,
			"server.a@sim.lab0 is to take over port 2 from server.b@sim.lab0, server.b@sim.lab0 is to take over port 1 from server.a@sim.lab0"},
		"a swap, and one of them is ended first": {two, servers{{Name: "a", Port: 2}, {Name: "b", Port: 1}}, []string{"server.b"},
			"0 delete b\n1 update a after [0]\n2 create b after [0 1]"},
		"a round of three": {three, servers{{Name: "a", Port: 2}, {Name: "b", Port: 3}, {Name: "c", Port: 1}}, nil, "server.c@sim.lab0 is to take over port 1 from server.a@sim.lab0"},
		"a port of what needs the taker": {two, servers{{Name: "a", Port: 2}, {Name: "b", Port: 3, Needs: []string{"a"}}}, nil,
			"server.a@sim.lab0 is to take over port 2 from server.b@sim.lab0"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.providers[sim.Kind] = crowded{&sim.Provider{World: l.world}}
			l.apply(tt.before)
			p, diags := plan.Make(t.Context(), l.options(tt.after, func(o *plan.Options) { o.Replace = tt.replace }))
			got := ""
			if diags.HasErrors() {
				got = diags.Err().Error()
			} else {
				got = steps(p)
			}
			if !strings.Contains(got, tt.want) {
				t.Errorf("got %s\nwant %s", got, tt.want)
			}
			if diags.HasErrors() && !strings.Contains(diags[0].Remedy, "-replace='server.") {
				t.Errorf("remedy = %q", diags[0].Remedy)
			}
		})
	}
}

func TestPlansAreTheSameForTheSameInputs(t *testing.T) {
	var first string
	for i := range 5 {
		l := newLab(t)
		l.freshState()
		f := servers{{Name: "a", Secret: "s3cret-alpha"}, {Name: "b", Needs: []string{"a"}}, {Name: "c", Target: 1}}
		if i%2 == 1 {
			f[0], f[1], f[2] = f[2], f[0], f[1]
		}
		p := l.plan(f, func(o *plan.Options) { o.Parallelism = i + 1 })
		// Exports are in the order of the instances, which is the fleet's.
		p.Exports = nil
		raw, err := plan.Encode(p)
		if err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = string(raw)
		}
		if diff := cmp.Diff(first, string(raw)); diff != "" {
			t.Fatal(diff)
		}
	}
}

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

func TestPlanFiles(t *testing.T) {
	l := newLab(t)
	l.apply(servers{{Name: "a", Port: 1, Secret: "s3cret-alpha"}, {Name: "z"}})
	if err := l.world.Set(process("a"), "running", cty.False); err != nil {
		t.Fatal(err)
	}
	p := l.plan(servers{{Name: "a", Port: 2, Secret: "s3cret-beta"}, {Name: "b", Needs: []string{"a"}}})
	path := filepath.Join(t.TempDir(), "tonight.plan")
	if err := plan.Write(path, p); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file has mode %v, %v", info.Mode(), err)
	}
	q, err := plan.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if summary(p) != summary(q) || steps(p) != steps(q) || q.Empty() {
		t.Errorf("read back:\n%s\nwritten:\n%s", summary(q), summary(p))
	}
	again, err := plan.Encode(q)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(again) != string(raw) {
		t.Error("a plan that is read and written again is another")
	}
	for name, tt := range map[string]struct {
		content []byte
		want    string
	}{
		"empty":     {nil, "is empty"},
		"cut short": {raw[:len(raw)-100], "is cut short"},
		"altered":   {[]byte(strings.Replace(string(raw), `"action":"delete"`, `"action":"create"`, 1)), "was altered"},
		"a state":   {[]byte(`{"kind":"erlmcp-state","format":1}`), "is not a file of the kind erlmcp-plan"},
	} {
		t.Run(name, func(t *testing.T) {
			bad := filepath.Join(t.TempDir(), "bad.plan")
			if err := os.WriteFile(bad, tt.content, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := plan.Read(bad); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	if _, err := plan.Read(path + "x"); err == nil || !strings.Contains(err.Error(), "erlmcp plan -out=") {
		t.Errorf("a missing file: %v", err)
	}
}
