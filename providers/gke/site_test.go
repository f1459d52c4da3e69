package gke

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/apply"
	"github.com/erlmcp/erlmcp/engine/config"
	"github.com/erlmcp/erlmcp/engine/plan"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/engine/state"
	"github.com/erlmcp/erlmcp/engine/state/backend/local"
)

// site is a configuration with a state of its own, and the engine that applies it.
// What its titles stand for can be set at any time.
type site struct {
	t        *testing.T
	provider *outside
	store    local.Store
	title    string // of the instance that is wanted; "" for none
	abort    chan struct{}

	mu       sync.Mutex // guards progress
	progress []string
}

func newSite(t *testing.T, text string) *site {
	t.Helper()
	s := &site{t: t, provider: newOutside(), store: local.Store{Dir: t.TempDir()}, title: "One"}
	s.provider.instances["One"] = mustLoad(t, text)
	session := s.open()
	if err := session.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.close(session)
	return s
}

func (s *site) ref() config.Ref {
	return config.Ref{Server: address.Server{Name: "contract"}, Target: s.target().Address}
}

func (s *site) target() resource.Target { return s.provider.instances["One"].Target }

func (s *site) Instances() []config.Instance {
	if s.title == "" {
		return nil
	}
	return []config.Instance{{Ref: s.ref()}}
}

func (s *site) Evaluate(config.Ref, *config.Exports) (resource.Instance, diag.List) {
	return resource.Instance{Address: s.ref().Server, Target: s.target(), Document: titled(s.t, s.title)}, nil
}

func (s *site) Outputs(*config.Exports) ([]config.Output, diag.List) { return nil, nil }
func (s *site) Targets() []resource.Target                           { return []resource.Target{s.target()} }

func (s *site) open() *state.Session {
	s.t.Helper()
	session, err := state.Open(context.Background(), s.store, state.Holder{Operation: "test"}, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	return session
}

func (s *site) close(session *state.Session) {
	if err := session.Close(); err != nil {
		s.t.Error(err)
	}
}

// plan plans what the title stands for.
func (s *site) plan() (*plan.Plan, diag.List) {
	session := s.open()
	defer s.close(session)
	return plan.Make(context.Background(), s.options(session))
}

func (s *site) options(session *state.Session) plan.Options {
	o := plan.Options{Configuration: s, Providers: map[string]resource.Provider{Kind: s.provider}, State: session.View(), Mode: plan.Normal, Parallelism: 2}
	if s.title == "" {
		o.Mode = plan.Destroy
	}
	return o
}

// apply plans and applies.
func (s *site) apply() diag.List {
	session := s.open()
	defer s.close(session)
	o := s.options(session)
	made, diags := plan.Make(context.Background(), o)
	if diags.HasErrors() {
		return diags
	}
	_, diags = apply.Run(context.Background(), apply.Options{
		Plan: made, Configuration: s, Providers: o.Providers, Session: session, Parallelism: 2, Observer: s, Abort: s.abort,
	})
	return diags
}

func (s *site) must(diags diag.List) {
	s.t.Helper()
	if err := diags.Err(); err != nil {
		s.t.Fatal(err)
	}
}

// changes are what a plan does, as "cluster create".
func (s *site) changes() []string {
	s.t.Helper()
	p, diags := s.plan()
	s.must(diags)
	var out []string
	for _, c := range p.Changes {
		text := c.Address.Part + " " + string(c.Action)
		if c.Gone {
			text += " gone"
		}
		out = append(out, text)
	}
	return out
}

func (s *site) StepStarted(plan.Step, time.Time)                                           {}
func (s *site) StepFinished(plan.Step, apply.StepOutcome, error, time.Time, time.Duration) {}
func (s *site) StepProgress(_ plan.Step, message string, _ time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.progress = append(s.progress, message)
}

// said reports whether the user was told.
func (s *site) said(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Contains(strings.Join(s.progress, "\n"), text)
}

// wholeText is everything that diagnostics say.
func wholeText(diags diag.List) string {
	var out []string
	for _, d := range diags {
		out = append(out, d.Summary, d.Detail, d.Remedy)
	}
	return strings.Join(out, "\n")
}
