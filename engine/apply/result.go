package apply

import (
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
	// Steps are those that change the world, with how they ended.
	Steps []StepResult
}

// StepResult is how one step ended.
type StepResult struct {
	Step    plan.Step
	Outcome StepOutcome
	Err     error
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
