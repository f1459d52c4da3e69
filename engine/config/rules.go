package config

import (
	"net/netip"
	"slices"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/schemas"
)

// rules checks what tags cannot say of a block and the document does not show, and
// rewrites the paths of resources. waiting is how many templates waited before the block.
func (d *decoder) rules(b *schemas.Block, at *site, body *hclsyntax.Body, values map[string]cty.Value, waiting int) {
	for _, n := range b.Blocks {
		if n.Label == schemas.LabelInput {
			d.inputRules(n, body, values, waiting)
		}
	}
	switch b {
	case schemas.Describe[schemas.Server]():
		d.serverRules(at, body, values)
	case schemas.Describe[schemas.Listen](), schemas.Describe[schemas.Metrics]():
		d.addressRule(body, values)
	case schemas.Describe[schemas.TLS]():
		d.tlsRules(at, body, values)
	case schemas.Describe[schemas.Resource]():
		d.ship(at, body, values)
	}
}

// wrong notes what is wrong with an attribute. The text must not quote the value,
// which may be sensitive.
func (d *decoder) wrong(body *hclsyntax.Body, name, detail string, args ...any) *diag.Diagnostic {
	e := diag.Errorf("Wrong value", name+": "+detail, args...)
	if a := body.Attributes[name]; a != nil {
		at := a.Expr.Range()
		e.At(diag.FromRange(&at))
	}
	d.add(e)
	return e
}

// inputRules checks the templates of a tool, prompt or resource template against
// its inputs.
func (d *decoder) inputRules(n *schemas.Nested, body *hclsyntax.Body, values map[string]cty.Value, waiting int) {
	var names []string
	if v := values[n.Name]; !v.IsNull() {
		for it := v.ElementIterator(); it.Next(); {
			k, _ := it.Element()
			names = append(names, k.AsString())
		}
	}
	if v, ok := values["uri"]; ok {
		parameters, known := d.uriParameters(body, v, names)
		if !known {
			d.pending = d.pending[:waiting]
			return
		}
		names = parameters
	}
	if v, ok := values["input_schema"]; ok && !v.IsNull() {
		src, known := text(v)
		fromSchema, ok := schemaInputs(src)
		if !known || !ok {
			d.pending = d.pending[:waiting]
			return
		}
		names = fromSchema
	}
	d.checkInputs(names, waiting)
}

// uriParameters are the parameters in the URI of a resource template, among which
// those that have a block must be. They are not known for a URI that is wrong or
// not known itself.
func (d *decoder) uriParameters(body *hclsyntax.Body, v cty.Value, blocks []string) ([]string, bool) {
	uri, known := text(v)
	if !known {
		return nil, false
	}
	parts, err := schemas.ParseURITemplate(uri)
	if err != nil {
		d.wrong(body, "uri", "%v.", err).Fix("Write parameters in braces, such as \"docs://{language}/{+path}\".")
		return nil, false
	}
	parameters := schemas.URIParameters(parts)
	for _, name := range blocks {
		if !slices.Contains(parameters, name) {
			d.wrong(body, "uri", "it has no parameter %s, which has a block.", name).Fix("Put it into the URI in braces, or remove the block.")
		}
	}
	return parameters, true
}

func (d *decoder) serverRules(at *site, body *hclsyntax.Body, values map[string]cty.Value) {
	tools, resources := values["tool"], values["resource"]
	if tools.IsNull() {
		return
	}
	var known []string
	if !resources.IsNull() {
		known = sortedKeys(resources.AsValueMap())
	}
	for name, tool := range tools.AsValueMap() {
		search := tool.GetAttr("search")
		if search.IsNull() {
			continue
		}
		list := search.GetAttr("resources")
		if list.IsNull() || list.ContainsMarked() || !list.IsWhollyKnown() {
			continue
		}
		for _, r := range list.AsValueSlice() {
			if slices.Contains(known, r.AsString()) {
				continue
			}
			e := diag.Errorf("Reference to nothing", "The tool %q searches the resource %q, which the server does not have.", name, r.AsString()).
				At(diag.FromRange(ptr(blockRange(body, "tool", name, at.header))))
			if near := diag.Suggest(r.AsString(), known); near != "" {
				e.Fix("Did you mean %q?", near)
			} else {
				e.Fix("Its resources are %s.", listOf(known))
			}
			d.add(e)
		}
	}
}

func (d *decoder) addressRule(body *hclsyntax.Body, values map[string]cty.Value) {
	if s, known := text(values["address"]); known {
		if _, err := netip.ParseAddr(s); err != nil {
			d.wrong(body, "address", "it is not an IP address.").Fix("Write one, such as \"127.0.0.1\", or \"0.0.0.0\" for every interface.")
		}
	}
}

func (d *decoder) tlsRules(at *site, body *hclsyntax.Body, values map[string]cty.Value) {
	mode, known := text(values["client_auth"])
	if known && mode != "none" && values["client_ca"].IsNull() && values["client_ca_file"].IsNull() {
		d.wrong(body, "client_auth", "%q needs the authorities that sign client certificates.", mode).Fix("Give client_ca or client_ca_file in %s.", at.what)
	}
}
