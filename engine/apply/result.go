package apply

import (
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/config"
	"github.com/erlmcp/erlmcp/engine/plan"
	"github.com/erlmcp/erlmcp/engine/state"
)

// Result is what an apply came to, whether it failed or not.
type Result struct {
	// Snapshot is the state afterwards. When it could not be written, Saved is
	// false: the journal holds what was done, and the next apply takes it up.
	Snapshot *state.Snapshot
	Saved    bool
	// Revision is that of this apply; its Number is 0 when there was nothing to do.
	Revision state.Revision
	// Created, Updated and Deleted count operations that were carried out; a
	// replacement counts as Replaced only.
	Created, Updated, Replaced, Deleted int
	// RolledBack are the servers that were put back after a change of them failed.
	RolledBack []Rollback
	// Steps are those that change the world, with how they ended.
	Steps []StepResult
}

// StepResult is how one step ended.
type StepResult struct {
	Step    plan.Step
	Outcome StepOutcome
	Err     error
}

// Rollback tells that a server was put back, or that this failed.
type Rollback struct {
	Server config.Ref
	// Revision is the apply that left the server as it is again.
	Revision int
	Err      error // nil when the server is back
}

// count counts the steps that were done.
func (r *Result) count() {
	deleted := map[address.Resource]bool{}
	for _, s := range r.Steps {
		if s.Outcome == Done && s.Step.Action == plan.Delete {
			deleted[s.Step.Address] = true
			r.Deleted++
		}
	}
	for _, s := range r.Steps {
		switch {
		case s.Outcome != Done:
		case s.Step.Action == plan.Create && deleted[s.Step.Address]:
			r.Deleted--
			r.Replaced++
		case s.Step.Action == plan.Create:
			r.Created++
		case s.Step.Action == plan.Update && !s.Step.Stage.Partial():
			r.Updated++
		}
	}
}

// Undone reports whether a step was not done.
func (r *Result) Undone() bool {
	for _, s := range r.Steps {
		if s.Outcome == Failed || s.Outcome == Skipped {
			return true
		}
	}
	return false
}
