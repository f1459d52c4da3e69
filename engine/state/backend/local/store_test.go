package local

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/engine/state"
)

var (
	holder = state.Holder{Operation: "apply", Who: "alice@edge-1", PID: 4711, Since: time.Date(2026, 11, 21, 18, 0, 0, 0, time.UTC)}
	edge   = address.Target{Kind: "sim", Name: "edge"}
)

func box(name string) *state.Resource {
	return &state.Resource{
		Address: address.Resource{Server: address.Server{Name: name}, Target: edge, Part: "box"},
		Type:    "box",
		Object:  resource.Object{Values: cty.ObjectVal(map[string]cty.Value{"name": cty.StringVal(name)})},
		Owned:   []string{"name"},
	}
}

func open(t *testing.T, s Store) *state.Session {
	t.Helper()
	session, err := state.Open(t.Context(), s, holder, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { session.Close() })
	return session
}

// apply records boxes as an apply would.
func apply(t *testing.T, s Store, names ...string) {
	t.Helper()
	session := open(t, s)
	defer session.Close()
	begin(t, session)
	for _, n := range names {
		if err := errors.Join(session.Begin(state.Create, box(n)), session.End(state.Create, box(n).Address, box(n))); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := session.Finish(t.Context(), state.Record{Outcome: state.OutcomeDone}); err != nil {
		t.Fatal(err)
	}
}

func begin(t *testing.T, session *state.Session) {
	t.Helper()
	target := state.Target{Config: resource.Object{Values: cty.EmptyObjectVal}}
	if err := session.Start(t.Context(), map[address.Target]state.Target{edge: target}); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, s Store) *state.View {
	t.Helper()
	view, err := state.Read(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return view
}

func TestWhatIsAppliedIsReadBack(t *testing.T) {
	s := Store{Dir: t.TempDir()}
	if v := read(t, s); !v.Fresh || v.Snapshot.Serial != 0 {
		t.Errorf("a new folder gives %+v", v)
	}
	apply(t, s, "a")
	apply(t, s, "b")
	v := read(t, s)
	if v.Fresh || v.Journal != 0 || len(v.Snapshot.Resources) != 2 || v.Snapshot.Revision != (state.Revision{Number: 2, Outcome: state.OutcomeDone}) {
		t.Errorf("after two applies: %+v", v.Snapshot)
	}
	if got := v.Snapshot.Resources[box("a").Address]; !got.Object.Values.RawEquals(box("a").Object.Values) {
		t.Errorf("a is %#v", got.Object.Values)
	}
}

func TestOnlyTheOwnerMayRead(t *testing.T) {
	s := Store{Dir: t.TempDir()}
	apply(t, s, "a")
	apply(t, s, "b")
	session := open(t, s)
	begin(t, session)
	err := filepath.WalkDir(s.path(""), func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		want := os.FileMode(fileMode)
		if d.IsDir() {
			want = folderMode
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %o, want %o", path, info.Mode().Perm(), want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestEarlierSnapshotsAreKept(t *testing.T) {
	s := Store{Dir: t.TempDir()}
	for i := range keepEarlier + 5 {
		apply(t, s, fmt.Sprintf("s%d", i))
	}
	names, err := s.earlier()
	if err != nil {
		t.Fatal(err)
	}
	if len(names) != keepEarlier {
		t.Errorf("%d earlier snapshots are kept, want %d", len(names), keepEarlier)
	}
	latest, err := os.ReadFile(filepath.Join(s.path(earlierName), names[len(names)-1]))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.path(stateName), latest, fileMode); err != nil {
		t.Fatal(err)
	}
	if n := len(read(t, s).Snapshot.Resources); n != keepEarlier+4 {
		t.Errorf("the latest earlier snapshot holds %d resources, want %d", n, keepEarlier+4)
	}
	apply(t, s, "after")
}

// What cannot be read whole is refused, by reading and by an apply, and says
// what is wrong and how to go back.
func TestDamageIsRefused(t *testing.T) {
	edit := func(name string, change func([]byte) []byte) func(Store) error {
		return func(s Store) error {
			data, err := os.ReadFile(s.path(name))
			if err != nil {
				return err
			}
			return os.WriteFile(s.path(name), change(data), fileMode)
		}
	}
	for name, tt := range map[string]struct {
		damage func(Store) error
		want   string
	}{
		"empty state":         {edit(stateName, func([]byte) []byte { return nil }), "state.json is empty"},
		"state cut short":     {edit(stateName, func(b []byte) []byte { return b[:len(b)/2] }), "state.json is cut short"},
		"state altered":       {edit(stateName, func(b []byte) []byte { return []byte(strings.Replace(string(b), `"serial":3`, `"serial":9`, 1)) }), "state.json was altered"},
		"another file":        {edit(stateName, func([]byte) []byte { return []byte("{}") }), "is not a file of the kind erlmcp-state"},
		"a later format":      {edit(stateName, func(b []byte) []byte { return []byte(strings.Replace(string(b), `"format":1`, `"format":7`, 1)) }), "has format 7"},
		"state gone":          {func(s Store) error { return os.Remove(s.path(stateName)) }, "state.json is missing"},
		"journal altered":     {edit(journalName, func(b []byte) []byte { return []byte(strings.Replace(string(b), `"box"`, `"bax"`, 1)) }), "journal is damaged in line 2"},
		"journal lost a line": {edit(journalName, func(b []byte) []byte { l := strings.SplitAfter(string(b), "\n"); return []byte(l[0] + l[2]) }), "journal is damaged in line 2: entry 3"},
		"another's journal":   {edit(journalName, func([]byte) []byte { return []byte("hello\nworld\n") }), "journal is damaged in line 1"},
	} {
		t.Run(name, func(t *testing.T) {
			s := Store{Dir: t.TempDir()}
			apply(t, s, "a")
			apply(t, s, "b")
			interrupted(t, s)
			if err := tt.damage(s); err != nil {
				t.Fatal(err)
			}
			_, err := state.Read(t.Context(), s)
			_, openErr := state.Open(t.Context(), s, holder, 0)
			for _, err := range []error{err, openErr} {
				var d *diag.Diagnostic
				if !errors.As(err, &d) || !strings.Contains(d.Detail, tt.want) || d.Remedy == "" {
					t.Errorf("got %v, want a diagnostic with %q and a remedy", err, tt.want)
				}
			}
			if strings.Contains(tt.want, "state.json") && !strings.Contains(err.Error(), "cp "+s.path(earlierName)) {
				t.Errorf("it does not say how to go back: %v", err)
			}
		})
	}
}

// interrupted leaves the journal of an apply that created x and was creating y.
func interrupted(t *testing.T, s Store) {
	t.Helper()
	session := open(t, s)
	begin(t, session)
	err := errors.Join(
		session.Begin(state.Create, box("x")),
		session.End(state.Create, box("x").Address, box("x")),
		session.Begin(state.Create, box("y")),
		session.Close(),
	)
	if err != nil {
		t.Fatal(err)
	}
}

func TestAnInterruptedApplyIsTakenUp(t *testing.T) {
	s := Store{Dir: t.TempDir()}
	apply(t, s, "a")
	interrupted(t, s)
	tear(t, s)
	check := func(v *state.View) {
		t.Helper()
		if len(v.Snapshot.Resources) != 2 || len(v.Snapshot.Uncertain) != 1 {
			t.Errorf("%d resources and %d uncertain ones, want 2 and 1", len(v.Snapshot.Resources), len(v.Snapshot.Uncertain))
		}
		if v.Snapshot.Revision.Outcome != state.OutcomeInterrupted {
			t.Errorf("the revision is %+v", v.Snapshot.Revision)
		}
	}
	check(read(t, s))
	session := open(t, s)
	begin(t, session) // folds the journal
	check(read(t, s))
}

// tear leaves half a line at the end of the journal.
func tear(t *testing.T, s Store) {
	t.Helper()
	f, err := os.OpenFile(s.path(journalName), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("sha256:0123 {\"sequ"); err != nil {
		t.Fatal(err)
	}
	f.Close()
}

func TestASecondHolderIsRefused(t *testing.T) {
	s := Store{Dir: t.TempDir()}
	session := open(t, s)
	_, err := state.Open(t.Context(), s, holder, 10*time.Millisecond)
	if want := "apply by alice@edge-1 (process 4711) since 2026-11-21 18:00:00 UTC"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
	waited := make(chan error)
	go func() {
		second, err := state.Open(context.Background(), s, holder, time.Minute)
		if err == nil {
			err = second.Close()
		}
		waited <- err
	}()
	session.Close()
	if err := <-waited; err != nil {
		t.Errorf("who waits does not get the lock: %v", err)
	}
}

// Between taking the lock and saying who it is, a holder is given a moment.
func TestAHolderThatHasNotSaidWhoItIs(t *testing.T) {
	for name, test := range map[string]struct {
		then func(*os.File) error // what the holder does next
		want string               // in the error; "" when the lock is had
	}{
		"says it":  {func(f *os.File) error { return writeHolder(f, holder) }, "process 4711"},
		"leaves":   {(*os.File).Close, ""},
		"is quiet": {func(*os.File) error { return nil }, "is held"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := Store{Dir: t.TempDir()}
				if err := os.MkdirAll(s.path(""), folderMode); err != nil {
					t.Fatal(err)
				}
				f, err := tryLock(s.path(lockName))
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
				time.AfterFunc(reticent/2, func() {
					if err := test.then(f); err != nil {
						t.Error(err)
					}
				})
				lease, err := s.Lock(t.Context(), holder, 0)
				if err == nil {
					lease.Release()
				}
				if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
					t.Errorf("got %v, want %q", err, test.want)
				}
			})
		})
	}
}

func TestWaitingEndsWithItsContext(t *testing.T) {
	s := Store{Dir: t.TempDir()}
	open(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := state.Open(ctx, s, holder, time.Hour); err == nil {
		t.Error("the lock was given twice")
	}
}

// Whoever lost the lock can write no more.
func TestALostLockFencesOff(t *testing.T) {
	s := Store{Dir: t.TempDir()}
	apply(t, s, "a")
	first := open(t, s)
	if err := os.Remove(s.path(lockName)); err != nil {
		t.Fatal(err)
	}
	apply(t, s, "b")
	err := first.Start(t.Context(), nil)
	if err == nil || !strings.Contains(err.Error(), "the lock was lost") {
		t.Errorf("the journal was written: %v", err)
	}
	if _, err := first.Finish(t.Context(), state.Record{Outcome: state.OutcomeDone}); err == nil {
		t.Error("the snapshot was written")
	}
	if n := len(read(t, s).Snapshot.Resources); n != 2 {
		t.Errorf("%d resources, want 2", n)
	}
}

func TestAnotherSnapshotIsNotReplaced(t *testing.T) {
	s := Store{Dir: t.TempDir()}
	apply(t, s, "a")
	old, err := os.ReadFile(s.path(stateName))
	if err != nil {
		t.Fatal(err)
	}
	apply(t, s, "b")
	session := open(t, s)
	if err := os.WriteFile(s.path(stateName), old, fileMode); err != nil {
		t.Fatal(err)
	}
	begin(t, session)
	if _, err := session.Finish(t.Context(), state.Record{Outcome: state.OutcomeDone}); err == nil || !strings.Contains(err.Error(), "somebody else wrote it") {
		t.Errorf("got %v", err)
	}
}

func TestManyEntriesAtOnce(t *testing.T) {
	s := Store{Dir: t.TempDir()}
	session := open(t, s)
	begin(t, session)
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			b := box(fmt.Sprintf("s%d", i))
			if err := errors.Join(session.Begin(state.Create, b), session.End(state.Create, b.Address, b)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	session.Close()
	if v := read(t, s); len(v.Snapshot.Resources) != 100 || v.Journal != 201 {
		t.Errorf("%d resources in %d entries", len(v.Snapshot.Resources), v.Journal)
	}
}

// A holder that is killed gives up its lock at once.
func TestAKilledHolderLeavesNoLock(t *testing.T) {
	if dir := os.Getenv("ERLMCP_TEST_HOLD"); dir != "" {
		if _, err := (Store{Dir: dir}).Lock(context.Background(), holder, 0); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("held")
		io.Copy(io.Discard, os.Stdin) // until killed
	}
	s := Store{Dir: t.TempDir()}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), "ERLMCP_TEST_HOLD="+s.Dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	if line, _ := bufio.NewReader(out).ReadString('\n'); line != "held\n" {
		t.Fatalf("the other process says %q", line)
	}
	if _, err := s.Lock(t.Context(), holder, 0); err == nil {
		t.Fatal("the lock was given twice")
	}
	cmd.Process.Kill()
	cmd.Wait()
	lease, err := s.Lock(t.Context(), holder, 0)
	if err != nil {
		t.Fatal(err)
	}
	lease.Release()
}
