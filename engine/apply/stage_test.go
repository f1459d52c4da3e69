package apply_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/erlmcp/erlmcp/engine/apply"
	"github.com/erlmcp/erlmcp/engine/plan"
	"github.com/erlmcp/erlmcp/engine/resource"
)

// failing finds fault with the n-th thing that it is asked for.
type failing struct{ calls, n int }

func (f *failing) Verify(_ context.Context, c apply.Check) error {
	c.Progress("checking")
	if f.calls++; f.calls == f.n {
		return errors.New("it is unfit")
	}
	return nil
}

// TestStages applies a change of a canary, whose checks fail at one stage.
func TestStages(t *testing.T) {
	whole := []string{
		"update a", "a: checking", "a done", // tried
		"update a", "a: checking", "a done", // 5%
		"update a", "a: checking", "a done", // 50%
		"update a", "a: checking", "a done", // finished
		"update b", "b done",
	}
	back := []string{"a: putting back what was there before", "a failed: it is unfit"}
	skipped := func(n int) (out []string) {
		for range n {
			out = append(out, "a skipped: server.a@sim.lab0/process failed")
		}
		return append(out, "b skipped: server.a@sim.lab0/process failed")
	}
	for name, tt := range map[string]struct {
		fails int
		want  []string
		title string
	}{
		"it goes well":          {0, whole, "two"},
		"the trial fails":       {1, append(append(whole[:2:2], back...), skipped(3)...), "one"},
		"the second step fails": {3, append(append(whole[:8:8], back...), skipped(1)...), "one"},
		"the end fails":         {4, append(append(whole[:11:11], back...), skipped(0)...), "one"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			first := servers{{Name: "a", Port: 1, Title: "one", Smoke: "x", Strategy: resource.Canary}, {Name: "b", Needs: []string{"a"}}}
			if _, diags := l.run(t.Context(), l.plan(first), first, verifying); diags.HasErrors() {
				t.Fatal(diags.Err())
			}
			l.reopen()
			next := servers{first[0], {Name: "b", Needs: []string{"a"}, Title: "new"}}
			next[0].Title = "two"
			made := l.plan(next)
			var stages []resource.Stage
			for _, s := range made.Steps {
				if s.Address == process("a") {
					stages = append(stages, s.Stage)
				}
			}
			if diff := cmp.Diff([]resource.Stage{{Kind: resource.Trial}, {Kind: resource.Shift, Percent: 5}, {Kind: resource.Shift, Percent: 50}, {Kind: resource.Finish}}, stages); diff != "" {
				t.Error(diff)
			}
			var seen log
			r, _ := l.run(t.Context(), made, next, func(o *apply.Options) { o.Observer, o.Verifier = &seen, &failing{n: tt.fails} })
			if diff := cmp.Diff(tt.want, seen.lines); diff != "" {
				t.Error(diff)
			}
			now := r.Snapshot.Resources[process("a")]
			if got := now.Object.Values.GetAttr("title").AsString(); got != tt.title || now.Unverified {
				t.Errorf("the title is %q, unverified %v", got, now.Unverified)
			}
			if beside := now.Object.Values.GetAttr("beside").AsString(); beside != "" {
				t.Errorf("beside it stands %q", beside)
			}
			l.reopen()
			want := next
			if tt.fails > 0 {
				want = first
			}
			if p := l.plan(want); p.Counts() != (plan.Counts{NoOp: 3}) {
				t.Errorf("afterwards the plan is %+v", p.Counts())
			}
		})
	}
}
