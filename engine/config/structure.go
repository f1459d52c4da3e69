package config

import (
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/schemas"
)

// checkStructure checks the names in a server block that has no instances, whose
// expressions are never evaluated.
func (c *Configuration) checkStructure(s *server) diag.List {
	d := c.decoder(nil)
	d.structure(schemas.Describe[schemas.Server](), schemas.Describe[schemas.Placement](), &site{what: "server", label: s.name, header: s.at}, s.body)
	return d.diags
}

func (d *decoder) structure(b, besides *schemas.Block, at *site, body *hclsyntax.Body) {
	d.unknownAttributes(b, besides, at, body)
	for _, a := range b.Attributes {
		if a.Required && !a.Internal && body.Attributes[a.Name] == nil {
			d.missing(a, at, at.header)
		}
	}
	for _, inner := range body.Blocks {
		name, content := inner.Type, inner.Body
		if name == "dynamic" {
			dyn, e := readDynamic(inner)
			if e != nil {
				d.add(e)
				continue
			}
			name, content = dyn.block, dyn.content.Body
		}
		n := b.Nested(name)
		if n == nil && besides != nil {
			n = besides.Nested(name)
		}
		if n == nil {
			d.add(d.noSuchBlock(b, at, &hclsyntax.Block{Type: name, TypeRange: inner.TypeRange, OpenBraceRange: inner.OpenBraceRange}))
			continue
		}
		d.structure(n.Block, nil, &site{what: n.Name, header: inner.DefRange()}, content)
	}
}
