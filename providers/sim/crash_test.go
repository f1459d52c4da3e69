package sim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/erlmcp/erlmcp/engine/apply"
	"github.com/erlmcp/erlmcp/engine/plan"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/engine/state"
	"github.com/erlmcp/erlmcp/providers/sim/fleet"
)

// A crash is told by the number of an event: a journal entry or a snapshot about
// to be written, or a call of a writer; and by how far that event had got.
type crash struct {
	Event int
	How   how
}

type how int

const (
	before  how = iota // nothing of the event had happened
	halfway            // half of it: a torn line, a snapshot beside its old journal, a process that does not run
	after              // all of it, but nobody heard
	hows
)

var errDead = errors.New("the process is dead")

// machine is the process that applies. After its crash nothing that it does has
// an effect.
type machine struct {
	crash crash

	mu     sync.Mutex
	events int
	dead   bool
}

// event says how far the event about to happen gets: alive means all the way.
func (m *machine) event() (how how, alive bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead {
		return before, false
	}
	m.events++
	if m.events == m.crash.Event {
		m.dead = true
		return m.crash.How, false
	}
	return 0, true
}

func (m *machine) fault(c Call) Fault {
	if c.Verb == "read" {
		return None
	}
	how, alive := m.event()
	switch {
	case alive:
		return None
	case how == after:
		return LoseReply
	case how == halfway:
		return Partial
	}
	return Refuse
}

// disk holds a state as a file system does. It outlives machines.
type disk struct {
	snapshot, journal []byte
	entries           int
	fullAt            int  // the entry from which on nothing more can be written; 0 for never
	full              bool // it is so
}

// Load and Lock make it a state.Store for the machine.
type mounted struct {
	*disk
	*machine
}

func (d mounted) Load(context.Context) (state.Stored, error) {
	return state.Stored{Snapshot: d.snapshot, Journal: d.journal}, nil
}

func (d mounted) Lock(context.Context, state.Holder, time.Duration) (state.Lease, error) {
	return d, nil
}

func (d mounted) Earlier(context.Context, uint64) ([]byte, error) { return nil, nil }

func (d mounted) Append(lines []byte) func() error {
	how, alive := d.event()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.entries++
	d.full = d.full || d.entries == d.fullAt
	switch {
	case d.full:
		return func() error { return errors.New("no space left on device") }
	case alive || how == after:
		d.journal = append(d.journal, lines...)
	case how == halfway:
		d.journal = append(d.journal, lines[:len(lines)/2]...)
	}
	return func() error {
		if !alive {
			return errDead
		}
		return nil
	}
}

func (d mounted) Replace(_ context.Context, snapshot []byte, previous uint64) error {
	how, alive := d.event()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.full {
		return errors.New("no space left on device")
	}
	if serial, err := state.SerialOf(d.snapshot); err != nil || serial != previous {
		return fmt.Errorf("serial %d, want %d: %w", serial, previous, err)
	}
	if alive || how != before {
		d.snapshot = snapshot
	}
	if alive || how == after {
		d.journal = nil
	}
	if !alive {
		return errDead
	}
	return nil
}

func (d mounted) Retire(context.Context) error { return errors.New("this state does not move") }

func (d mounted) Release() error { return nil }

// lab is a disk and a world, on which machines work one after another.
type lab struct {
	disk   disk
	world  *World
	faults func(Call) Fault // besides the crash of the machine; may be nil
	unfit  map[string]bool  // servers that do not pass their checks
}

// verifier runs checks on a machine.
type verifier struct {
	*lab
	*machine
}

func (v verifier) Verify(_ context.Context, c apply.Check) error {
	if _, alive := v.event(); !alive {
		return errDead
	}
	if v.unfit[c.Server.Name] {
		return errors.New("it is not fit")
	}
	return nil
}

func newLab() *lab { return &lab{world: NewWorld()} }

// apply plans and applies on a machine. Planning works on a frozen world.
func (l *lab) apply(f fleet.Fleet, m *machine, parallelism int) (*plan.Plan, *apply.Result, error) {
	providers := map[string]resource.Provider{Kind: &Provider{World: l.world, Fault: func(c Call) Fault {
		if f := m.fault(c); f != None || l.faults == nil {
			return f
		}
		return l.faults(c)
	}}}
	c := f.Configuration()
	ctx := context.Background()
	session, err := state.Open(ctx, mounted{&l.disk, m}, state.Holder{}, 0)
	if err != nil {
		return nil, nil, err
	}
	defer session.Close()
	l.world.Freeze(true)
	p, diags := plan.Make(ctx, plan.Options{
		Configuration: c, Providers: providers, State: session.View(), Mode: plan.Normal, Parallelism: parallelism,
	})
	l.world.Freeze(false)
	if diags.HasErrors() {
		return nil, nil, fmt.Errorf("plan: %w", diags.Err())
	}
	r, diags := apply.Run(ctx, apply.Options{
		Plan: p, Configuration: c, Providers: providers, Session: session, Parallelism: parallelism,
		Verifier: verifier{l, m},
	})
	return p, r, diags.Err()
}

// check is what must hold after an apply that nothing disturbed.
func (l *lab) check(f fleet.Fleet) error {
	objects, err := l.world.Objects()
	if err != nil {
		return err
	}
	want := f.Objects()
	for _, o := range objects {
		if !want[o.Address.String()] {
			return fmt.Errorf("%s exists, and is not wanted", o.Address)
		}
		delete(want, o.Address.String())
	}
	for a := range want {
		return fmt.Errorf("%s does not exist, and is wanted", a)
	}
	p, r, err := l.apply(f, &machine{}, 1)
	switch {
	case err != nil:
		return fmt.Errorf("second apply: %w", err)
	case !p.Empty() || p.Drifted() || len(p.Steps) > 0:
		return fmt.Errorf("the second plan is not empty: %+v, steps %v", p.Counts(), p.Steps)
	case len(r.Snapshot.Resources) != len(f.Objects()) || len(r.Snapshot.Uncertain) > 0:
		return fmt.Errorf("the state holds %d resources and %d uncertain ones, want %d", len(r.Snapshot.Resources), len(r.Snapshot.Uncertain), len(f.Objects()))
	}
	return nil
}

// secretFree fails when a secret lies on the disk.
func (l *lab) secretFree() error {
	for name, data := range map[string][]byte{"snapshot": l.disk.snapshot, "journal": l.disk.journal} {
		if bytes.Contains(data, []byte("s3cret")) {
			return fmt.Errorf("the %s holds a secret", name)
		}
	}
	return nil
}

// crashCase is a story: one fleet is applied, a second is begun and crashes, a
// third is begun and crashes too (unless Again is zero), a fourth is applied
// undisturbed.
type crashCase struct {
	First, Second, Third, Fourth fleet.Fleet
	Crash, Again                 crash
	Parallelism                  int
}

// run returns whether the second apply got as far as its crash.
func (c crashCase) run() (happened bool, err error) {
	l := newLab()
	if _, _, err := l.apply(c.First, &machine{}, c.Parallelism); err != nil {
		return false, fmt.Errorf("first apply: %w", err)
	}
	m := &machine{crash: c.Crash}
	if _, _, failed := l.apply(c.Second, m, c.Parallelism); !m.dead && failed != nil {
		return false, fmt.Errorf("second apply: %w", failed)
	}
	if err := l.secretFree(); err != nil {
		return m.dead, err
	}
	if c.Again != (crash{}) {
		again := &machine{crash: c.Again}
		if _, _, failed := l.apply(c.Third, again, c.Parallelism); !again.dead && failed != nil {
			return m.dead, fmt.Errorf("third apply: %w", failed)
		}
	}
	if _, _, err := l.apply(c.Fourth, &machine{}, c.Parallelism); err != nil {
		return m.dead, fmt.Errorf("last apply: %w", err)
	}
	if err := l.check(c.Fourth); err != nil {
		return m.dead, err
	}
	return m.dead, l.secretFree()
}

// asTest is the case as a line of the table of TestCrashCases.
func (c crashCase) asTest() string {
	return fmt.Sprintf("\"NAME\": {First: %#v, Second: %#v, Third: %#v, Fourth: %#v, Crash: crash{%d, %d}, Again: crash{%d, %d}, Parallelism: %d},",
		c.First, c.Second, c.Third, c.Fourth, c.Crash.Event, c.Crash.How, c.Again.Event, c.Again.How, c.Parallelism)
}

// Two fleets between which everything happens: a server is created, updated,
// replaced, deleted, moved to another target, and changes whom it needs.
var (
	summer = fleet.Fleet{
		{Name: "a", Port: 8080, Title: "one", Secret: "s3cret-alpha"},
		{Name: "b", Needs: []string{"a"}},
		{Name: "c", Port: 8080, Needs: []string{"a", "b"}},
		{Name: "d", Target: 1, Needs: []string{"c"}},
	}
	winter = fleet.Fleet{
		{Name: "d", Target: 0, Title: "two"},
		{Name: "e", Target: 1, Secret: "s3cret-beta", Needs: []string{"d"}},
		{Name: "b", Title: "one", Needs: []string{"e"}},
		{Name: "a", Port: 8081, Title: "one", Secret: "s3cret-beta", Needs: []string{"b"}},
	}
)

// After a crash at any event of an apply, in any way, the next apply converges.
func TestCrashAtEachEvent(t *testing.T) {
	for name, c := range map[string]crashCase{
		"first apply":    {Second: summer, Fourth: summer},
		"change of much": {First: summer, Second: winter, Fourth: winter},
		"and back again": {First: summer, Second: winter, Fourth: summer},
		"destroy":        {First: winter, Fourth: nil},
		"given up":       {Second: summer, Fourth: nil},
		"no change":      {First: winter, Second: winter, Fourth: winter},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.Parallelism = 1
			for event, happened := 1, true; happened; event++ {
				happened = false
				for how := before; how < hows; how++ {
					c.Crash = crash{event, how}
					dead, err := c.run()
					if err != nil {
						t.Fatalf("%v\n%s", err, c.asTest())
					}
					happened = happened || dead
				}
			}
		})
	}
}

// The same for any fleets, with a second crash in the apply that was to repair
// the first, and with operations in parallel.
func TestCrashTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		crashes := rapid.Custom(func(t *rapid.T) crash {
			return crash{rapid.IntRange(1, 30).Draw(t, "event"), how(rapid.IntRange(0, int(hows)-1).Draw(t, "how"))}
		})
		c := crashCase{
			First: fleet.Draw().Draw(t, "first"), Second: fleet.Draw().Draw(t, "second"),
			Third: fleet.Draw().Draw(t, "third"), Fourth: fleet.Draw().Draw(t, "fourth"),
			Crash: crashes.Draw(t, "crash"), Again: crashes.Draw(t, "again"),
			Parallelism: rapid.IntRange(1, 4).Draw(t, "parallelism"),
		}
		if _, err := c.run(); err != nil {
			t.Fatalf("%v\n%s", err, c.asTest())
		}
	})
}

// Cases worth keeping, in the form in which TestCrashTwice prints one that fails.
func TestCrashCases(t *testing.T) {
	for name, c := range map[string]crashCase{
		"a torn end entry, and what was made is not wanted any more": {
			Second: fleet.Fleet{{Name: "a", Port: 8080}}, Crash: crash{5, halfway}, Parallelism: 1,
		},
		"a lost reply, then a torn header of the next journal": {
			First:  fleet.Fleet{{Name: "a", Title: "one"}, {Name: "e", Target: 1, Needs: []string{"a"}}},
			Second: fleet.Fleet{{Name: "e", Target: 1, Port: 8080}}, Crash: crash{3, after},
			Third: fleet.Fleet{{Name: "d", Secret: "s3cret-beta"}}, Again: crash{2, halfway},
			Fourth: fleet.Fleet{{Name: "a", Target: 1}}, Parallelism: 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := c.run(); err != nil {
				t.Fatal(err)
			}
		})
	}
}
