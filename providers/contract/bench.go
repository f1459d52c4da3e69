package contract

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/apply"
	"github.com/erlmcp/erlmcp/engine/config"
	"github.com/erlmcp/erlmcp/engine/plan"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/engine/state"
	"github.com/erlmcp/erlmcp/engine/state/backend/local"
)

// bench is a case with a state of its own.
type bench struct {
	*Case
	t       *testing.T
	store   local.Store
	lineage string
	// verifier runs a check after each change; nil for no check.
	verifier apply.Verifier
}

// newBench begins a state. Whatever the test leaves on the target is deleted in
// the end, and it is an error when that does not leave it empty.
func newBench(t *testing.T, c *Case) *bench {
	b := &bench{Case: c, t: t, store: local.Store{Dir: t.TempDir()}}
	s := b.open()
	if err := s.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.lineage = s.View().Snapshot.Lineage
	b.close(s)
	t.Cleanup(func() {
		if err := b.run(context.Background(), c.Provider, nil); err != nil {
			t.Errorf("clean up: %v", err)
		}
		if left := c.Objects(t, b.lineage); len(left) > 0 {
			t.Errorf("left on the target:\n%s", strings.Join(left, "\n"))
		}
	})
	return b
}

func (b *bench) open() *state.Session {
	b.t.Helper()
	s, err := state.Open(context.Background(), b.store, state.Holder{Operation: "contract"}, 0)
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

func (b *bench) close(s *state.Session) {
	if err := s.Close(); err != nil {
		b.t.Error(err)
	}
}

// server is the configuration: one server with a document, or none.
type server struct {
	*Case
	document cty.Value
	smokes   []resource.Smoke
}

func (s *server) ref() config.Ref {
	return config.Ref{Server: address.Server{Name: "contract"}, Target: s.Target.Address}
}

func (s *server) Instances() []config.Instance { return []config.Instance{{Ref: s.ref()}} }

func (s *server) Evaluate(ref config.Ref, _ *config.Exports) (resource.Instance, diag.List) {
	return resource.Instance{Address: ref.Server, Target: s.Case.Target, Document: s.document, Smokes: s.smokes, Files: s.Files}, nil
}

func (s *server) Outputs(*config.Exports) ([]config.Output, diag.List) { return nil, nil }

func (s *server) Targets() []resource.Target { return []resource.Target{s.Case.Target} }

// options plans for a document; nil destroys.
func (b *bench) options(p resource.Provider, document *cty.Value) plan.Options {
	o := plan.Options{
		Providers:   map[string]resource.Provider{p.Kind(): p},
		Parallelism: 2, Mode: plan.Normal, Configuration: &server{Case: b.Case},
	}
	if document == nil {
		o.Mode = plan.Destroy
	} else {
		s := &server{Case: b.Case, document: *document}
		if b.verifier != nil {
			s.smokes = []resource.Smoke{{Name: "contract", Tools: []string{"x"}, With: cty.NullVal(cty.String)}}
		}
		o.Configuration = s
	}
	return o
}

// plan plans for a document, with the target frozen.
func (b *bench) plan(document cty.Value) *plan.Plan {
	b.t.Helper()
	view, err := state.Read(b.t.Context(), b.store)
	if err != nil {
		b.t.Fatal(err)
	}
	o := b.options(b.Provider, &document)
	o.State = view
	if b.Freeze != nil {
		b.Freeze(true)
		defer b.Freeze(false)
	}
	p, diags := plan.Make(b.t.Context(), o)
	if diags.HasErrors() {
		b.t.Fatalf("plan: %v", diags.Err())
	}
	return p
}

// run plans and applies for a document; nil destroys.
func (b *bench) run(ctx context.Context, p resource.Provider, document *cty.Value) error {
	s := b.open()
	defer b.close(s)
	o := b.options(p, document)
	o.State = s.View()
	made, diags := plan.Make(ctx, o)
	if diags.HasErrors() {
		return fmt.Errorf("plan: %w", diags.Err())
	}
	_, diags = apply.Run(ctx, apply.Options{
		Plan: made, Configuration: o.Configuration, Providers: o.Providers, Session: s, Parallelism: 2,
		Verifier: b.verifier,
	})
	if diags.HasErrors() {
		return fmt.Errorf("apply: %w", diags.Err())
	}
	return nil
}

func (b *bench) apply(document cty.Value) {
	b.t.Helper()
	if err := b.run(b.t.Context(), b.Provider, &document); err != nil {
		b.t.Fatal(err)
	}
}

// settled fails unless a plan for the document has nothing to do.
func (b *bench) settled(document cty.Value) {
	b.t.Helper()
	p := b.plan(document)
	if p.Empty() && !p.Drifted() {
		return
	}
	for i := range p.Changes {
		if c := &p.Changes[i]; c.Action != plan.NoOp || c.Drifted() {
			b.t.Errorf("after an apply, %s is still to %s (gone %v): %s; drift: %s", c.Address, c.Action, c.Gone, describe(c.Differences), describe(c.Drift))
		}
	}
}

func describe(differences []resource.Difference) string {
	var out []string
	for _, d := range differences {
		if d.Sensitive {
			out = append(out, resource.FormatPath(d.Path)+" (a secret)")
			continue
		}
		out = append(out, fmt.Sprintf("%s: %#v → %#v", resource.FormatPath(d.Path), d.Before, d.After))
	}
	return strings.Join(out, "; ")
}

// values are the recorded resources by part.
func (b *bench) values() Values {
	b.t.Helper()
	view, err := state.Read(b.t.Context(), b.store)
	if err != nil {
		b.t.Fatal(err)
	}
	out := Values{}
	for a, r := range view.Snapshot.Resources {
		out[a.Part] = Resource{Address: a, Type: r.Type, Values: r.Object.Values}
	}
	return out
}

// forget loses the state, but not its lineage.
func (b *bench) forget() {
	b.t.Helper()
	b.store = local.Store{Dir: b.t.TempDir()}
	ctx := b.t.Context()
	lease, err := b.store.Lock(ctx, state.Holder{Operation: "contract"}, 0)
	if err != nil {
		b.t.Fatal(err)
	}
	file, err := state.Encode(state.New(b.lineage, []byte(uuid.NewString())))
	if err == nil {
		err = lease.Replace(ctx, file, 0)
	}
	if err == nil {
		err = lease.Release()
	}
	if err != nil {
		b.t.Fatal(err)
	}
}
