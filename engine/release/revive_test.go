package release_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/apply"
	"github.com/erlmcp/erlmcp/engine/config"
	"github.com/erlmcp/erlmcp/engine/plan"
	"github.com/erlmcp/erlmcp/engine/release"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/engine/state"
	"github.com/erlmcp/erlmcp/engine/state/backend/local"
	"github.com/erlmcp/erlmcp/providers/sim"
	"github.com/erlmcp/erlmcp/providers/sim/fleet"
)

// passing is a verifier of servers that all do what they should.
type passing struct{}

func (passing) Verify(context.Context, apply.Check) error { return nil }

// lab is a world with a state.
type lab struct {
	store     local.Store
	providers map[string]resource.Provider
}

// within opens the state for one apply.
func (l lab) within(use func(*state.Session) error) error {
	s, err := state.Open(context.Background(), l.store, state.Holder{Operation: "apply", Who: "tester@lab"}, 0)
	if err != nil {
		return err
	}
	defer s.Close()
	return use(s)
}

func (l lab) apply(c plan.Configuration, kinds map[string]resource.Provider) (made *plan.Plan, err error) {
	err = l.within(func(s *state.Session) error {
		var diags diag.List
		made, diags = plan.Make(context.Background(), plan.Options{Configuration: c, Providers: kinds, State: s.View(), Mode: plan.Normal, Parallelism: 2})
		if diags.HasErrors() {
			return fmt.Errorf("plan: %w", diags.Err())
		}
		_, diags = apply.Run(context.Background(), apply.Options{
			Plan: made, Configuration: c, Providers: kinds, Session: s, Parallelism: 2, Verifier: passing{},
		})
		return diags.Err()
	})
	return made, err
}

func (l lab) revive(present plan.Configuration, revision int) (*release.Past, error) {
	v, err := state.Read(context.Background(), l.store)
	if err != nil {
		return nil, err
	}
	then, err := state.At(context.Background(), l.store, v.Snapshot, revision)
	if err != nil {
		return nil, err
	}
	past, diags := release.Revive(release.Options{
		Snapshot: then, Revision: revision, Present: present, Providers: l.providers,
		File: func(string) (string, bool) { return "", false },
	})
	return past, diags.Err()
}

// Whatever was applied in between, a revision that is applied again comes to what
// its configuration says, or a secret is missing and named.
func TestAnyRevisionCanBeAppliedAgain(t *testing.T) {
	base := t.TempDir()
	runs := 0
	fixed := rapid.Custom(func(t *rapid.T) fleet.Fleet {
		f := fleet.Draw().Draw(t, "fleet")
		for i := range f {
			f[i].Port, f[i].Smoke = 8080+f[i].Port%2, "" // one that is picked may come out differently the next time
		}
		return f
	})
	rapid.Check(t, func(t *rapid.T) {
		first, second := fixed.Draw(t, "first"), fixed.Draw(t, "second")
		runs++
		l := lab{local.Store{Dir: fmt.Sprintf("%s/%d", base, runs)}, map[string]resource.Provider{sim.Kind: sim.New()}}
		made, err := l.apply(first.Configuration(), l.providers)
		if err != nil {
			t.Fatal(err)
		}
		if len(made.Steps) == 0 {
			return
		}
		if _, err := l.apply(second.Configuration(), l.providers); err != nil {
			t.Fatal(err)
		}
		past, err := l.revive(second.Configuration(), 1)
		secrets := func(f fleet.Fleet) map[string]bool {
			out := map[string]bool{}
			for _, s := range f {
				out[s.Secret] = true
			}
			delete(out, "")
			return out
		}
		had := secrets(second)
		lacks := slices.ContainsFunc(slices.Collect(maps.Keys(secrets(first))), func(s string) bool { return !had[s] })
		if lacks != (err != nil) || err != nil && !strings.Contains(err.Error(), "the secret in its document.instructions is another one now") {
			t.Fatalf("a secret is missing: %v; got %v", lacks, err)
		}
		if err != nil {
			return
		}
		if _, err := l.apply(past, past.Providers(l.providers)); err != nil {
			t.Fatal(err)
		}
		if made, err = l.apply(first.Configuration(), l.providers); err != nil || !made.Empty() {
			t.Fatalf("%v; after it was applied again, the plan of the first configuration is %+v", err, made.Counts())
		}
	})
}

// with is a configuration whose servers ship a file.
type with struct {
	plan.Configuration
	file resource.File
}

func (w with) Evaluate(r config.Ref, known *config.Exports) (resource.Instance, diag.List) {
	in, diags := w.Configuration.Evaluate(r, known)
	in.Files = []resource.File{w.file}
	return in, diags
}

func TestWhatCannotBeHadIsNamed(t *testing.T) {
	l := lab{local.Store{Dir: t.TempDir()}, map[string]resource.Provider{sim.Kind: sim.New()}}
	f := fleet.Fleet{{Name: "a", Port: 1, Title: "one", Secret: "s3cret-alpha"}}
	shipped := with{f.Configuration(), resource.File{Path: "a.txt", Source: "/nowhere", SHA256: strings.Repeat("0", 64), Size: 1}}
	if _, err := l.apply(shipped, l.providers); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		present  fleet.Fleet
		revision int
		change   func(*state.Snapshot)
		want     []string
	}{
		"a file":             {f, 1, nil, []string{"server.a@sim.lab0/process, as revision 1 left it", "the file a.txt"}},
		"a secret":           {nil, 1, nil, []string{"the secret in its document.instructions"}},
		"a revision":         {f, 3, nil, []string{"has the revisions 1 to 1, not 3"}},
		"another erlmcp":     {f, 1, func(s *state.Snapshot) { s.Version = "0.1" }, []string{"applied by erlmcp 0.1"}},
		"an interrupted one": {f, 1, func(s *state.Snapshot) { s.History[0].Serial = 0 }, []string{"left no state"}},
		"a pruned snapshot":  {f, 1, func(s *state.Snapshot) { s.History[0].Serial = 99 }, []string{"was removed since"}},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := state.Read(t.Context(), l.store)
			if err != nil {
				t.Fatal(err)
			}
			if tt.change != nil {
				tt.change(v.Snapshot)
			}
			then, err := state.At(t.Context(), l.store, v.Snapshot, tt.revision)
			if err == nil {
				_, diags := release.Revive(release.Options{
					Snapshot: then, Revision: tt.revision, Present: tt.present.Configuration(), Providers: l.providers,
					File: func(string) (string, bool) { return "", false },
				})
				err = diags.Err()
			}
			if err == nil {
				t.Fatal("nothing is missing")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
}
