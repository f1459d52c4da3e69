package plan_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/apply"
	"github.com/erlmcp/erlmcp/engine/plan"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/engine/state"
	"github.com/erlmcp/erlmcp/providers/sim"
)

var one = servers{{Name: "a", Port: 8080, Title: "one"}}

// stage is a sim whose reader rehearses as the function says.
type stage struct {
	*sim.Provider
	rehearse func(resource.Change) resource.Rehearsal
}

type rehearser struct {
	resource.Reader
	stage *stage
}

func (s *stage) OpenReader(ctx context.Context, t resource.Target, o resource.Owner) (resource.Reader, error) {
	r, err := s.Provider.OpenReader(ctx, t, o)
	return rehearser{r, s}, err
}

func (r rehearser) Rehearse(_ context.Context, changes []resource.Change) []resource.Rehearsal {
	var out []resource.Rehearsal
	for _, c := range changes {
		out = append(out, r.stage.rehearse(c))
	}
	return out
}

func (l *lab) rehearsing(f func(resource.Change) resource.Rehearsal) {
	l.providers[sim.Kind] = &stage{&sim.Provider{World: l.world}, f}
}

func TestWhatTheTargetTakesForTheSameIsNotPlanned(t *testing.T) {
	l := newLab(t)
	l.apply(one)
	if err := l.world.Set(process("a"), "running", cty.False); err != nil {
		t.Fatal(err)
	}
	if got := summary(l.plan(one)); !strings.HasPrefix(got, "update a running") {
		t.Fatalf("without rehearsal: %s", got)
	}
	l.rehearsing(func(c resource.Change) resource.Rehearsal { return resource.Rehearsal{Values: c.Prior} })
	p := l.plan(one)
	if !p.Empty() {
		t.Errorf("plan: %s", summary(p))
	}
	l.rehearsing(func(resource.Change) resource.Rehearsal { return resource.Rehearsal{} })
	if got := summary(l.plan(one)); !strings.HasPrefix(got, "update a running") {
		t.Errorf("when the target cannot tell: %s", got)
	}
}

func TestWhatTheTargetWouldRefuseIsAnErrorOfThePlan(t *testing.T) {
	l := newLab(t)
	l.rehearsing(func(c resource.Change) resource.Rehearsal {
		return resource.Rehearsal{Err: errors.New("the field belongs to somebody else")}
	})
	if got := l.refused(one); !strings.Contains(got, "belongs to somebody else") {
		t.Errorf("diagnostics: %s", got)
	}
}

func TestWhatCannotChangeInPlaceIsReplaced(t *testing.T) {
	l := newLab(t)
	l.apply(one)
	l.rehearsing(func(resource.Change) resource.Rehearsal { return resource.Rehearsal{Replace: true} })
	p := l.plan(servers{{Name: "a", Port: 8080, Title: "two"}})
	for _, c := range p.Changes {
		if c.Address == process("a") && (c.Action != plan.Replace || len(c.Reasons) != 1 || c.Reasons[0] != plan.ReasonImmutable) {
			t.Errorf("the plan is to %s, for %v", c.Action, c.Reasons)
		}
	}
	if got := l.plan(one); !got.Empty() {
		t.Errorf("what stays is planned: %s", summary(got))
	}
}

// away is a sim that does not answer.
type away struct{ *sim.Provider }

func (away) OpenReader(context.Context, resource.Target, resource.Owner) (resource.Reader, error) {
	return nil, &resource.Unreachable{Err: errors.New("nothing answers")}
}

func TestAPlanWithoutItsTargetIsNotVerifiedAndCannotBeApplied(t *testing.T) {
	l := newLab(t)
	l.apply(one)
	l.providers[sim.Kind] = away{&sim.Provider{World: l.world}}
	o := l.options(one)
	p, diags := plan.Make(t.Context(), o)
	if diags.HasErrors() || len(diags) != 1 || !p.Empty() || len(p.Unverified) != 1 {
		t.Fatalf("plan: %s, unverified %v; diagnostics: %v", summary(p), p.Unverified, diags)
	}
	raw, err := plan.Encode(p)
	if err != nil {
		t.Fatal(err)
	}
	if p, err = plan.Decode(raw); err != nil || len(p.Unverified) != 1 {
		t.Fatalf("read back: unverified %v (%v)", p.Unverified, err)
	}
	s, err := state.Open(t.Context(), l.store, state.Holder{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_, diags = apply.Run(t.Context(), apply.Options{Plan: p, Configuration: o.Configuration, Providers: l.providers, Session: s, Parallelism: 1})
	if !diags.HasErrors() || !strings.Contains(diags.Err().Error(), "does not answer") {
		t.Errorf("apply: %v", diags.Err())
	}
}
