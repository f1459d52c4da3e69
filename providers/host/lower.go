package host

import (
	"path/filepath"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/document"
)

// Lower turns an instance into one process.
func (p *Provider) Lower(in resource.Instance) (resource.Lowered, diag.List) {
	runtime, err := p.runtime()
	if err != nil {
		return resource.Lowered{}, diag.FromError(err)
	}
	if d := in.OneCopy(); d != nil {
		return resource.Lowered{}, diag.List{d}
	}
	at := address.Resource{Server: in.Address, Target: in.Target.Address, Part: "process"}
	endpoint := document.EndpointOf(in.Document,
		document.FixedPort(document.Setting(in.Document, "listen", "port")),
		document.FixedPort(document.Setting(in.Document, "metrics", "port")), loopback)
	values := map[string]cty.Value{
		"folder":      cty.NullVal(cty.String), // where the machine's default is
		"document":    in.Document,
		"files":       document.Files(in.Files),
		"runtime":     cty.StringVal(runtime.SHA256),
		"executable":  cty.StringVal(runtime.SHA256),
		"running":     cty.True,
		"loaded":      cty.True,
		"marked":      cty.True,
		"url":         endpoint.URL,
		"address":     endpoint.Address,
		"port":        endpoint.Port,
		"metrics_url": endpoint.MetricsURL,
	}
	if root := givenRoot(in.Target); root != "" {
		values["folder"] = cty.StringVal(filepath.Join(root, in.Address.Slug()))
	}
	process := resource.Desired{Address: at, Type: ProcessType, Values: object(values), DependsOn: in.DependsOn, Files: in.Files}
	return resource.Lowered{Resources: []resource.Desired{process}, Endpoint: at}, nil
}

// loopback is where a server that listens on every address is reached from here.
const loopback = "127.0.0.1"

// object fills in null for the attributes that are not given.
func object(given map[string]cty.Value) cty.Value {
	for _, a := range processType().Attributes {
		if _, ok := given[a.Name]; !ok {
			given[a.Name] = cty.NullVal(a.Type)
		}
	}
	return cty.ObjectVal(given)
}
