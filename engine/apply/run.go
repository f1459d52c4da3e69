package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/config"
	"github.com/erlmcp/erlmcp/engine/graph"
	"github.com/erlmcp/erlmcp/engine/plan"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/engine/state"
)

// Options say what to apply, to what.
type Options struct {
	Plan *plan.Plan
	// Configuration is the one that the plan was made from. Its secrets, which
	// the plan does not hold, come from here.
	Configuration plan.Configuration
	// Providers by kind of target.
	Providers map[string]resource.Provider
	// Session is the locked state. Run does not close it.
	Session *state.Session
	// Verifier runs the checks of servers that were changed; needed only when there
	// are any.
	Verifier Verifier
	// Parallelism bounds how many operations run at the same time; at least 1.
	Parallelism int
	// Observer is told what happens; may be nil.
	Observer Observer
	// Abort abandons the operations in flight when it is closed: what they came
	// to is found out by the next plan. May be nil.
	Abort <-chan struct{}
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Run applies a plan. When ctx is done no further operation starts; those in
// flight are finished and recorded.
//
// A plan that does not fit the state or the configuration is refused before
// anything happens, with a nil Result. Afterwards the Result is never nil, also
// when there are errors.
func Run(ctx context.Context, o Options) (*Result, diag.List) {
	if d := fits(o.Plan, o.Session.View()); d != nil {
		return nil, diag.List{d}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	r := &runner{
		Options:  o,
		resolver: plan.NewResolver(o.Configuration, o.Providers, o.Session.View().Snapshot.DigestKey),
		targets:  map[address.Target]state.Target{},
		opened:   map[address.Target]*opened{},
		result:   &Result{},
		previous: map[config.Ref]*previous{},
		stopping: ctx.Done(),
	}
	for _, t := range o.Plan.Targets {
		r.targets[t.Address] = state.Target{Config: t.Config}
	}
	if diags := r.verify(); diags.HasErrors() {
		return nil, diags
	}
	r.run(ctx)
	r.diags.Sort()
	slices.SortFunc(r.result.Steps, func(a, b StepResult) int { return a.Step.ID - b.Step.ID })
	return r.result, r.diags
}

// fits refuses a plan that was made from another state than the one at hand.
func fits(p *plan.Plan, v *state.View) *diag.Diagnostic {
	switch {
	case p.Lineage != v.Snapshot.Lineage:
		return diag.Errorf("The plan belongs to another state", "It was made from the state with lineage %s; this one has lineage %s. Nothing was changed.", p.Lineage, v.Snapshot.Lineage).
			Fix("Make a plan here: erlmcp plan.")
	case p.Serial != v.Snapshot.Serial || p.Journal != v.Journal:
		return diag.Errorf("The state has moved on", "The plan was made from serial %d, and the state has serial %d: something was applied in between. Nothing was changed.", p.Serial, v.Snapshot.Serial).
			Fix("Plan again: erlmcp plan.")
	}
	return nil
}

// runner is the work of one Run.
type runner struct {
	Options
	resolver  *plan.Resolver
	instances instances
	targets   map[address.Target]state.Target // of the plan, as the state records them
	opctx     context.Context                 // of operations
	stopping  <-chan struct{}                 // closed when no further operation is to start
	previous  map[config.Ref]*previous        // servers that are put back when their change fails
	journal   sync.Once                       // its failure is reported once

	mu     sync.Mutex // guards all below, and calls of the observer
	opened map[address.Target]*opened
	result *Result
	diags  diag.List
}

func (r *runner) run(ctx context.Context) {
	opctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	r.opctx = opctx
	stopped := make(chan struct{})
	defer close(stopped)
	go func() {
		select {
		case <-r.Abort:
			cancel()
		case <-stopped:
		}
	}()

	g := r.graph()
	if r.mutates() {
		if err := r.Session.Start(opctx, r.targets); err != nil {
			r.journalFailed(err)
			r.save(state.OutcomeFailed)
			return
		}
	}
	g.Walk(ctx, r.Parallelism, r.visit, r.skip)
	r.closeWriters()
	r.dropKept()
	r.result.count()
	r.save(r.outcome(ctx))
}

func (r *runner) graph() *graph.Graph[int] {
	g := &graph.Graph[int]{}
	for i := range r.Plan.Steps {
		s := &r.Plan.Steps[i]
		g.Add(s.ID)
		for _, d := range s.DependsOn {
			g.Depend(s.ID, d)
		}
	}
	return g
}

func (r *runner) mutates() bool {
	for i := range r.Plan.Steps {
		if r.Plan.Steps[i].Mutates() {
			return true
		}
	}
	return false
}

func (r *runner) outcome(ctx context.Context) state.Outcome {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.result.Steps {
		if s.Outcome == Failed {
			return state.OutcomeFailed
		}
	}
	if ctx.Err() != nil {
		return state.OutcomeInterrupted
	}
	return state.OutcomeDone
}

// save folds what was done into the state, with the outputs as they are now.
func (r *runner) save(outcome state.Outcome) {
	if outputs := r.outputs(outcome); outputs != nil {
		r.Session.SetOutputs(outputs)
	}
	// Not opctx: what was done is saved also when it was abandoned.
	snapshot, err := r.Session.Finish(context.WithoutCancel(r.opctx), r.record(outcome))
	r.result.Snapshot, r.result.Saved, r.result.Revision = snapshot, err == nil, snapshot.Revision
	if !r.mutates() {
		r.result.Revision = state.Revision{}
	}
	if err != nil {
		r.fail(diag.Errorf("The state could not be written", "%s. The state is as it was before; what was done since stands in the journal as far as that could be written.", err).
			Fix("Make room or repair the folder, then run erlmcp apply again: it takes up what was begun."))
	}
}

// record is what the history is told of this apply.
func (r *runner) record(outcome state.Outcome) state.Record {
	if !r.mutates() {
		return state.Record{} // nothing that the history tells of
	}
	failed := 0
	for _, s := range r.result.Steps {
		if s.Outcome == Failed {
			failed++
		}
	}
	putBack := 0
	for _, b := range r.result.RolledBack {
		if b.Err == nil {
			putBack++
		}
	}
	return state.Record{
		At: r.Now().UTC().Truncate(time.Second), Outcome: outcome, Plan: plan.Digest(r.Plan),
		Counts: state.Counts{
			Created: r.result.Created, Updated: r.result.Updated, Replaced: r.result.Replaced, Deleted: r.result.Deleted,
			Failed: failed, PutBack: putBack,
		},
	}
}

// journalFailed reports once that nothing more is started.
func (r *runner) journalFailed(err error) {
	r.journal.Do(func() {
		r.fail(diag.Errorf("The journal could not be written", "%s. No further operation was started.", err).
			Fix("Make room or repair the folder, then run erlmcp apply again: it takes up what was begun."))
	})
}

func (r *runner) fail(d *diag.Diagnostic) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.diags = append(r.diags, d)
}

// skip reports a step that is not started.
func (r *runner) skip(id int, because error) {
	s := r.Plan.Steps[id]
	var failed *graph.FailedError[int]
	if errors.As(because, &failed) {
		because = fmt.Errorf("%s failed", r.Plan.Steps[failed.Node].Address)
	} else {
		because = errors.New("the apply was stopped")
	}
	r.finished(s, Skipped, because, 0)
}

// finished reports the end of a step.
func (r *runner) finished(s plan.Step, outcome StepOutcome, err error, elapsed time.Duration) {
	if !s.Mutates() {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result.Steps = append(r.result.Steps, StepResult{Step: s, Outcome: outcome, Err: err})
	if r.Observer != nil {
		r.Observer.StepFinished(s, outcome, err, r.Now(), elapsed)
	}
}
