package contract

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/engine/state"
	"github.com/erlmcp/erlmcp/engine/state/backend/remote"
)

var (
	alice = state.Holder{Operation: "apply", Who: "alice@edge-1", PID: 4711, Since: time.Date(2026, 11, 21, 18, 0, 0, 0, time.UTC)}
	bob   = state.Holder{Operation: "destroy", Who: "bob@edge-2", PID: 12, Since: time.Date(2026, 11, 21, 19, 0, 0, 0, time.UTC)}
	edge  = address.Target{Kind: "sim", Name: "edge"}
)

func box(name string) *state.Resource {
	return &state.Resource{
		Address: address.Resource{Server: address.Server{Name: name}, Target: edge, Part: "box"},
		Type:    "box",
		Object:  resource.Object{Values: cty.ObjectVal(map[string]cty.Value{"name": cty.StringVal(name)})},
		Owned:   []string{"name"},
	}
}

// machine is a way to the place that can be cut.
type machine struct {
	*remote.Store
	link *link
}

func (o Options) machines(t *testing.T) func() machine {
	reach := o.Reach(t)
	return func() machine {
		l := &link{Place: reach()}
		return machine{&remote.Store{Place: l, Lasts: o.Lasts}, l}
	}
}

// link is a place that is out of reach while it is cut.
type link struct {
	remote.Place
	mu  sync.RWMutex
	cut bool
}

var errCut = errors.New("no route to the place")

func (l *link) set(cut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = cut
}

func (l *link) err() error {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.cut {
		return errCut
	}
	return nil
}

func (l *link) Read(ctx context.Context, name string) (*remote.Object, error) {
	if err := l.err(); err != nil {
		return nil, err
	}
	return l.Place.Read(ctx, name)
}

func (l *link) Write(ctx context.Context, name string, data []byte, version string) (string, error) {
	if err := l.err(); err != nil {
		return "", err
	}
	return l.Place.Write(ctx, name, data, version)
}

func (l *link) WriteLock(ctx context.Context, lock remote.Lock) (remote.Lock, error) {
	if err := l.err(); err != nil {
		return remote.Lock{}, err
	}
	return l.Place.WriteLock(ctx, lock)
}

func open(t *testing.T, s state.Store, h state.Holder, wait time.Duration) *state.Session {
	t.Helper()
	session, err := state.Open(t.Context(), s, h, wait)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { session.Close() })
	return session
}

func start(t *testing.T, session *state.Session) {
	t.Helper()
	target := state.Target{Config: resource.Object{Values: cty.EmptyObjectVal}}
	if err := session.Start(t.Context(), map[address.Target]state.Target{edge: target}); err != nil {
		t.Fatal(err)
	}
}

// apply records boxes as an apply would.
func apply(t *testing.T, s state.Store, names ...string) {
	t.Helper()
	session := open(t, s, alice, 0)
	start(t, session)
	for _, n := range names {
		if err := errors.Join(session.Begin(state.Create, box(n)), session.End(state.Create, box(n).Address, box(n))); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := session.Finish(t.Context(), state.Record{Outcome: state.OutcomeDone}); err != nil {
		t.Fatal(err)
	}
	if err := session.Close(); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, s state.Store) *state.View {
	t.Helper()
	view, err := state.Read(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return view
}

func shared(t *testing.T, reach func() machine) {
	if v := read(t, reach()); !v.Fresh {
		t.Fatalf("the place is not empty: %+v", v)
	}
	apply(t, reach(), "a")
	first := read(t, reach())
	apply(t, reach(), "b", "c")
	second := read(t, reach())
	if len(second.Snapshot.Resources) != 3 || second.Journal != 0 || second.Snapshot.Lineage != first.Snapshot.Lineage || second.Snapshot.Revision.Number != 2 {
		t.Errorf("got %+v", second.Snapshot)
	}
	then, err := state.At(t.Context(), reach(), second.Snapshot, 1)
	if err != nil || len(then.Resources) != 1 {
		t.Errorf("the first revision: %+v, %v", then, err)
	}
	if names, err := reach().Place.Names(t.Context(), "journal/"); err != nil || len(names) != 0 {
		t.Errorf("entries were left: %v, %v", names, err)
	}
}

func killed(t *testing.T, reach func() machine, lasts time.Duration) {
	apply(t, reach(), "before")
	victim := reach()
	session := open(t, victim, alice, 0)
	start(t, session)
	if err := errors.Join(
		session.Begin(state.Create, box("done")), session.End(state.Create, box("done").Address, box("done")),
		session.Begin(state.Create, box("begun")),
	); err != nil {
		t.Fatal(err)
	}
	victim.link.set(true)

	other := reach()
	if v := read(t, other); v.Journal != 4 {
		t.Errorf("without a lock %d entries are seen", v.Journal)
	}
	next := open(t, other, bob, 10*lasts)
	v := next.View()
	if v.Journal != 4 || v.Snapshot.Resources[box("done").Address] == nil || v.Snapshot.Uncertain[box("begun").Address] == nil {
		t.Fatalf("got %+v", v)
	}
	start(t, next)
	if err := next.End(state.Create, box("begun").Address, box("begun")); err != nil {
		t.Fatal(err)
	}
	if _, err := next.Finish(t.Context(), state.Record{Outcome: state.OutcomeDone}); err != nil {
		t.Fatal(err)
	}
	next.Close()
	if v := read(t, reach()); len(v.Snapshot.Resources) != 3 || len(v.Snapshot.Uncertain) != 0 || v.Journal != 0 {
		t.Errorf("in the end %+v", v.Snapshot)
	}
}

func twice(t *testing.T, reach func() machine) {
	first := open(t, reach(), alice, 0)
	_, err := state.Open(t.Context(), reach(), bob, 0)
	if err == nil || !strings.Contains(err.Error(), "apply by alice@edge-1 (process 4711) since 2026-11-21 18:00:00 UTC; unless it is renewed, the lock ends in ") {
		t.Errorf("the second was told %v", err)
	}
	waited := make(chan error, 1)
	go func() {
		session, err := state.Open(t.Context(), reach(), bob, time.Minute)
		if err == nil {
			err = session.Close()
		}
		waited <- err
	}()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-waited; err != nil {
		t.Errorf("who waits does not get the lock that was given back: %v", err)
	}
}

func stale(t *testing.T, reach func() machine, lasts time.Duration) {
	apply(t, reach(), "before")
	victim := reach()
	session := open(t, victim, alice, 0)
	start(t, session)
	victim.link.set(true)
	next := open(t, reach(), bob, 10*lasts)
	// It wakes up.
	victim.link.set(false)
	if err := session.Begin(state.Create, box("late")); err == nil {
		t.Error("an operation began under a lock that is another's")
	}
	if _, err := session.Finish(t.Context(), state.Record{}); err == nil {
		t.Error("a snapshot was written under a lock that is another's")
	}
	if err := session.Close(); err != nil {
		t.Errorf("give back what is another's: %v", err)
	}
	if v := next.View(); v.Journal > 1 || len(v.Snapshot.Uncertain) != 0 {
		t.Errorf("the next holder sees %+v", v)
	}
	if _, err := state.Open(t.Context(), reach(), alice, 0); err == nil || !strings.Contains(err.Error(), "destroy by bob@edge-2") {
		t.Errorf("the lock is not the next holder's any more: %v", err)
	}
	start(t, next)
	if _, err := next.Finish(t.Context(), state.Record{}); err != nil {
		t.Errorf("the next holder cannot write: %v", err)
	}
}

func retired(t *testing.T, reach func() machine) {
	apply(t, reach(), "a")
	serial := read(t, reach()).Snapshot.Serial
	lease, err := reach().Lock(t.Context(), alice, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(lease.Retire(t.Context()), lease.Release()); err != nil {
		t.Fatal(err)
	}
	if _, err := state.Read(t.Context(), reach()); err == nil || !strings.Contains(err.Error(), "is missing, though there was one") {
		t.Errorf("who still looks is told %v", err)
	}
	if file, err := reach().Earlier(t.Context(), serial); err != nil || file == nil {
		t.Errorf("it was not kept: %v", err)
	}
}
