package plan

import (
	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/config"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/engine/state"
)

// Configuration is what a plan needs to know of the files that the user wrote.
type Configuration interface {
	// Instances are all places for servers, each after those that it depends on.
	Instances() []config.Instance
	// Evaluate gives one instance. What is not in the exports is unknown.
	Evaluate(config.Ref, *config.Exports) (resource.Instance, diag.List)
	// Outputs are the output blocks' values.
	Outputs(*config.Exports) ([]config.Output, diag.List)
	// Targets are the target blocks.
	Targets() []resource.Target
}

// Options say what to plan.
type Options struct {
	Configuration Configuration
	// Providers by kind of target.
	Providers map[string]resource.Provider
	State     *state.View
	Mode      Mode
	// Only restricts the plan to what these addresses cover (address.Covers) and
	// what that depends on. Empty means everything.
	Only []string
	// Replace are addresses of resources to replace even when nothing changed.
	Replace []string
	// Parallelism bounds how many targets are read at the same time; at least 1.
	Parallelism int
}
