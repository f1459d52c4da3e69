package schemas

// Smoke is a check of a server that runs.
type Smoke struct {
	_ struct{} `doc:"A check of the running server over MCP, after each change of it: either a call of a tool, or tools that must be listed. When a check fails, the apply fails, and the server is put back as it was before (see rollout)."`

	Call    string     `json:"call,omitempty" exactlyone:"check" doc:"Name of a tool to call."`
	With    string     `json:"with,omitempty" kind:"value" doc:"Arguments of the call, as an object."`
	Require Expression `json:"require,omitempty" doc:"What must hold of the answer, as a condition over result: result.is_error, result.text (all text, line by line), result.content (the list of contents, as MCP gives them) and result.structured. Default: !result.is_error."`
	Tools   []string   `json:"tools,omitempty" exactlyone:"check" doc:"Names of tools that must be listed."`
	Retries *int       `json:"retries,omitempty" default:"2" min:"0" max:"100" doc:"How often the check is tried again after it failed, with a growing pause between."`
	Timeout Duration   `json:"timeout,omitempty" default:"10s" doc:"Longest time for one try."`
}

// Rollout says how a server is changed.
type Rollout struct {
	_ struct{} `doc:"How a change of the server is carried out, and what becomes of one that fails."`

	Strategy       string `json:"strategy,omitempty" enum:"rolling,recreate,blue_green,canary" doc:"rolling replaces copies one after another; recreate ends the old before the new starts; blue_green brings up as many new copies beside the old, checks them, and switches; canary lets the new version answer a growing share of the requests, and watches it. Default: what the target does by itself, on Kubernetes rolling. Targets where one copy runs know recreate alone."`
	MaxUnavailable string `json:"max_unavailable,omitempty" doc:"How many copies may be missing during a change, as a number or in percent such as \"25%\". On Kubernetes. Default: 0."`
	MaxSurge       string `json:"max_surge,omitempty" doc:"How many copies there may be too many during a change, likewise. On Kubernetes. Default: 1."`

	HealthTimeout Duration `json:"health_timeout,omitempty" default:"60s" doc:"Longest wait for the server to become healthy after a change."`
	DrainTimeout  Duration `json:"drain_timeout,omitempty" doc:"Longest wait for calls in progress when the server is stopped for a change. Default, and the most that counts: limits.drain_timeout."`
	AutoRollback  *bool    `json:"auto_rollback,omitempty" default:"true" doc:"Whether a change that fails, or whose checks fail, is undone: the server is put back as it was before this apply. A server that was not there before is left as it is."`

	Canary *Canary `json:"canary,omitempty"`
}

// Canary says how the new version takes over, with the strategy canary.
type Canary struct {
	_ struct{} `doc:"The steps of the strategy canary. At each, the checks run, and then the new version is watched: when the share of its answers that are errors is more than 5 percentage points above that of the old version, or one of its copies fails, the change has failed."`

	Steps []float64 `json:"steps,omitempty" min:"1" max:"99" nonempty:"true" unit:"percent" doc:"Shares of the requests that the new version answers, rising. Afterwards it takes over. Default: [5, 25, 50]."`
	Hold  Duration  `json:"hold,omitempty" default:"2m" doc:"How long the new version is watched at each step."`
}
