package guard

import (
	"strings"
	"testing"
	"time"

	"github.com/erlmcp/erlmcp/schemas"
)

// governed is a governor whose load a test sets.
type governed struct {
	*Governor
	held           float64
	waiting, queue int
	now            time.Time
	changes        []string
}

func newGoverned(t *testing.T) *governed {
	t.Helper()
	g := &governed{queue: 100, now: time.Unix(1_000_000, 0)}
	on := true
	g.Governor = NewGovernor(
		schemas.Governor{Enabled: &on, InterveneAt: .5, RefuseAt: .8, QueueWait: schemas.Duration(time.Second), Hold: schemas.Duration(time.Second)},
		Load{
			Limit: 1 << 40, Held: func() float64 { return g.held }, Waiting: func() (int, int) { return g.waiting, g.queue },
			Changed: func(from, to Phase, by Pressure) {
				g.changes = append(g.changes, from.String()+"→"+to.String()+": "+by.String())
			},
		})
	return g
}

// after lets time pass and returns the phase then.
func (g *governed) after(d time.Duration) Phase {
	g.now = g.now.Add(d)
	return g.Phase(g.now)
}

func TestTheGovernorShedsTheCheapestFirst(t *testing.T) {
	g := newGoverned(t)
	if g.Phase(g.now) != Boot {
		t.Fatal("it does not boot")
	}
	g.Serve()
	for _, c := range []struct {
		held  float64
		phase Phase
		takes int // classes that are taken
	}{{0, Stable, 4}, {.49, Stable, 4}, {.5, Intervening, 3}, {.66, Intervening, 2}, {.8, Refusing, 1}, {5, Refusing, 1}} {
		g.held = c.held
		if got := g.after(time.Second); got != c.phase {
			t.Errorf("at %v it is %s, want %s", c.held, got, c.phase)
		}
		taken := 0
		for class := Control; class <= Calling; class++ {
			retry, ok := g.Admit(class, g.now)
			if ok {
				taken++
			} else if retry <= 0 {
				t.Error("a refusal does not say when to come back")
			}
			if ok != (class == Control || int(class) > 4-c.takes) {
				t.Errorf("at %v the class %d is taken: %v", c.held, class, ok)
			}
		}
		if taken != c.takes {
			t.Errorf("at %v it takes %d classes, want %d", c.held, taken, c.takes)
		}
	}
}

func TestTheGovernorHolds(t *testing.T) {
	g := newGoverned(t)
	g.Serve()
	g.held = .9
	if g.after(time.Second) != Refusing {
		t.Fatal("it takes everything")
	}
	g.held = .7 // below the mark, but not by a fifth
	for range 10 {
		if g.after(time.Second) != Refusing {
			t.Fatal("it goes back too early")
		}
	}
	g.held = .6
	if g.after(time.Second) != Refusing || g.after(500*time.Millisecond) != Refusing {
		t.Fatal("it does not hold")
	}
	g.held = .9 // the calm begins anew
	g.after(time.Second)
	g.held = .6
	if g.after(time.Second) != Refusing || g.after(900*time.Millisecond) != Refusing {
		t.Fatal("it does not hold anew")
	}
	if got := g.after(200 * time.Millisecond); got != Intervening {
		t.Fatalf("after the calm it is %s", got)
	}
	g.held = 0
	g.after(time.Second)
	if got := g.after(time.Second); got != Stable {
		t.Fatalf("at the end it is %s", got)
	}
	want := []string{"boot→stable: memory at 0%", "stable→refusing: memory at 90%", "refusing→intervening: memory at 60%", "intervening→stable: memory at 0%"}
	if strings.Join(g.changes, "; ") != strings.Join(want, "; ") {
		t.Errorf("got  %q\nwant %q", g.changes, want)
	}
}

func TestTheGovernorSeesQueueAndWaiting(t *testing.T) {
	g := newGoverned(t)
	g.Serve()
	g.waiting, g.queue = 31, 31
	if g.after(time.Second) != Stable {
		t.Error("a short queue makes it shed work")
	}
	g.waiting, g.queue = 60, 100
	if g.after(time.Second) != Intervening || g.Pressure().String() != "the queue at 60%" {
		t.Errorf("a long queue: %s", g.Pressure())
	}
	g.waiting = 0
	for range 100 {
		g.Waited(2*time.Second, g.now)
	}
	if g.after(sampleEvery); g.Phase(g.now) != Refusing || !strings.HasPrefix(g.Pressure().String(), "waiting at") {
		t.Errorf("calls that wait: %s", g.Pressure())
	}
	g.after(10 * time.Second) // nobody waits any more
	if got := g.after(2 * time.Second); got != Stable {
		t.Errorf("when nobody waits it is %s", got)
	}
}

func TestAGovernorThatIsOff(t *testing.T) {
	off := false
	g := NewGovernor(schemas.Governor{Enabled: &off}, Load{})
	g.Serve()
	g.Waited(time.Hour, time.Now())
	if _, ok := g.Admit(Listing, time.Now()); !ok || g.Phase(time.Now()) != Stable {
		t.Error("it sheds work")
	}
}
