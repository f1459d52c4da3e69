package config

import (
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/schemas"
)

// constant is what is known of a block inside of a server block. When its
// expressions mention nothing that differs from instance to instance, its value is
// decoded once, and all instances of a count or for_each hold the same one.
type constant struct {
	is    bool
	value cty.Value // NilVal until it has been decoded without anything to note
}

// nestedBlock is block for one inside of another.
func (d *decoder) nestedBlock(b *schemas.Block, at *site, w written) cty.Value {
	if w.made {
		d.made++
		defer func() { d.made-- }()
	}
	if d.made > 0 || d.files == nil {
		return d.block(b, at, w.body, w.ctx)
	}
	known, ok := d.c.constants.Load(w.body)
	if !ok {
		known = constant{is: d.c.isConstant(w.body, b)}
		d.c.constants.Store(w.body, known)
	}
	k := known.(constant)
	if k.value != cty.NilVal {
		return k.value
	}
	diags, pending, files := len(d.diags), len(d.pending), len(d.files.files)
	v := d.block(b, at, w.body, w.ctx)
	if k.is && len(d.diags) == diags && len(d.pending) == pending && len(d.files.files) == files {
		d.c.constants.Store(w.body, constant{is: true, value: v})
	}
	return v
}

// isConstant says whether a body mentions only what is the same for every instance
// and known before any server is.
func (c *Configuration) isConstant(body *hclsyntax.Body, b *schemas.Block) bool {
	mentioned := &collector{}
	mentioned.body(body, b)
	for _, r := range mentioned.refs {
		switch r.root() {
		case "var", "path", "input":
		case "local":
			if l := c.locals[r.step(1)]; l == nil || l.late {
				return false
			}
		default:
			return false
		}
	}
	return true
}
