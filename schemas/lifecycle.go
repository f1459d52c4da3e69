package schemas

// Lifecycle bounds what a plan may do to a server.
type Lifecycle struct {
	_ struct{} `doc:"Bounds what a plan may do to the server."`

	PreventDestroy bool `json:"prevent_destroy,omitempty" doc:"Whether a plan is refused that would delete or replace anything of the server. It protects as long as the block stands in the configuration."`
}
