package apply_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/erlmcp/erlmcp/engine/apply"
	"github.com/erlmcp/erlmcp/engine/config"
	"github.com/erlmcp/erlmcp/engine/state"
	"github.com/erlmcp/erlmcp/providers/sim"
	"github.com/erlmcp/erlmcp/providers/sim/fleet"
)

// verifier finds the servers unfit whose titles say so.
type verifier struct{}

func (verifier) Verify(_ context.Context, c apply.Check) error {
	c.Progress("checking " + c.Smokes[0].Name)
	if title := c.Document.GetAttr("title"); !title.IsNull() && title.AsString() == "unfit" {
		return errors.New("it is unfit")
	}
	return nil
}

func verifying(o *apply.Options) { o.Verifier = verifier{} }

func TestAServerThatFailsItsChecks(t *testing.T) {
	unfit := func(change func(*fleet.Server)) servers {
		s := fleet.Server{Name: "a", Port: 1, Title: "unfit", Smoke: "answers"}
		if change != nil {
			change(&s)
		}
		return servers{s, {Name: "b", Needs: []string{"a"}, Title: "new"}}
	}
	for name, tt := range map[string]struct {
		first  bool // the server was not there before
		change servers
		want   []string
		back   bool
		title  string // of a, afterwards
	}{
		"updated": {
			change: unfit(nil), back: true, title: "one",
			want: []string{"update a", "a: checking answers", "a: putting back what was there before", "a failed: it is unfit",
				"b skipped: server.a@sim.lab0/process failed"},
		},
		"replaced": {
			change: unfit(func(s *fleet.Server) { s.Port = 2 }), back: true, title: "one",
			want: []string{"delete a", "a done", "create a", "a: checking answers", "a: putting back what was there before", "a failed: it is unfit",
				"b skipped: server.a@sim.lab0/process failed"},
		},
		"left": {
			change: unfit(func(s *fleet.Server) { s.Leave = true }), title: "unfit",
			want: []string{"update a", "a: checking answers", "a failed: it is unfit", "b skipped: server.a@sim.lab0/process failed"},
		},
		"new": {
			first: true, change: unfit(nil), title: "unfit",
			want: []string{"create network", "network done", "create a", "a: checking answers", "a failed: it is unfit",
				"b skipped: server.a@sim.lab0/process failed"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			if !tt.first {
				f := servers{{Name: "a", Port: 1, Title: "one", Smoke: "answers"}, {Name: "b", Needs: []string{"a"}}}
				if _, diags := l.run(t.Context(), l.plan(f), f, verifying); diags.HasErrors() {
					t.Fatal(diags.Err())
				}
				l.reopen()
			}
			var seen log
			r, diags := l.run(t.Context(), l.plan(tt.change), tt.change, verifying, func(o *apply.Options) { o.Observer = &seen })
			if diff := cmp.Diff(tt.want, seen.lines); diff != "" {
				t.Error(diff)
			}
			if len(diags) != 1 || diags[0].Summary != "server.a@sim.lab0 does not pass its checks" ||
				strings.Contains(diags[0].Detail, "it is again as revision 1 left it") != tt.back {
				t.Errorf("diagnostics: %v", diags.Err())
			}
			if (len(r.RolledBack) == 1) != tt.back || r.Replaced+r.Updated+r.Deleted > 0 || r.Revision.Outcome != state.OutcomeFailed {
				t.Errorf("%+v", r)
			}
			recorded := r.Snapshot.Resources[process("a")]
			if recorded.Object.Values.GetAttr("title").AsString() != tt.title || recorded.Unverified == tt.back {
				t.Errorf("recorded is %+v", recorded)
			}
			if url := r.Snapshot.Outputs["a"].Value.Values.AsString(); tt.back && url != "http://127.0.0.1:1/mcp" {
				t.Errorf("the output is %s", url)
			}
			l.reopen()
			if p := l.plan(tt.change); p.Empty() {
				t.Error("the next plan is empty, though the server is not as it should be")
			}
		})
	}
}

// A change that fails by itself is put back too.
func TestAFailedChangeIsPutBack(t *testing.T) {
	l := newLab(t)
	l.apply(servers{{Name: "a", Port: 1, Title: "one"}})
	created := 0
	l.provider.Fault = func(c sim.Call) sim.Fault {
		if c.Verb == "create" && c.Address == process("a") {
			if created++; created == 1 {
				return sim.Partial
			}
		}
		return sim.None
	}
	f := servers{{Name: "a", Port: 2, Title: "two"}}
	r, diags := l.run(t.Context(), l.plan(f), f)
	want := []apply.Rollback{{Server: config.Ref{Server: process("a").Server, Target: process("a").Target}, Revision: 1}}
	if diff := cmp.Diff(want, r.RolledBack, cmp.Comparer(func(a, b config.Ref) bool { return a == b })); diff != "" || !diags.HasErrors() {
		t.Errorf("%v\n%s", diags.Err(), diff)
	}
	objects, err := l.world.Objects()
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		if o.Type == sim.ProcessType && (o.Values.GetAttr("title").AsString() != "one" || o.Values.GetAttr("running").False()) {
			t.Errorf("the process is %#v", o.Values)
		}
	}
	l.reopen()
	l.provider.Fault = nil
	if p := l.plan(servers{{Name: "a", Port: 1, Title: "one"}}); !p.Empty() {
		t.Errorf("with the first configuration the plan is %+v", p.Counts())
	}
}
