package config

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/erlmcp/erlmcp/diag"
)

// Format gives a file its canonical form. A file with syntax errors is not
// formatted: formatting could hide what is wrong.
func Format(name string, src []byte) ([]byte, diag.List) {
	if d := unreadable(name, src); d != nil {
		return nil, diag.List{d}
	}
	if _, hd := hclsyntax.ParseConfig(src, name, hcl.InitialPos); hd.HasErrors() {
		return nil, diag.FromHCL(hd)
	}
	return hclwrite.Format(src), nil
}
