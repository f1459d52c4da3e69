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

	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/plan"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/engine/state"
	"github.com/erlmcp/erlmcp/providers/sim"
	"github.com/erlmcp/erlmcp/providers/sim/fleet"
)

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
