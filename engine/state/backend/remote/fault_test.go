package remote_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/erlmcp/erlmcp/engine/state"
	"github.com/erlmcp/erlmcp/engine/state/backend/remote"
)

// faulty is a way to a place on which the request of one number fails, and all
// after it when it breaks for good.
type faulty struct {
	*memory
	mu      sync.Mutex
	count   int
	at      int  // number of the request, from 1; 0 for none
	arrives bool // whether it is carried out all the same, and only the reply lost
	dead    bool // whether all after it fail too
}

// fail lets requests fail from now on.
func (f *faulty) fail() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at = f.count + 1
}

// do carries out a request, or not.
func (f *faulty) do(request func() error) error {
	f.mu.Lock()
	f.count++
	hit := f.count == f.at
	gone := f.dead && f.at > 0 && f.count > f.at
	f.mu.Unlock()
	switch {
	case gone:
		return errors.New("no route")
	case !hit:
		return request()
	}
	if f.arrives {
		request() // whose outcome nobody learns
	}
	if f.dead {
		return errors.New("no route")
	}
	return &remote.Temporary{Err: errors.New("connection reset")}
}

func (f *faulty) Read(ctx context.Context, name string) (o *remote.Object, err error) {
	err = f.do(func() (err error) { o, err = f.memory.Read(ctx, name); return err })
	return o, err
}

func (f *faulty) Write(ctx context.Context, name string, data []byte, version string) (v string, err error) {
	err = f.do(func() (err error) { v, err = f.memory.Write(ctx, name, data, version); return err })
	return v, err
}

func (f *faulty) Remove(ctx context.Context, name string) error {
	return f.do(func() error { return f.memory.Remove(ctx, name) })
}

func (f *faulty) Names(ctx context.Context, folder string) (names []string, err error) {
	err = f.do(func() (err error) { names, err = f.memory.Names(ctx, folder); return err })
	return names, err
}

func (f *faulty) ReadLock(ctx context.Context) (l remote.Lock, err error) {
	err = f.do(func() (err error) { l, err = f.memory.ReadLock(ctx); return err })
	return l, err
}

func (f *faulty) WriteLock(ctx context.Context, l remote.Lock) (got remote.Lock, err error) {
	err = f.do(func() (err error) { got, err = f.memory.WriteLock(ctx, l); return err })
	return got, err
}

// progress is what an apply was told to be durable.
type progress struct{ begun, ended, finished bool }

// applyThrough applies boxes, the first undisturbed.
func applyThrough(f *faulty, at int) (p progress, err error) {
	s := &remote.Store{Place: f}
	for _, name := range []string{"first", "second"} {
		if name == "second" {
			f.count, f.at = 0, at
		}
		p = progress{}
		session, err := state.Open(context.Background(), s, holder, 0)
		if err != nil {
			return p, err
		}
		err = func() error {
			if err := session.Start(context.Background(), targets); err != nil {
				return err
			}
			if err := session.Begin(state.Create, box(name)); err != nil {
				return err
			}
			p.begun = true
			if err := session.End(state.Create, box(name).Address, box(name)); err != nil {
				return err
			}
			p.ended = true
			_, err := session.Finish(context.Background(), state.Record{Outcome: state.OutcomeDone})
			p.finished = err == nil
			return err
		}()
		if err := errors.Join(err, session.Close()); err != nil {
			return p, err
		}
	}
	return p, nil
}

// A request that fails for once, or whose reply is lost, changes nothing.
func TestLostReplies(t *testing.T) {
	for _, arrives := range []bool{false, true} {
		for at := 1; ; at++ {
			done := false
			t.Run(fmt.Sprintf("request %d, carried out: %v", at, arrives), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := &faulty{memory: newMemory(), arrives: arrives}
					if _, err := applyThrough(f, at); err != nil {
						t.Error(err)
					}
					done = f.count < at
					f.at = 0
					v, err := state.Read(t.Context(), &remote.Store{Place: f})
					if err != nil || len(v.Snapshot.Resources) != 2 || v.Journal != 0 || v.Snapshot.Revision.Number != 2 {
						t.Errorf("got %+v, %v", v, err)
					}
				})
			})
			if done || t.Failed() {
				break
			}
		}
	}
}

// Wherever a machine dies, another goes on with all that the first was told to be
// durable.
func TestDeathAtEveryRequest(t *testing.T) {
	for _, arrives := range []bool{false, true} {
		for at := 1; ; at++ {
			done := false
			t.Run(fmt.Sprintf("request %d, carried out: %v", at, arrives), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := &faulty{memory: newMemory(), arrives: arrives, dead: true}
					told, err := applyThrough(f, at)
					done = f.count < at
					if err == nil && !done && !told.finished {
						t.Error("no error, and not finished")
					}
					goesOn(t, f.memory, told)
				})
			})
			if done || t.Failed() {
				break
			}
		}
	}
}

func goesOn(t *testing.T, m *memory, told progress) {
	s := &remote.Store{Place: m}
	session, err := state.Open(t.Context(), s, holder, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	v := session.View()
	second := box("second").Address
	switch {
	case v.Snapshot.Resources[box("first").Address] == nil:
		t.Error("what an earlier apply left is gone")
	case told.ended && v.Snapshot.Resources[second] == nil:
		t.Error("an operation that ended is not recorded")
	case told.begun && v.Snapshot.Resources[second] == nil && v.Snapshot.Uncertain[second] == nil:
		t.Error("an operation that began is not recorded")
	}
	if err := session.Start(t.Context(), targets); err != nil {
		t.Fatal(err)
	}
	if err := session.End(state.Create, second, box("second")); err != nil {
		t.Fatal(err)
	}
	if _, err := session.Finish(t.Context(), state.Record{Outcome: state.OutcomeDone}); err != nil {
		t.Fatal(err)
	}
	if err := session.Close(); err != nil {
		t.Fatal(err)
	}
	if v, err := state.Read(t.Context(), s); err != nil || len(v.Snapshot.Resources) != 2 || len(v.Snapshot.Uncertain) != 0 {
		t.Errorf("in the end %+v, %v", v, err)
	}
}

// A lease is renewed for as long as its holder lives, and one that cannot be
// renewed is given up before anybody else may take it.
func TestHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		f := &faulty{memory: m, dead: true}
		session, err := state.Open(t.Context(), &remote.Store{Place: f}, holder, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer session.Close()
		if err := session.Start(t.Context(), targets); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour) // of the test's own time
		other := &remote.Store{Place: m}
		var held *state.HeldError
		if _, err := other.Lock(t.Context(), holder, 0); !errors.As(err, &held) || held.Ends <= 0 || held.Ends > 30*time.Second {
			t.Fatalf("after an hour: %v", err)
		}
		f.fail()
		time.Sleep(25*time.Second + time.Millisecond)
		if err := session.Begin(state.Create, box("late")); err == nil || !strings.Contains(err.Error(), "the lock was lost: it could not be renewed in time") {
			t.Errorf("out of reach for as long as the lease holds: %v", err)
		}
		time.Sleep(6 * time.Second)
		lease, err := other.Lock(t.Context(), holder, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := lease.Release(); err != nil {
			t.Error(err)
		}
	})
}

// What is not whole is refused, and never taken for nothing.
func TestDamage(t *testing.T) {
	for name, tt := range map[string]struct {
		harm func(*memory)
		want string
	}{
		"no snapshot":         {func(m *memory) { m.alter("snapshots/", "", "") }, "is missing, though there was one"},
		"no head":             {func(m *memory) { m.alter("head", "", "") }, "is missing, though there was one"},
		"an altered head":     {func(m *memory) { m.alter("head", "from", "form") }, "memory:head was altered"},
		"an altered snapshot": {func(m *memory) { m.alter("snapshots/", "lineage", "linage") }, "was altered"},
		"a hole":              {func(m *memory) { m.alter("journal/00000002/00000002", "", "") }, "a part of the journal is missing"},
		"an altered entry":    {func(m *memory) { m.alter("journal/00000002/00000001", "header", "footer") }, "is damaged in line 1"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := interrupted(t)
				tt.harm(m)
				s := &remote.Store{Place: m}
				if _, err := state.Read(t.Context(), s); err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("read: %v", err)
				}
				if _, err := state.Open(t.Context(), s, holder, 0); err == nil {
					t.Error("it was opened")
				}
			})
		})
	}
}

// interrupted is a place where an apply has ended and the next was killed.
func interrupted(t *testing.T) *memory {
	t.Helper()
	f := &faulty{memory: newMemory(), dead: true}
	s := &remote.Store{Place: f}
	for _, last := range []bool{false, true} {
		session, err := state.Open(t.Context(), s, holder, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(session.Start(t.Context(), targets), session.Begin(state.Create, box("a")), session.End(state.Create, box("a").Address, box("a"))); err != nil {
			t.Fatal(err)
		}
		if last {
			f.fail()
			break
		}
		if _, err := session.Finish(t.Context(), state.Record{}); err != nil {
			t.Fatal(err)
		}
		session.Close()
	}
	time.Sleep(time.Minute) // of the test's own time, after which its lease has ended
	return f.memory
}

// alter replaces a text in every object of a folder, or drops the object.
func (m *memory) alter(folder, from, to string) {
	for name, o := range m.objects {
		if !strings.HasPrefix(name, folder) {
			continue
		}
		if from == "" {
			delete(m.objects, name)
			continue
		}
		m.objects[name] = remote.Object{Data: []byte(strings.Replace(string(o.Data), from, to, 1)), Version: m.version()}
	}
}
