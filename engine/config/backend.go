package config

import (
	"encoding/json"
	"maps"
	"os"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/schemas"
)

// Backend is a backend block: where the state lies. What it leaves out is given
// when it is set up.
type Backend struct {
	Kind  string
	Range *diag.Range
	// Written are the values that the block gives, as JSON by name.
	Written map[string]json.RawMessage

	c     *Configuration
	block *hclsyntax.Block
}

// ReadBackend reads nothing but the backend block of a folder, so that a state can
// be found whatever else is wrong there. It returns nil when there is none, and
// when there are no files. sources are as [Configuration.Sources].
func ReadBackend(dir string, environ []string) (b *Backend, sources map[string][]byte, diags diag.List) {
	if names, err := namesIn(dir, func(name string) bool { return strings.HasSuffix(name, Extension) }); err != nil || len(names) == 0 {
		return nil, nil, nil
	}
	c := &Configuration{dir: dir, opts: Options{Environ: environ}, sources: map[string][]byte{}, declarations: &declarations{}}
	if diags = c.open(); diags.HasErrors() {
		return nil, nil, diags
	}
	bodies, diags := c.read()
	if diags.HasErrors() {
		return nil, c.sources, diags
	}
	for _, body := range bodies {
		for _, settings := range body.Blocks {
			if settings.Type != "erlmcp" {
				continue
			}
			for _, inner := range settings.Body.Blocks {
				if inner.Type == "backend" {
					diags = append(diags, c.declareBackend(inner)...)
				}
			}
		}
	}
	return c.backend, c.sources, diags
}

// declareBackend takes up a block. Which values it needs is found out when it is
// set up.
func (c *Configuration) declareBackend(b *hclsyntax.Block) diag.List {
	at := b.DefRange()
	kinds := schemas.Backends()
	if len(b.Labels) != 1 {
		return diag.List{diag.Errorf("Wrong labels of a block", "The block \"backend\" has %s, but needs one: its kind.", plural(len(b.Labels), "label")).
			At(diag.FromRange(&at)).Fix("Write backend \"KIND\" { … }; the kinds are %s.", listOf(sortedKeys(kinds)))}
	}
	kind := b.Labels[0]
	schema := kinds[kind]
	if schema == nil {
		d := diag.Errorf("Unknown kind of backend", "There is no backend %q; there are %s.", kind, listOf(sortedKeys(kinds))).At(diag.FromRange(&b.LabelRanges[0]))
		if near := diag.Suggest(kind, sortedKeys(kinds)); near != "" {
			d.Fix("Did you mean %q?", near)
		}
		return diag.List{d}
	}
	if c.backend != nil {
		return diag.List{diag.Errorf("Declared twice", "There is a backend here and one at %s.", c.backend.Range).At(diag.FromRange(&at)).Fix("Keep one.")}
	}
	d := c.decoder(nil)
	written := map[string]json.RawMessage{}
	for name, a := range b.Body.Attributes {
		v, ok := d.value(a.Expr, constants(c.root))
		if !ok {
			continue
		}
		raw, err := ctyjson.Marshal(v, v.Type())
		if err != nil {
			at := a.Expr.Range()
			d.add(diag.Errorf("Not a constant", "%q of a backend must be a plain value: %v.", name, err).At(diag.FromRange(&at)))
			continue
		}
		written[name] = raw
	}
	c.backend = &Backend{Kind: kind, Range: diag.FromRange(&at), Written: written, c: c, block: b}
	if d.diags.HasErrors() {
		return d.diags
	}
	// What is there must be right; what lacks may still come.
	d.unknownAttributes(schema, nil, siteOf(b), b.Body)
	return d.diags
}

func siteOf(b *hclsyntax.Block) *site {
	return &site{what: "backend", label: b.Labels[0], header: b.DefRange()}
}

// Complete is the configuration of the backend with what the block leaves out. Each
// element of given is NAME=VALUE, or a file of attributes; a later one wins, and all
// win over the block. The result is a JSON object with every value that is set.
func (b *Backend) Complete(given []string) (json.RawMessage, diag.List) {
	body := &hclsyntax.Body{Attributes: maps.Clone(b.block.Body.Attributes), Blocks: b.block.Body.Blocks, SrcRange: b.block.Body.SrcRange, EndRange: b.block.Body.EndRange}
	if body.Attributes == nil {
		body.Attributes = hclsyntax.Attributes{}
	}
	for _, arg := range given {
		name, value, isValue := strings.Cut(arg, "=")
		if !isValue {
			if d := b.fromFile(arg, body.Attributes); d != nil {
				return nil, d
			}
			continue
		}
		at := hcl.Range{Filename: "-backend-config", Start: hcl.InitialPos, End: hcl.InitialPos}
		body.Attributes[name] = &hclsyntax.Attribute{
			Name: name, NameRange: at, SrcRange: at, EqualsRange: at,
			Expr: &hclsyntax.LiteralValueExpr{Val: cty.StringVal(value), SrcRange: at},
		}
	}
	d := b.c.decoder(nil)
	v := d.block(schemas.Backends()[b.Kind], siteOf(b.block), body, constants(b.c.root))
	if d.diags.HasErrors() {
		return nil, d.diags
	}
	set := map[string]json.RawMessage{}
	for name := range v.Type().AttributeTypes() {
		if a := v.GetAttr(name); !a.IsNull() {
			raw, err := ctyjson.Marshal(a, a.Type())
			if err != nil {
				return nil, diag.List{diag.Errorf("Wrong value", "%q of the backend: %v.", name, err)}
			}
			set[name] = raw
		}
	}
	raw, err := json.Marshal(set)
	if err != nil {
		return nil, diag.List{diag.Errorf("Wrong value", "The backend: %v.", err)}
	}
	return raw, nil
}

// fromFile takes the attributes of a file.
func (b *Backend) fromFile(file string, into hclsyntax.Attributes) diag.List {
	if _, err := os.Stat(file); err != nil {
		return diag.List{diag.Errorf("Cannot read the configuration of the backend", "-backend-config %q is neither NAME=VALUE nor a file that can be read.", file).
			Fix("Write -backend-config=NAME=VALUE, or name a file of such lines.")}
	}
	src, err := readBounded(file, sourceLimit)
	if err != nil {
		return diag.List{diag.Errorf("Cannot read the configuration of the backend", "%v.", err)}
	}
	body, diags := parse(file, src)
	if diags.HasErrors() {
		return diags
	}
	if len(body.Blocks) > 0 {
		at := body.Blocks[0].DefRange()
		return diag.List{diag.Errorf("Unknown block", "A file for -backend-config holds attributes only.").At(diag.FromRange(&at)).Fix("Write NAME = VALUE, one on a line.")}
	}
	maps.Copy(into, body.Attributes)
	return nil
}

// Same says whether the block is as it was written before.
func (b *Backend) Same(kind string, written map[string]json.RawMessage) bool {
	return b.Kind == kind && maps.EqualFunc(b.Written, written, func(x, y json.RawMessage) bool { return string(x) == string(y) })
}
