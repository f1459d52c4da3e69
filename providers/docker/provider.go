package docker

import (
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/image"
	"github.com/erlmcp/erlmcp/schemas"
)

// Provider serves targets of the kind "docker". Use [New].
type Provider struct {
	images map[string]func() (*image.Image, error) // by architecture, each made once
}

var _ resource.Provider = (*Provider)(nil)

// New returns the provider.
func New() *Provider {
	return &Provider{images: image.Builders(schemas.Describe[schemas.DockerTarget]().Attribute("arch").Enum...)}
}

// Kind is "docker".
func (*Provider) Kind() string { return "docker" }

// Schema describes a target block.
func (*Provider) Schema() *schemas.Block { return schemas.Describe[schemas.DockerTarget]() }

// Types are the network, image, volume and container.
func (*Provider) Types() []*resource.Type {
	return []*resource.Type{networkType, imageType, volumeType, containerType()}
}
