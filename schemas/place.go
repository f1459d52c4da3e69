package schemas

// Expression stands for an attribute that is not a plain value: the
// configuration keeps its source.
type Expression struct{}

// Placement is the part of a server block that says where and how often; it is
// not part of the runtime document.
type Placement struct {
	_ struct{} `doc:"Where a server runs, and how many of it."`

	Target    Expression `json:"target" required:"true" doc:"The target that it runs on, such as target.docker.local, or a list of targets. erlmcp serve needs none."`
	Enabled   *bool      `json:"enabled,omitempty" default:"true" doc:"Whether the server exists. false removes it, and keeps its block."`
	Count     Expression `json:"count,omitempty" atmostone:"instances" doc:"How many instances; count.index tells them apart."`
	ForEach   Expression `json:"for_each,omitempty" atmostone:"instances" doc:"A map or set of strings: one instance for each; each.key and each.value tell them apart."`
	DependsOn Expression `json:"depends_on,omitempty" doc:"Servers that are applied before this one, such as [server.db]."`

	Lifecycle  *Lifecycle        `json:"lifecycle,omitempty"`
	Scale      *Scale            `json:"scale,omitempty"`
	Kubernetes *Kubernetes       `json:"kubernetes,omitempty"`
	GKE        *GKE              `json:"gke,omitempty"`
	Rollout    *Rollout          `json:"rollout,omitempty"`
	Smokes     map[string]*Smoke `json:"smoke,omitempty" label:"text"`
}
