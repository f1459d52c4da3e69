package gke

import (
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/kubernetes"
	"github.com/erlmcp/erlmcp/schemas"
)

// Kind is the kind of targets that this provider serves.
const Kind = "gke"

// Provider serves targets of the kind "gke". Use [New].
type Provider struct {
	servers *kubernetes.Provider
}

var _ resource.Provider = (*Provider)(nil)

// New returns the provider. The servers in clusters are the Kubernetes provider's.
func New(servers *kubernetes.Provider) *Provider { return &Provider{servers} }

// Kind is "gke".
func (*Provider) Kind() string { return Kind }

// Schema describes a target block.
func (*Provider) Schema() *schemas.Block { return schemas.Describe[schemas.GKETarget]() }

// Types are those of this package, and those of the servers in clusters.
func (p *Provider) Types() []*resource.Type {
	return append(append([]*resource.Type{}, resourceTypes...), p.servers.Types()...)
}
