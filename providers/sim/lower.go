package sim

import (
	"sync"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/document"
)

// The types of resources.
const (
	NetworkType = "sim_network"
	ProcessType = "sim_process"
)

var networkType = &resource.Type{
	Name: NetworkType, Doc: "The network that the processes of a target join.",
	Attributes: []resource.Attribute{
		{Name: "name", Type: cty.String, Replace: true, Doc: "Name of the network."},
		{Name: "id", Type: cty.String, Doc: "Identifier that the target gave it."},
		{Name: "annotations", Type: cty.Map(cty.String), Doc: "What others noted on it."},
	},
}

var processType = sync.OnceValue(func() *resource.Type {
	return &resource.Type{
		Name: ProcessType, Doc: "The process of a server.",
		Attributes: []resource.Attribute{
			{Name: "name", Type: cty.String, Replace: true, Doc: "Name of the process."},
			document.Attribute(),
			document.FilesAttribute(),
			{Name: "network", Type: cty.String, Replace: true, Doc: "Network that it joined."},
			{Name: "title", Type: cty.String, Doc: "What the process list shows."},
			{Name: "memory", Type: cty.String, Impact: resource.ImpactRestart, Doc: "Limit of memory."},
			{Name: "beside", Type: cty.String, Doc: "The stage of a change that stands beside it; \"\" for none."},
			{Name: "running", Type: cty.Bool, Impact: resource.ImpactRestart, Doc: "Whether it runs."},
			{Name: "port", Type: cty.Number, Replace: true, Doc: "Port of the endpoint."},
			{Name: "metrics_port", Type: cty.Number, Replace: true, Doc: "Port of the metrics."},
			{Name: "address", Type: cty.String, Doc: "IP address of the endpoint."},
			{Name: "url", Type: cty.String, Doc: "URL of the MCP endpoint."},
			{Name: "metrics_url", Type: cty.String, Doc: "URL of the metrics."},
			{Name: "id", Type: cty.String, Doc: "Identifier that the target gave it."},
			{Name: "annotations", Type: cty.Map(cty.String), Doc: "What others noted on it."},
		},
	}
})

// Lower turns an instance into a process, and the network that the target's
// servers share. Ports that are to be picked, and what follows from them, are
// unknown.
func (p *Provider) Lower(in resource.Instance) (resource.Lowered, diag.List) {
	network := resource.Desired{Address: address.Resource{Target: in.Target.Address, Part: "network"}, Type: NetworkType}
	values := null(networkType)
	values["name"] = cty.StringVal(in.Target.Address.Name)
	values["id"] = cty.UnknownVal(cty.String)
	network.Values = cty.ObjectVal(values)

	process := resource.Desired{
		Address: address.Resource{Server: in.Address, Target: in.Target.Address, Part: "process"},
		Type:    ProcessType, Files: in.Files,
		DependsOn: append([]address.Resource{network.Address}, in.DependsOn...),
	}
	doc := in.Document
	port := picked(document.Setting(doc, "listen", "port"))
	metrics := picked(document.Setting(doc, "metrics", "port"))
	endpoint := document.EndpointOf(doc, port, metrics, "127.0.0.1")
	values = null(processType())
	values["name"] = cty.StringVal(in.Address.Slug())
	values["document"] = doc
	values["files"] = document.Files(in.Files)
	values["network"] = cty.StringVal(in.Target.Address.Name)
	values["title"] = doc.GetAttr("title")
	values["memory"] = document.Setting(doc, "limits", "memory")
	values["running"], values["beside"] = cty.True, cty.StringVal("")
	values["port"], values["metrics_port"] = port, metrics
	values["address"], values["url"], values["metrics_url"] = endpoint.Address, endpoint.URL, endpoint.MetricsURL
	values["id"] = cty.UnknownVal(cty.String)
	process.Values = cty.ObjectVal(values)
	process.Stages = in.Rollout.Stages(false)
	return resource.Lowered{Resources: []resource.Desired{network, process}, Endpoint: process.Address}, nil
}

// picked is a port as it will be: unknown when the target picks it (0).
func picked(v cty.Value) cty.Value {
	plain, marks := v.Unmark()
	if plain.IsKnown() && !plain.IsNull() && plain.RawEquals(cty.Zero) {
		return cty.UnknownVal(cty.Number).WithMarks(marks)
	}
	return v
}
