package host

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/document"
)

// ProcessType is the type of the one resource of a server.
const ProcessType = "host_process"

var processType = &resource.Type{
	Name: ProcessType, Doc: "The folder and process of a server on this machine.",
	Attributes: []resource.Attribute{
		{Name: "folder", Type: cty.String, Replace: true, Unique: true, Doc: "Folder of the server."},
		document.Attribute(),
		document.FilesAttribute(),
		{Name: "runtime", Type: cty.String, Impact: resource.ImpactRestart, Doc: "SHA-256 of the erlmcpd of the current release."},
		{Name: "executable", Type: cty.String, Impact: resource.ImpactRestart, Doc: "SHA-256 of the program that runs, or would."},
		{Name: "running", Type: cty.Bool, Impact: resource.ImpactRestart, Doc: "Whether it runs, and answers."},
		{Name: "loaded", Type: cty.Bool, Impact: resource.ImpactRestart, Doc: "Whether the process has taken in the current release."},
		{Name: "marked", Type: cty.Bool, Doc: "Whether owner.json says whose the folder is."},
		{Name: "url", Type: cty.String, Doc: "URL of the MCP endpoint."},
		{Name: "address", Type: cty.String, Doc: "IP address or host name of the endpoint."},
		{Name: "port", Type: cty.Number, Doc: "Port of the endpoint."},
		{Name: "metrics_url", Type: cty.String, Doc: "URL of the metrics."},
		{Name: "pid", Type: cty.Number, Doc: "Process of the supervisor."},
		{Name: "release", Type: cty.String, Doc: "Name of the current release."},
	},
}
