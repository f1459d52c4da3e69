package contract

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/erlmcp/erlmcp/engine/state"
	"github.com/erlmcp/erlmcp/engine/state/backend/remote"
)

// Options are what the contract needs to know of a kind of place.
type Options struct {
	// Reach makes an empty place and returns how to reach it.
	Reach func(t *testing.T) func() remote.Place
	// Lasts is how long locks hold in these tests: long enough for the place's
	// clock to tell, short enough to wait for.
	Lasts time.Duration
}

// Run runs the whole contract.
func Run(t *testing.T, o Options) {
	t.Run("objects", func(t *testing.T) { objects(t, o.Reach(t)()) })
	t.Run("one of many writers", func(t *testing.T) { race(t, o.Reach(t)()) })
	t.Run("large objects", func(t *testing.T) { large(t, o.Reach(t)()) })
	t.Run("the lock", func(t *testing.T) { lock(t, o.Reach(t)()) })
	t.Run("what one machine writes another reads", func(t *testing.T) { shared(t, o.machines(t)) })
	t.Run("a killed apply goes on elsewhere", func(t *testing.T) { killed(t, o.machines(t), o.Lasts) })
	t.Run("two applies at once", func(t *testing.T) { twice(t, o.machines(t)) })
	t.Run("a holder that was overtaken writes no more", func(t *testing.T) { stale(t, o.machines(t), o.Lasts) })
	t.Run("a state moves away", func(t *testing.T) { retired(t, o.machines(t)) })
}

func objects(t *testing.T, p remote.Place) {
	ctx := t.Context()
	if o, err := p.Read(ctx, "head"); o != nil || err != nil {
		t.Fatalf("of nothing: %+v, %v", o, err)
	}
	if _, err := p.Write(ctx, "head", []byte("x"), version(t, p)); !errors.Is(err, remote.ErrConflict) {
		t.Errorf("replaced what is not there: %v", err)
	}
	first, err := p.Write(ctx, "head", []byte("one"), "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Write(ctx, "head", []byte("x"), ""); !errors.Is(err, remote.ErrConflict) {
		t.Errorf("made what is there: %v", err)
	}
	second, err := p.Write(ctx, "head", []byte("two"), first)
	if err != nil || second == first {
		t.Fatalf("version %q after %q, %v", second, first, err)
	}
	if _, err := p.Write(ctx, "head", []byte("x"), first); !errors.Is(err, remote.ErrConflict) {
		t.Errorf("replaced another version: %v", err)
	}
	if o, err := p.Read(ctx, "head"); err != nil || string(o.Data) != "two" || o.Version != second {
		t.Errorf("read %+v, %v", o, err)
	}
	if err := errors.Join(p.Remove(ctx, "head"), p.Remove(ctx, "head")); err != nil {
		t.Errorf("remove: %v", err)
	}
	if o, err := p.Read(ctx, "head"); o != nil || err != nil {
		t.Errorf("after its removal: %+v, %v", o, err)
	}
	for _, name := range []string{"journal/00000002/00000001", "journal/00000001/00000002", "journal/00000001/00000001", "snapshots/000000000001-ab"} {
		if _, err := p.Write(ctx, name, []byte(name), ""); err != nil {
			t.Fatal(err)
		}
	}
	for folder, want := range map[string]string{
		"journal/00000001/": "journal/00000001/00000001 journal/00000001/00000002",
		"journal/":          "journal/00000001/00000001 journal/00000001/00000002 journal/00000002/00000001",
		"snapshots/":        "snapshots/000000000001-ab",
		"nothing/":          "",
	} {
		if names, err := p.Names(ctx, folder); err != nil || strings.Join(names, " ") != want {
			t.Errorf("%s: %v, %v", folder, names, err)
		}
	}
}

// version is one that an object had that is there no more.
func version(t *testing.T, p remote.Place) string {
	t.Helper()
	v, err := p.Write(t.Context(), "other", []byte("x"), "")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Remove(t.Context(), "other"); err != nil {
		t.Fatal(err)
	}
	return v
}

func race(t *testing.T, p remote.Place) {
	const writers = 8
	var mu sync.Mutex
	var won []int
	var all sync.WaitGroup
	for i := range writers {
		all.Go(func() {
			_, err := p.Write(t.Context(), "journal/00000001/00000001", []byte{'a' + byte(i)}, "")
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				won = append(won, i)
			case !errors.Is(err, remote.ErrConflict):
				t.Errorf("writer %d: %v", i, err)
			}
		})
	}
	all.Wait()
	if len(won) != 1 {
		t.Fatalf("%d writers made the same object: %v", len(won), won)
	}
	if o, err := p.Read(t.Context(), "journal/00000001/00000001"); err != nil || int(o.Data[0]-'a') != won[0] {
		t.Errorf("it holds %v, %v", o, err)
	}
}

func large(t *testing.T, p remote.Place) {
	data := make([]byte, 3<<20) // random, so that it stays as large when it is packed
	source := rand.NewChaCha8([32]byte{1})
	source.Read(data)
	if _, err := p.Write(t.Context(), "snapshots/000000000001-ab", data, ""); err != nil {
		t.Fatal(err)
	}
	o, err := p.Read(t.Context(), "snapshots/000000000001-ab")
	if err != nil || !bytes.Equal(o.Data, data) {
		t.Fatalf("%d bytes came back, %v", len(o.Data), err)
	}
	if names, err := p.Names(t.Context(), "snapshots/"); err != nil || !slices.Equal(names, []string{"snapshots/000000000001-ab"}) {
		t.Errorf("%v, %v", names, err)
	}
	if err := p.Remove(t.Context(), "snapshots/000000000001-ab"); err != nil {
		t.Fatal(err)
	}
	if o, err := p.Read(t.Context(), "snapshots/000000000001-ab"); o != nil || err != nil {
		t.Errorf("after its removal: %d bytes, %v", len(o.Data), err)
	}
}

func lock(t *testing.T, p remote.Place) {
	ctx := t.Context()
	if l, err := p.ReadLock(ctx); err != nil || l.Version != "" || l.Held || l.Token != 0 {
		t.Fatalf("there is one: %+v, %v", l, err)
	}
	mine := remote.Lock{Token: 7, Nonce: "n", Held: true, Lasts: 20 * time.Second, Holder: state.Holder{Operation: "apply", Who: "alice@edge-1", PID: 4711}}
	written, err := p.WriteLock(ctx, mine)
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.ReadLock(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if got.Age < -2*time.Second || got.Age > 10*time.Second {
		t.Errorf("it is %s old", got.Age)
	}
	got.Age = 0
	if got != written {
		t.Errorf("read %+v, wrote %+v", got, written)
	}
	if _, err := p.WriteLock(ctx, mine); !errors.Is(err, remote.ErrConflict) {
		t.Errorf("made what is there: %v", err)
	}
	written.Held = false
	again, err := p.WriteLock(ctx, written)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.WriteLock(ctx, written); !errors.Is(err, remote.ErrConflict) {
		t.Errorf("replaced another version: %v", err)
	}
	if got, err := p.ReadLock(ctx); err != nil || got.Held || got.Version != again.Version || got.Token != 7 {
		t.Errorf("read %+v, %v", got, err)
	}
}
