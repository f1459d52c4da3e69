package kubernetes

import (
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/image"
	"github.com/erlmcp/erlmcp/schemas"
)

// Provider serves targets of the kind "kubernetes". Use [New].
type Provider struct {
	images map[string]func() (*image.Image, error) // by architecture, each made once
}

var _ resource.Provider = (*Provider)(nil)

// New returns the provider.
func New() *Provider {
	return &Provider{images: image.Builders(schemas.Describe[schemas.KubernetesTarget]().Attribute("arch").Enum...)}
}

// Kind is "kubernetes".
func (*Provider) Kind() string { return "kubernetes" }

// Schema describes a target block.
func (*Provider) Schema() *schemas.Block { return schemas.Describe[schemas.KubernetesTarget]() }

// Types are the image and the kinds of objects.
func (*Provider) Types() []*resource.Type { return resourceTypes() }
