package apply_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/apply"
	"github.com/erlmcp/erlmcp/engine/config"
	"github.com/erlmcp/erlmcp/engine/plan"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/engine/state"
	"github.com/erlmcp/erlmcp/providers/sim"
)

// watched is a sim whose writers tell how what is new does.
type watched struct {
	*sim.Provider
	watch func() (next, now resource.Answers, err error)
	reach error
}

type watcher struct {
	resource.Writer
	resource.Keeper
	provider *watched
}

func (w *watched) OpenWriter(ctx context.Context, t resource.Target, o resource.Owner) (resource.Writer, error) {
	to, err := w.Provider.OpenWriter(ctx, t, o)
	return watcher{to, to.(resource.Keeper), w}, err
}

func (w watcher) Watch(context.Context, resource.Change) (next, now resource.Answers, err error) {
	return w.provider.watch()
}

func (w watcher) Reach(context.Context, resource.Change) (resource.Route, error) {
	return resource.Route{URL: "http://elsewhere"}, w.provider.reach
}

// held is a configuration whose canaries are watched for a moment.
type held struct {
	plan.Configuration
	hold time.Duration
}

func (h held) Evaluate(r config.Ref, known *config.Exports) (resource.Instance, diag.List) {
	in, diags := h.Configuration.Evaluate(r, known)
	in.Rollout.Hold = h.hold
	return in, diags
}

// TestAStoppedApplyWatchesNoLonger stops an apply while a canary is watched, which
// it is to be for an hour: the rollout stays at its step, and the next apply goes on.
func TestAStoppedApplyWatchesNoLonger(t *testing.T) {
	l := newLab(t)
	first := servers{{Name: "a", Port: 1, Title: "one", Strategy: resource.Canary}}
	next := servers{first[0]}
	next[0].Title = "two"
	ctx, stop := context.WithCancel(t.Context())
	provider := &watched{Provider: l.provider, watch: func() (a, b resource.Answers, err error) {
		stop()
		return a, b, nil
	}}
	run := func(ctx context.Context, f servers, hold time.Duration) (*apply.Result, diag.List) {
		o := plan.Options{
			Configuration: held{f.Configuration(), hold}, Providers: map[string]resource.Provider{sim.Kind: provider},
			State: l.session.View(), Mode: plan.Normal, Parallelism: 1,
		}
		made, diags := plan.Make(t.Context(), o)
		if diags.HasErrors() {
			t.Fatal(diags.Err())
		}
		result, diags := apply.Run(ctx, apply.Options{
			Plan: made, Configuration: o.Configuration, Providers: o.Providers, Session: l.session, Parallelism: 1,
		})
		l.reopen()
		return result, diags
	}
	beside := func() string {
		return l.session.View().Snapshot.Resources[process("a")].Object.Values.GetAttr("beside").AsString()
	}
	if _, diags := run(t.Context(), first, time.Hour); diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	r, diags := run(ctx, next, time.Hour)
	if diags.HasErrors() || len(diags) != 1 || diags[0].Severity != diag.Warning || !strings.Contains(diags[0].Summary, "The rollout of server.a@sim.lab0 stands at 5% of the requests for 1h") {
		t.Errorf("diagnostics: %v", diags)
	}
	if !slices.ContainsFunc(r.Steps, func(s apply.StepResult) bool { return s.Outcome == apply.Standing }) {
		t.Errorf("no step is told of as standing: %+v", r.Steps)
	}
	if !r.Undone() || r.Revision.Outcome != state.OutcomeInterrupted || len(r.RolledBack) > 0 || beside() == "" {
		t.Errorf("%+v; beside it %q", r, beside())
	}
	if r, diags := run(t.Context(), next, time.Millisecond); diags.HasErrors() || r.Undone() || beside() != "" {
		t.Errorf("the next apply: %+v, %v; beside it %q", r, diags.Err(), beside())
	}
}

// TestACanaryIsWatched changes a canary while its answers are counted.
func TestACanaryIsWatched(t *testing.T) {
	grow := func(errors uint64) func() (resource.Answers, resource.Answers, error) {
		n := uint64(0)
		return func() (next, now resource.Answers, err error) {
			n++
			return resource.Answers{Requests: 100 * n, Errors: errors * n}, resource.Answers{Requests: 1000 * n}, nil
		}
	}
	for name, tt := range map[string]struct {
		watch func() (resource.Answers, resource.Answers, error)
		reach error
		says  string // "" when it goes well
	}{
		"well":          {grow(0), nil, ""},
		"badly":         {grow(20), nil, "The new version answers with errors"},
		"it crashes":    {func() (a, b resource.Answers, err error) { return a, b, errors.New("a pod was started again") }, nil, "a pod was started again"},
		"nothing runs":  {grow(0), resource.ErrIdle, ""},
		"no way to it":  {grow(0), errors.New("no pod is ready"), "no pod is ready"},
		"not countable": {func() (a, b resource.Answers, err error) { a.Unknown = true; return a, b, nil }, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			first := servers{{Name: "a", Port: 1, Title: "one", Smoke: "x", Strategy: resource.Canary}}
			next := servers{first[0]}
			next[0].Title = "two"
			provider := &watched{Provider: l.provider, watch: grow(0)}
			run := func(f servers) diag.List {
				o := plan.Options{
					Configuration: held{f.Configuration(), 5 * time.Millisecond}, Providers: map[string]resource.Provider{sim.Kind: provider},
					State: l.session.View(), Mode: plan.Normal, Parallelism: 1,
				}
				made, diags := plan.Make(t.Context(), o)
				if diags.HasErrors() {
					t.Fatal(diags.Err())
				}
				_, diags = apply.Run(t.Context(), apply.Options{
					Plan: made, Configuration: o.Configuration, Providers: o.Providers, Session: l.session, Parallelism: 1, Verifier: verifier{},
				})
				l.reopen()
				return diags
			}
			if diags := run(first); diags.HasErrors() {
				t.Fatal(diags.Err())
			}
			provider.watch, provider.reach = tt.watch, tt.reach
			diags := run(next)
			if (tt.says == "") != !diags.HasErrors() {
				t.Fatalf("diagnostics: %v", diags.Err())
			}
			title := "two"
			if tt.says != "" {
				title = "one"
				if text := diags[0].Summary + " " + diags[0].Detail; !strings.Contains(text, tt.says) || !strings.Contains(text, "The server was put back") {
					t.Errorf("diagnostics: %s", text)
				}
			}
			now := l.session.View().Snapshot.Resources[process("a")].Object.Values
			if got := now.GetAttr("title").AsString(); got != title || now.GetAttr("beside").AsString() != "" {
				t.Errorf("the title is %q, want %q; beside it %q", got, title, now.GetAttr("beside").AsString())
			}
		})
	}
}
