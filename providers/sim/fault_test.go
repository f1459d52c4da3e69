package sim

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/erlmcp/erlmcp/engine/apply"
	"github.com/erlmcp/erlmcp/engine/plan"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/engine/state"
	"github.com/erlmcp/erlmcp/engine/state/backend/local"
	"github.com/erlmcp/erlmcp/providers/sim/fleet"
)

// Whatever calls fail, lose their reply or end halfway: what does not depend on
// them is done, and an apply without faults converges.
func TestRandomFaults(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newLab()
		first, second := fleet.Draw().Draw(t, "first"), fleet.Draw().Draw(t, "second")
		if _, _, err := l.apply(first, &machine{}, 4); err != nil {
			t.Fatal(err)
		}
		faults := rapid.SliceOfN(rapid.SampledFrom([]Fault{None, None, None, Refuse, LoseReply, Partial}), 40, 40).Draw(t, "faults")
		var mu sync.Mutex
		calls := 0
		l.faults = func(c Call) Fault {
			mu.Lock()
			defer mu.Unlock()
			if c.Verb == "read" {
				return None
			}
			calls++
			return faults[calls%len(faults)]
		}
		p, r, err := l.apply(second, &machine{}, 4)
		if r == nil {
			t.Fatal(err)
		}
		if !r.Saved {
			t.Fatal("the state was not saved")
		}
		if mutating := steps(p); len(r.Steps) != mutating {
			t.Fatalf("%d steps are reported, want %d", len(r.Steps), mutating)
		}
		for _, s := range r.Steps {
			if s.Outcome == apply.Skipped && !strings.Contains(s.Err.Error(), "failed") {
				t.Fatalf("%s was skipped, and no failure is to blame: %v", s.Step.Address, s.Err)
			}
		}
		l.faults = nil
		if _, _, err := l.apply(second, &machine{}, 4); err != nil {
			t.Fatal(err)
		}
		if err := l.check(second); err != nil {
			t.Fatal(err)
		}
	})
}

func steps(p *plan.Plan) int {
	n := 0
	for i := range p.Steps {
		if p.Steps[i].Mutates() {
			n++
		}
	}
	return n
}

// The disk fills up at any entry of the journal: no operation starts that is not
// noted, the old state stays whole, and with room again the next apply converges.
func TestDiskFullAtEachEntry(t *testing.T) {
	for entry, full := 1, true; full; entry++ {
		l := newLab()
		if _, _, err := l.apply(summer, &machine{}, 1); err != nil {
			t.Fatal(err)
		}
		old := bytes.Clone(l.disk.snapshot)
		l.disk.entries, l.disk.fullAt = 0, entry
		begun := 0
		l.faults = func(c Call) Fault {
			if c.Verb != "read" && c.Verb != "keep" {
				begun++
			}
			return None
		}
		_, r, err := l.apply(winter, &machine{}, 1)
		if full = l.disk.full; !full {
			if err != nil {
				t.Fatal(err)
			}
			return
		}
		if err == nil || r == nil || r.Saved {
			t.Fatalf("entry %d: the disk was full, and the apply says %v, %+v", entry, err, r)
		}
		if !bytes.Equal(old, l.disk.snapshot) {
			t.Fatalf("entry %d: the old state is not whole", entry)
		}
		if noted := bytes.Count(l.disk.journal, []byte(`"kind":"begin"`)); begun > noted {
			t.Fatalf("entry %d: %d operations began, %d are noted", entry, begun, noted)
		}
		l.disk.full, l.disk.fullAt, l.faults = false, 0, nil
		if _, _, err := l.apply(winter, &machine{}, 1); err != nil {
			t.Fatalf("entry %d: %v", entry, err)
		}
		if err := l.check(winter); err != nil {
			t.Fatalf("entry %d: %v", entry, err)
		}
	}
}

// Applies at the same time: each is refused, naming the holder, or has the state
// for itself; in the end it is whole.
func TestConcurrentApplies(t *testing.T) {
	world := NewWorld()
	store := local.Store{Dir: t.TempDir()}
	providers := map[string]resource.Provider{Kind: &Provider{World: world}}
	var wg sync.WaitGroup
	errs := make(chan error, 8)
	for i := range cap(errs) {
		wg.Go(func() {
			f := summer
			if i%2 == 1 {
				f = winter
			}
			wait := time.Duration(0)
			if i >= cap(errs)/2 {
				wait = time.Minute
			}
			errs <- applyTo(store, providers, f, wait)
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil && !strings.Contains(err.Error(), "apply by tester@lab (process 1)") && !strings.Contains(err.Error(), "is locked") {
			t.Error(err)
		}
	}
	if err := applyTo(store, providers, summer, 0); err != nil {
		t.Fatal(err)
	}
	objects, err := world.Objects()
	if err != nil {
		t.Fatal(err)
	}
	if len(objects) != len(summer.Objects()) {
		t.Errorf("%d objects exist, want %d", len(objects), len(summer.Objects()))
	}
}

func applyTo(store state.Store, providers map[string]resource.Provider, f fleet.Fleet, wait time.Duration) error {
	ctx := context.Background()
	session, err := state.Open(ctx, store, state.Holder{Operation: "apply", Who: "tester@lab", PID: 1, Since: time.Now()}, wait)
	if err != nil {
		return err
	}
	defer session.Close()
	c := f.Configuration()
	p, diags := plan.Make(ctx, plan.Options{Configuration: c, Providers: providers, State: session.View(), Mode: plan.Normal, Parallelism: 4})
	if diags.HasErrors() {
		return fmt.Errorf("plan: %w", diags.Err())
	}
	_, diags = apply.Run(ctx, apply.Options{Plan: p, Configuration: c, Providers: providers, Session: session, Parallelism: 4})
	return diags.Err()
}
