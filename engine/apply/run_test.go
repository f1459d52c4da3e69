package apply_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/apply"
	"github.com/erlmcp/erlmcp/engine/plan"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/engine/state"
	"github.com/erlmcp/erlmcp/engine/state/backend/local"
	"github.com/erlmcp/erlmcp/providers/sim"
	"github.com/erlmcp/erlmcp/providers/sim/fleet"
)

type servers = fleet.Fleet

// lab is a world with a state under lock.
type lab struct {
	t        *testing.T
	store    local.Store
	world    *sim.World
	provider *sim.Provider
	session  *state.Session
}

func newLab(t *testing.T) *lab {
	l := &lab{t: t, store: local.Store{Dir: t.TempDir()}, world: sim.NewWorld()}
	l.provider = &sim.Provider{World: l.world}
	l.reopen()
	t.Cleanup(func() { l.session.Close() })
	return l
}

func (l *lab) reopen() {
	l.t.Helper()
	if l.session != nil {
		l.session.Close()
	}
	var err error
	if l.session, err = state.Open(context.Background(), l.store, state.Holder{}, 0); err != nil {
		l.t.Fatal(err)
	}
}

func (l *lab) providers() map[string]resource.Provider {
	return map[string]resource.Provider{sim.Kind: l.provider}
}

func (l *lab) plan(f servers) *plan.Plan {
	l.t.Helper()
	p, diags := plan.Make(context.Background(), plan.Options{
		Configuration: f.Configuration(), Providers: l.providers(), State: l.session.View(), Mode: plan.Normal, Parallelism: 1,
	})
	if diags.HasErrors() {
		l.t.Fatal(diags.Err())
	}
	return p
}

func (l *lab) run(ctx context.Context, p *plan.Plan, f servers, change ...func(*apply.Options)) (*apply.Result, diag.List) {
	o := apply.Options{Plan: p, Configuration: f.Configuration(), Providers: l.providers(), Session: l.session, Parallelism: 1}
	for _, c := range change {
		c(&o)
	}
	return apply.Run(ctx, o)
}

// apply plans and applies, and must succeed.
func (l *lab) apply(f servers) *apply.Result {
	l.t.Helper()
	r, diags := l.run(context.Background(), l.plan(f), f)
	if diags.HasErrors() {
		l.t.Fatal(diags.Err())
	}
	l.reopen()
	return r
}

func process(name string) address.Resource {
	return address.Resource{Server: address.Server{Name: name}, Target: fleet.Target(0).Address, Part: "process"}
}

func TestResult(t *testing.T) {
	l := newLab(t)
	first := l.apply(servers{{Name: "a", Port: 1}, {Name: "b"}, {Name: "c"}})
	if first.Created != 4 || first.Revision != (state.Revision{Number: 1, Outcome: state.OutcomeDone}) || !first.Saved {
		t.Errorf("first apply: %+v", first)
	}
	second := l.apply(servers{{Name: "a", Port: 2}, {Name: "b", Title: "new"}})
	if second.Replaced != 1 || second.Updated != 1 || second.Deleted != 1 || second.Created != 0 || second.Revision.Number != 2 {
		t.Errorf("second apply: %+v", second)
	}
	before, err := os.ReadFile(filepath.Join(l.store.Dir, local.Folder, "state.json"))
	if err != nil {
		t.Fatal(err)
	}
	third := l.apply(servers{{Name: "a", Port: 2}, {Name: "b", Title: "new"}})
	if third.Revision.Number != 0 || len(third.Steps) != 0 {
		t.Errorf("an apply of nothing: %+v", third)
	}
	after, err := os.ReadFile(filepath.Join(l.store.Dir, local.Folder, "state.json"))
	if err != nil {
		t.Fatal(err)
	}
	if string(before) != string(after) {
		t.Error("an apply of nothing wrote the state")
	}
}

func TestOutputs(t *testing.T) {
	l := newLab(t)
	r := l.apply(servers{{Name: "a", Secret: "s3cret-alpha"}})
	a := r.Snapshot.Outputs["a"].Value.Values
	if a.AsString() != "http://127.0.0.1:20001/mcp" {
		t.Errorf("the output is %#v", a)
	}
	secret := r.Snapshot.Outputs["a_secret"]
	if !secret.Sensitive || !secret.Value.Values.IsNull() || len(secret.Value.Secrets) != 1 {
		t.Errorf("the sensitive output is %+v", secret)
	}
	if r := l.apply(nil); len(r.Snapshot.Outputs) != 0 {
		t.Errorf("outputs are left: %v", r.Snapshot.Outputs)
	}
}

// A plan that was saved is applied as it is, or refused with a reason.
func TestSavedPlans(t *testing.T) {
	f := servers{{Name: "a", Secret: "s3cret-alpha"}, {Name: "b", Needs: []string{"a"}}}
	for name, tt := range map[string]struct {
		before func(*lab)
		with   servers
		want   string
	}{
		"as it is":           {nil, f, ""},
		"the state moved on": {func(l *lab) { l.apply(servers{{Name: "z"}}) }, f, "The state has moved on"},
		"another state":      {func(l *lab) { l.store.Dir = l.t.TempDir(); l.reopen() }, f, "The plan belongs to another state"},
		"another secret":     {nil, servers{{Name: "a", Secret: "s3cret-beta"}, f[1]}, "the configuration or its variables have changed"},
		"another setting":    {nil, servers{f[0], {Name: "b", Port: 99, Needs: []string{"a"}}}, "server.b@sim.lab0/process: the configuration or its variables have changed"},
		"one server more":    {nil, append(servers{{Name: "0"}}, f...), "the configuration or its variables have changed"},
		"one server less":    {nil, f[:1], "the configuration or its variables have changed"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			if err := l.session.Init(t.Context()); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "p")
			if err := plan.Write(path, l.plan(f)); err != nil {
				t.Fatal(err)
			}
			l.reopen()
			if tt.before != nil {
				tt.before(l)
			}
			p, err := plan.Read(path)
			if err != nil {
				t.Fatal(err)
			}
			objects, err := l.world.Objects()
			if err != nil {
				t.Fatal(err)
			}
			r, diags := l.run(t.Context(), p, tt.with)
			if tt.want == "" {
				if diags.HasErrors() || r.Created != 3 {
					t.Errorf("%+v: %v", r, diags.Err())
				}
				return
			}
			if r != nil || !strings.Contains(fmt.Sprint(diags.Err()), tt.want) {
				t.Errorf("got %v, want %q", diags.Err(), tt.want)
			}
			if now, _ := l.world.Objects(); len(now) != len(objects) {
				t.Error("something was changed")
			}
		})
	}
}

// log is an observer that writes down what it is told.
type log struct {
	mu    sync.Mutex
	lines []string
	on    func(event string) // may be nil
}

func (l *log) note(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	l.mu.Lock()
	l.lines = append(l.lines, line)
	l.mu.Unlock()
	if l.on != nil {
		l.on(line)
	}
}

func name(s plan.Step) string {
	if s.Address.Shared() {
		return s.Address.Part
	}
	return s.Address.Server.Name
}

func (l *log) StepStarted(s plan.Step, _ time.Time) { l.note("%s %s", s.Action, name(s)) }

func (l *log) StepProgress(s plan.Step, message string, _ time.Time) {
	l.note("%s: %s", name(s), message)
}

func (l *log) StepFinished(s plan.Step, o apply.StepOutcome, err error, _ time.Time, _ time.Duration) {
	if err != nil {
		l.note("%s %s: %v", name(s), o, err)
		return
	}
	l.note("%s %s", name(s), o)
}

func TestAFailureStopsWhatDependsOnIt(t *testing.T) {
	l := newLab(t)
	l.provider.Fault = func(c sim.Call) sim.Fault {
		if c.Verb == "create" && c.Address == process("a") {
			return sim.Refuse
		}
		return sim.None
	}
	f := servers{{Name: "a"}, {Name: "b", Needs: []string{"a"}}, {Name: "c"}}
	var seen log
	r, diags := l.run(t.Context(), l.plan(f), f, func(o *apply.Options) { o.Observer = &seen })
	want := []string{
		"create network", "network done",
		"create a", "a failed: the simulated target refused",
		"b skipped: server.a@sim.lab0/process failed",
		"create c", "c done",
	}
	if diff := cmp.Diff(want, seen.lines); diff != "" {
		t.Error(diff)
	}
	if len(diags) != 1 || diags[0].Summary != "server.a@sim.lab0/process could not be created" {
		t.Errorf("diagnostics: %v", diags.Err())
	}
	if r.Revision.Outcome != state.OutcomeFailed || r.Created != 2 || !r.Saved {
		t.Errorf("%+v", r)
	}
}

func TestACancelledApplyFinishesWhatItBegan(t *testing.T) {
	l := newLab(t)
	f := servers{{Name: "a"}, {Name: "b", Needs: []string{"a"}}}
	ctx, cancel := context.WithCancel(t.Context())
	seen := log{on: func(event string) {
		if event == "create a" {
			cancel()
		}
	}}
	r, diags := l.run(ctx, l.plan(f), f, func(o *apply.Options) { o.Observer = &seen })
	if diags.HasErrors() {
		t.Error(diags.Err())
	}
	want := []string{"create network", "network done", "create a", "a done", "b skipped: the apply was stopped"}
	if diff := cmp.Diff(want, seen.lines); diff != "" {
		t.Error(diff)
	}
	if r.Revision.Outcome != state.OutcomeInterrupted || len(r.Snapshot.Resources) != 2 {
		t.Errorf("%+v", r)
	}
	l.reopen()
	if r := l.apply(f); r.Created != 1 {
		t.Errorf("the next apply: %+v", r)
	}
}

func TestAnAbortedApplyAbandonsWhatItBegan(t *testing.T) {
	l := newLab(t)
	f := servers{{Name: "a"}}
	abort := make(chan struct{})
	l.provider.Fault = func(c sim.Call) sim.Fault {
		if c.Verb == "create" && c.Address == process("a") {
			close(abort)
			return sim.Hang
		}
		return sim.None
	}
	r, diags := l.run(t.Context(), l.plan(f), f, func(o *apply.Options) { o.Abort = abort })
	if want := "was stopped before it was created: The next plan finds out how far it came."; len(diags) != 1 || !strings.Contains(diags[0].Error(), want) {
		t.Errorf("diagnostics = %v, want %q", diags.Err(), want)
	}
	if !diags.HasErrors() || len(r.Snapshot.Uncertain) != 1 || !r.Saved {
		t.Errorf("%+v: %v", r, diags.Err())
	}
	l.provider.Fault = nil
	l.reopen()
	l.apply(f)
	if p := l.plan(f); !p.Empty() {
		t.Errorf("the plan after the next apply: %+v", p.Counts())
	}
}

// What was not known when planning may come out as it already is: then nothing
// is done.
func TestUnchanged(t *testing.T) {
	l := newLab(t)
	f := servers{{Name: "a"}, {Name: "b", Needs: []string{"a"}}}
	l.apply(f)
	f[0].Title = "new"
	var seen log
	r, diags := l.run(t.Context(), l.plan(f), f, func(o *apply.Options) { o.Observer = &seen })
	if diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	if diff := cmp.Diff([]string{"update a", "a done", "update b", "b unchanged"}, seen.lines); diff != "" {
		t.Error(diff)
	}
	if r.Updated != 1 {
		t.Errorf("%+v", r)
	}
	l.reopen()
	if p := l.plan(f); !p.Empty() || len(p.Steps) > 0 {
		t.Errorf("the next plan: %+v", p.Steps)
	}
}

func TestOutsideChangesAreTakenUp(t *testing.T) {
	l := newLab(t)
	f := servers{{Name: "a", Title: "one"}}
	l.apply(f)
	if err := l.world.Set(process("a"), "title", cty.StringVal("two")); err != nil {
		t.Fatal(err)
	}
	p, diags := plan.Make(t.Context(), plan.Options{
		Configuration: f.Configuration(), Providers: l.providers(), State: l.session.View(), Mode: plan.RefreshOnly, Parallelism: 1,
	})
	if diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	r, diags := l.run(t.Context(), p, f)
	if diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	if got := r.Snapshot.Resources[process("a")].Object.Values.GetAttr("title").AsString(); got != "two" || r.Revision.Number != 0 {
		t.Errorf("the title is recorded as %s, revision %+v", got, r.Revision)
	}
	l.reopen()
	if p := l.plan(f); p.Drifted() || p.Empty() {
		t.Error("what was taken up still counts as drift, or is not changed back")
	}
}
