package resource

import (
	"fmt"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
)

// Strategy is a way to change a server.
type Strategy string

const (
	Rolling   Strategy = "rolling"    // one copy after another
	Recreate  Strategy = "recreate"   // the old ends before the new begins
	BlueGreen Strategy = "blue_green" // the new comes up beside the old, and takes over at once
	Canary    Strategy = "canary"     // the new takes over little by little, while it is watched
)

// Rollout says how a server is changed. The zero value stands for the defaults.
type Rollout struct {
	Strategy Strategy // "" is what the target does by itself
	// MaxUnavailable and MaxSurge bound how many copies are missing, and how many
	// there are too many, during a change: a count or a percentage such as "25%";
	// "" for the target's own.
	MaxUnavailable, MaxSurge string
	// Steps are how many percent of the requests a canary answers, in rising order,
	// before it takes over.
	Steps []int
	// Hold is how long a canary is watched at each of its steps.
	Hold time.Duration
	// HealthTimeout is the longest wait for health; 0 for the provider's own.
	HealthTimeout time.Duration
	// DrainTimeout is the longest wait for calls in progress before a stop; 0 for
	// the server's own.
	DrainTimeout time.Duration
	// LeaveFailed says that a change that fails is not undone.
	LeaveFailed bool
}

// Smoke is a check of a running server: a call of a tool, or a look at which
// tools it lists.
type Smoke struct {
	Name string
	// Call names the tool to call; "" for a check of Tools.
	Call string
	// With is the JSON text of the arguments, an object; null for none. Unknowns
	// and marks as in Desired.Values.
	With cty.Value
	// Require decides about the answer. When it is nil, an answer that is an error
	// fails the check.
	Require *Condition
	// Tools must be listed.
	Tools   []string
	Retries int           // after the first try
	Timeout time.Duration // of one try
}

// ResultType is the type of what a call brought, as a Condition sees it.
var ResultType = cty.Object(map[string]cty.Type{
	"is_error":   cty.Bool,
	"text":       cty.String,            // all text contents, line by line
	"content":    cty.DynamicPseudoType, // a list of contents, as MCP gives them
	"structured": cty.DynamicPseudoType, // structuredContent; null when there is none
})

// Condition is a condition over a result.
type Condition struct {
	Source string // as it was written
	// Holds evaluates it for a value of ResultType. The error says why that cannot
	// be done, and holds no secret.
	Holds func(result cty.Value) (bool, error)
}

// OneCopy refuses a rollout on a target where one copy of a server runs: nothing
// can stand beside it there. The diagnostic is nil when there is nothing to refuse.
func (in Instance) OneCopy() *diag.Diagnostic {
	r := in.Rollout
	what := ""
	switch {
	case r.Strategy != "" && r.Strategy != Recreate:
		what = fmt.Sprintf("strategy = %q", r.Strategy)
	case r.MaxUnavailable != "":
		what = "max_unavailable"
	case r.MaxSurge != "":
		what = "max_surge"
	default:
		return nil
	}
	d := diag.Errorf("The rollout cannot be carried out", "%s has %s in its block rollout, and on %s one copy of a server runs: nothing can stand beside it.", in.Address, what, in.Target.Address).
		Fix("Leave it out: the server is reloaded where that is enough, and else drained and started anew. Several copies run on targets of the kind kubernetes.")
	d.Address = in.Address.String()
	return d
}
