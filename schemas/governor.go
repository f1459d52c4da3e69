package schemas

// Governor says when the server sheds work.
type Governor struct {
	_ struct{} `doc:"Sheds work before the server is short of memory or time. It is stable until memory, queue or waiting pass intervene_at of what they may be; then it is intervening, and refuses the work that is cheapest to lose: first lists and completions, then resources and prompts. Past refuse_at it is refusing: tool calls too. Pings, cancellations, initialize, discovery, log levels, tasks and health are never refused. A refusal is status 503 with Retry-After. It goes back when the pressure has been a fifth below the mark for hold."`

	Enabled     *bool    `json:"enabled,omitempty" default:"true" doc:"Whether work is shed. Without it only the limits hold."`
	InterveneAt float64  `json:"intervene_at,omitempty" default:"0.75" min:"0.1" max:"1" doc:"Share of memory, of the queue or of queue_wait from which the server intervenes."`
	RefuseAt    float64  `json:"refuse_at,omitempty" default:"0.9" min:"0.1" max:"1" doc:"Share from which it refuses tool calls; above intervene_at."`
	QueueWait   Duration `json:"queue_wait,omitempty" default:"5s" doc:"How long calls may wait for a worker, on average over the last moments."`
	Hold        Duration `json:"hold,omitempty" default:"1s" doc:"How long the pressure must have been low before more work is taken again."`
}
