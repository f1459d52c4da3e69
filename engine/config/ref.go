package config

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
)

// Ref names an instance of a server on one target.
type Ref struct {
	Server address.Server
	Target address.Target
}

// Instance is a place for a server, settled when the configuration is loaded:
// how many there are and where never depends on something unknown.
type Instance struct {
	Ref
	// DependsOn are the instances that its expressions or depends_on mention.
	DependsOn []Ref
	Range     *diag.Range // of the server block's header
	// PreventDestroy refuses plans that delete or replace anything of it.
	PreventDestroy bool
}

// ExportType is what an expression sees of a server instance on one target:
// server.weather.url and so on. A null attribute is one that the server lacks.
var ExportType = cty.Object(map[string]cty.Type{
	"url":         cty.String, // of the MCP endpoint
	"address":     cty.String, // host name or IP address
	"port":        cty.Number,
	"metrics_url": cty.String,
})

// Output is an output block, evaluated. Value may be unknown.
type Output struct {
	Name        string
	Description string
	Sensitive   bool
	Value       cty.Value
}
