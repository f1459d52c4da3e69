package docker

import (
	"sync"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/document"
)

// The types of resources.
const (
	NetworkType   = "docker_network"
	ImageType     = "docker_image"
	VolumeType    = "docker_volume"
	ContainerType = "docker_container"
)

// The labels that objects bear. An image bears none of them, since its content
// must not depend on whose it is; its name says that.
const (
	LabelLineage  = "dev.erlmcp.lineage"  // of the state that it belongs to
	LabelAddress  = "dev.erlmcp.address"  // of its resource
	LabelRevision = "dev.erlmcp.revision" // of the apply that created it
	LabelDigest   = "dev.erlmcp.digest"   // SHA-256 of the settings that it was created with
	LabelServer   = "dev.erlmcp.server"   // of containers: address of the server
)

var networkType = &resource.Type{
	Name: NetworkType, Doc: "The bridge network that the containers of a target join.",
	Attributes: []resource.Attribute{
		{Name: "name", Type: cty.String, Replace: true, Doc: "Name of the network."},
		{Name: "driver", Type: cty.String, Replace: true, Doc: "Kind of the network."},
		{Name: "id", Type: cty.String, Doc: "Identifier that the engine gave it."},
	},
}

var imageType = &resource.Type{
	Name: ImageType, Doc: "The image of the runtime, made here and loaded into the engine.",
	Attributes: []resource.Attribute{
		{Name: "repository", Type: cty.String, Replace: true, Doc: "Name of the image, without tag."},
		{Name: "platform", Type: cty.String, Doc: "Operating system and architecture."},
		{Name: "digest", Type: cty.String, Doc: "Digest of the image's configuration."},
		{Name: "reference", Type: cty.String, Doc: "Name and tag of the image; the tag says whose it is."},
	},
}

var volumeType = &resource.Type{
	Name: VolumeType, Doc: "A volume of a server: the one with its document and files, or one for data that it keeps.",
	Attributes: []resource.Attribute{
		{Name: "name", Type: cty.String, Replace: true, Doc: "Name of the volume."},
		{Name: "driver", Type: cty.String, Replace: true, Doc: "Where the engine keeps it."},
	},
}

var securityType = cty.Object(map[string]cty.Type{
	"user":        cty.String,
	"read_only":   cty.Bool,
	"privileged":  cty.Bool,
	"drop":        cty.List(cty.String),
	"add":         cty.List(cty.String),
	"options":     cty.List(cty.String),
	"host_spaces": cty.List(cty.String),
})

var healthType = cty.Object(map[string]cty.Type{
	"command":      cty.List(cty.String),
	"interval":     cty.String,
	"timeout":      cty.String,
	"start_period": cty.String,
	"retries":      cty.Number,
})

// A container changes its settings by being made anew. That is an update all the
// same: the writer keeps the old one until the new one is well.
var containerType = sync.OnceValue(func() *resource.Type {
	return &resource.Type{
		Name: ContainerType, Doc: "The container of a server.",
		Follows: resource.Below("command", "health", "labels", "security", "loaded", "running"),
		Attributes: []resource.Attribute{
			{Name: "name", Type: cty.String, Impact: resource.ImpactReplace, Doc: "Name of the container."},
			{Name: "image", Type: cty.String, Impact: resource.ImpactReplace, Doc: "Digest of the image that it runs."},
			{Name: "command", Type: cty.List(cty.String), Impact: resource.ImpactReplace, Doc: "Program and arguments."},
			document.Attribute(),
			document.FilesAttribute(),
			{Name: "network", Type: cty.String, Impact: resource.ImpactReplace, Doc: "Network that it joined."},
			{Name: "ports", Type: cty.Map(cty.String), Impact: resource.ImpactReplace, Doc: "Address and port of the engine's machine by port of the container; port 0 is picked by the engine."},
			{Name: "mounts", Type: cty.Map(cty.String), Impact: resource.ImpactReplace, Doc: "What is mounted, by path in the container."},
			{Name: "security", Type: securityType, Impact: resource.ImpactReplace, Doc: "What the container may not do."},
			{Name: "health", Type: healthType, Impact: resource.ImpactReplace, Doc: "How the engine finds out whether the server is well."},
			{Name: "labels", Type: cty.Map(cty.String), Impact: resource.ImpactReplace, Doc: "Labels that do not change with the revision."},
			{Name: "memory", Type: cty.Number, Doc: "Limit of memory in bytes."},
			{Name: "cpu", Type: cty.Number, Doc: "Limit of processor time in cores."},
			{Name: "processes", Type: cty.Number, Doc: "Limit of processes and threads."},
			{Name: "restart", Type: cty.String, Doc: "When the engine starts it again."},
			{Name: "running", Type: cty.Bool, Impact: resource.ImpactRestart, Doc: "Whether it runs, and the engine's health check does not find it hung."},
			{Name: "loaded", Type: cty.Bool, Impact: resource.ImpactRestart, Doc: "Whether the server has taken in the document and files that stand in its volume."},
			{Name: "url", Type: cty.String, Doc: "URL of the MCP endpoint."},
			{Name: "address", Type: cty.String, Doc: "IP address or host name of the endpoint."},
			{Name: "port", Type: cty.Number, Doc: "Port of the endpoint."},
			{Name: "metrics_url", Type: cty.String, Doc: "URL of the metrics."},
			{Name: "id", Type: cty.String, Doc: "Identifier that the engine gave it."},
		},
	}
})
