package host

import (
	"sync"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/document"
)

// ProcessType is the type of the one resource of a server.
const ProcessType = "host_process"

var processType = sync.OnceValue(func() *resource.Type {
	return &resource.Type{
		Name: ProcessType, Doc: "The folder and process of a server on this machine.",
		Follows: resource.Below("executable", "loaded", "marked", "running"),
		Attributes: []resource.Attribute{
			{Name: "folder", Type: cty.String, Replace: true, Unique: placeOf, Doc: "Folder of the server."},
			ofDocument(),
			document.FilesAttribute(),
			{Name: "runtime", Type: cty.String, Impact: resource.ImpactRolling, Doc: "SHA-256 of the erlmcpd of the current release."},
			{Name: "executable", Type: cty.String, Impact: resource.ImpactRolling, Doc: "SHA-256 of the program that runs, or would."},
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
})

// ofDocument is the document, of which most that a running server cannot change is
// taken in by a new process that takes over from it.
func ofDocument() resource.Attribute {
	a := document.Attribute()
	a.ImpactAt = func(path cty.Path) resource.Impact {
		if impact := document.ImpactAt(path); impact != resource.ImpactRestart || movesServer(path) {
			return impact
		}
		return resource.ImpactRolling
	}
	return a
}

// movesServer reports whether clients no longer find the server after a change at
// the path as they did: at another address, or with TLS where there was none.
func movesServer(path cty.Path) bool {
	if len(path) == 0 {
		return true // any part may have changed
	}
	switch path[0].(cty.GetAttrStep).Name {
	case "listen", "name":
		return true
	case "tls":
		return len(path) == 1
	}
	return false
}
