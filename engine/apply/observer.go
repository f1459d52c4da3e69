package apply

import (
	"time"

	"github.com/erlmcp/erlmcp/engine/plan"
)

// Observer is told what happens while it happens. Calls come one at a time; an
// observer that is slow slows the apply. Steps that change only the state
// (plan.Record, plan.Forget) are not told.
type Observer interface {
	// StepStarted comes when a step's operation begins.
	StepStarted(step plan.Step, at time.Time)
	// StepProgress says what a step waits for.
	StepProgress(step plan.Step, message string, at time.Time)
	// StepFinished comes once for each step, also for one that was never
	// started (Skipped, with a zero elapsed).
	StepFinished(step plan.Step, outcome StepOutcome, err error, at time.Time, elapsed time.Duration)
}

// StepOutcome is how a step ended.
type StepOutcome string

const (
	Done      StepOutcome = "done"
	Unchanged StepOutcome = "unchanged" // what was not known when planning came out as it already was
	Failed    StepOutcome = "failed"    // err says why
	Undone    StepOutcome = "undone"    // it was done, and undone when a change of the same server failed; only in a Result
	Standing  StepOutcome = "standing"  // a stage was made, and the apply was stopped while what is new was watched
	Skipped   StepOutcome = "skipped"   // something it depends on failed, or the apply was stopped; err says which
)
