package sim

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/zclconf/go-cty/cty"
	"pgregory.net/rapid"

	"github.com/erlmcp/erlmcp/engine/apply"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/sim/fleet"
)

// processes are the servers that exist on their targets, by address.
func (l *lab) processes() (map[string]cty.Value, error) {
	objects, err := l.world.Objects()
	out := map[string]cty.Value{}
	for _, o := range objects {
		if o.Type == ProcessType {
			out[o.Address.String()] = o.Values
		}
	}
	return out, err
}

// same reports whether two processes are of the same making. What the target
// fills in may differ.
func same(a, b cty.Value) bool {
	for _, name := range []string{"name", "document", "files", "network", "title", "memory", "running"} {
		if !a.GetAttr(name).RawEquals(b.GetAttr(name)) {
			return false
		}
	}
	return true
}

// TestRollback changes any fleet into any other while checks of some servers fail:
// a server that fails and was there before is as it was; nothing else is touched by
// that, and both configurations can be applied from there.
func TestRollback(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first, second := fleet.Draw().Draw(t, "first"), fleet.Draw().Draw(t, "second")
		unfit := map[string]bool{}
		for _, name := range rapid.SliceOf(rapid.SampledFrom([]string{"a", "b", "c", "d", "e"})).Draw(t, "unfit") {
			unfit[name] = true
		}
		parallelism := rapid.IntRange(1, 4).Draw(t, "parallelism")
		next := rapid.SampledFrom([]fleet.Fleet{first, second}).Draw(t, "next")
		l := newLab()
		if _, _, err := l.apply(first, &machine{}, parallelism); err != nil {
			t.Fatal(err)
		}
		before, err := l.processes()
		if err != nil {
			t.Fatal(err)
		}
		l.unfit = unfit
		_, r, failed := l.apply(second, &machine{}, parallelism)
		if r == nil || !r.Saved {
			t.Fatalf("the apply ended with %v", failed)
		}
		if err := l.backAsTheyWere(r, second, before); err != nil {
			t.Fatal(err)
		}
		if err := l.secretFree(); err != nil {
			t.Fatal(err)
		}
		l.unfit = nil
		if _, _, err := l.apply(next, &machine{}, parallelism); err != nil {
			t.Fatal(err)
		}
		if err := l.check(next); err != nil {
			t.Fatal(err)
		}
	})
}

// backAsTheyWere holds the result of an apply against the world.
func (l *lab) backAsTheyWere(r *apply.Result, wanted fleet.Fleet, before map[string]cty.Value) error {
	now, err := l.processes()
	if err != nil {
		return err
	}
	back := map[string]bool{}
	for _, b := range r.RolledBack {
		a := fmt.Sprintf("%s@%s.%s/process", b.Server.Server, b.Server.Target.Kind, b.Server.Target.Name)
		back[a] = true
		switch {
		case b.Err != nil:
			return fmt.Errorf("%s could not be put back: %w", a, b.Err)
		case now[a] == cty.NilVal || !same(now[a], before[a]):
			return fmt.Errorf("%s is said to be back, and is not as it was", a)
		}
	}
	for _, s := range r.Steps {
		a := s.Step.Address.String()
		if s.Outcome != apply.Failed || !s.Step.Resource.Endpoint || back[a] || s.Step.Stage.Partial() {
			continue // after a partial stage, what was there still stands
		}
		i := slices.IndexFunc(wanted, func(w fleet.Server) bool { return w.Name == s.Step.Address.Server.Name })
		was := r.Snapshot.Resources[s.Step.Address]
		if _, existed := before[a]; existed && !wanted[i].Leave {
			return fmt.Errorf("%s failed, was there before, and was not put back", a)
		}
		if was == nil || !was.Unverified {
			return fmt.Errorf("%s failed its checks, and the state does not say so", a)
		}
	}
	return nil
}

// A crash at any event while a server is changed, checked, found unfit and put
// back: the next apply of either configuration converges.
func TestCrashWhilePuttingBack(t *testing.T) {
	first := fleet.Fleet{
		{Name: "a", Port: 8080, Title: "one", Secret: "s3cret-alpha", Smoke: "answers"},
		{Name: "b", Port: 8081, Smoke: "answers", Needs: []string{"a"}},
	}
	second := fleet.Fleet{
		{Name: "a", Port: 8080, Title: "two", Secret: "s3cret-beta", Smoke: "answers", Strategy: resource.Canary}, // updated
		{Name: "b", Port: 8082, Smoke: "answers", Needs: []string{"a"}},                                           // replaced
	}
	for name, unfit := range map[string]map[string]bool{
		"an update":      {"a": true},
		"a replacement":  {"b": true},
		"none after all": {},
	} {
		for end, next := range map[string]fleet.Fleet{"back": first, "forth": second} {
			t.Run(name+", and "+end, func(t *testing.T) {
				t.Parallel()
				for event, happened := 1, true; happened; event++ {
					happened = false
					for how := before; how < hows; how++ {
						l := newLab()
						if _, _, err := l.apply(first, &machine{}, 1); err != nil {
							t.Fatal(err)
						}
						l.unfit = maps.Clone(unfit)
						m := &machine{crash: crash{event, how}}
						if _, _, err := l.apply(second, m, 1); err == nil && (m.dead && how != after || len(unfit) > 0) {
							t.Fatalf("event %d, %d: the apply succeeds", event, how)
						}
						happened = happened || m.dead
						l.unfit = nil
						if _, _, err := l.apply(next, &machine{}, 1); err != nil {
							t.Fatalf("event %d, %d: %v", event, how, err)
						}
						if err := l.check(next); err != nil {
							t.Fatalf("event %d, %d: %v", event, how, err)
						}
						if err := l.secretFree(); err != nil {
							t.Fatalf("event %d, %d: %v", event, how, err)
						}
					}
				}
			})
		}
	}
}
