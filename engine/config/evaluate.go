package config

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/schemas"
)

// evaluate decodes the body of an instance. It changes nothing but known's caches.
func (c *Configuration) evaluate(p *place, known *Exports) (resource.Instance, diag.List) {
	s := p.server
	ctx, diags := p.each, diag.List(nil)
	if len(s.serverRefs) > 0 || len(s.lateLocals) > 0 {
		if ctx, diags = c.withServers(p.each, s.refs, p.mentions, known); diags.HasErrors() {
			return resource.Instance{}, diags
		}
	}
	d := c.decoder(&shipment{})
	d.besides = schemas.Describe[schemas.Placement]()
	at := &site{what: "server", label: s.name, header: s.at, internal: map[string]cty.Value{"name": cty.StringVal(s.name)}}
	document := d.lower(d.block(schemas.Describe[schemas.Server](), at, s.body, ctx), at, s.body)
	placement, smokes := d.placement(at, s.body, ctx)
	diags = append(diags, d.diags...)
	diags.Sort()
	for _, e := range diags {
		if e.Address == "" {
			e.Address = p.address.String()
		}
	}
	return resource.Instance{
		Address: p.address, Target: c.target(p.target),
		Document: document, Placement: placement, Smokes: smokes, Rollout: rolloutOf(placement), Files: d.files.finish(),
	}, diags
}

// blockRange is the header of a nested block, or otherwise when a dynamic block
// made it.
func blockRange(body *hclsyntax.Body, name, label string, otherwise hcl.Range) hcl.Range {
	for _, b := range body.Blocks {
		if b.Type == name && len(b.Labels) == 1 && b.Labels[0] == label {
			return b.DefRange()
		}
	}
	return otherwise
}
