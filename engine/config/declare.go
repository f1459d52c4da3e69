package config

import (
	"regexp"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/schemas"
)

// id names an object of the configuration: kind "var", "local", "target",
// "server", "output" or "check"; the name of a target is "KIND.NAME".
type id struct{ kind, name string }

func (i id) String() string { return i.kind + "." + i.name }

// object is what is common to all that has a name.
type object struct {
	id
	at   hcl.Range // of the header
	refs []reference
}

type variable struct {
	object
	description         string
	sensitive, nullable bool
	body                *hclsyntax.Body
	typ                 cty.Type
	defaults            *typeexpr.Defaults
	literal             bool // whether text from the command line is the value itself, not an expression
}

type local struct {
	object
	expr hclsyntax.Expression
	// late says that the value depends on attributes of servers.
	late bool
}

type target struct {
	object
	address address.Target
	body    *hclsyntax.Body
	schema  *schemas.Block
}

type server struct {
	object
	body *hclsyntax.Body
	// serverRefs and lateLocals are what its body mentions that is known only
	// as servers are applied; static is the rest.
	serverRefs []reference
	lateLocals []string
	static     *hcl.EvalContext
}

type output struct {
	object
	description string
	sensitive   bool
	expr        hclsyntax.Expression
}

// declarations are the named blocks of a configuration.
type declarations struct {
	requiredVersion string
	backend         *Backend
	variables       map[string]*variable
	locals          map[string]*local
	targetBlocks    map[string]*target
	servers         map[string]*server
	outputs         map[string]*output
	checks          map[string]*assertions
	objects         map[id]*object
	settings        *hclsyntax.Block
}

// blockLabels are the top-level blocks and what their labels are called.
var blockLabels = map[string][]string{
	"erlmcp": nil, "locals": nil,
	"variable": {"NAME"}, "server": {"NAME"}, "output": {"NAME"}, "check": {"NAME"},
	"target": {"KIND", "NAME"},
}

// notYet are blocks of the language that this version cannot carry out: at the
// top level, in erlmcp, and in server.
var notYet = map[string][]string{
	"":       {"module", "moved", "removed", "import"},
	"erlmcp": {"encryption"},
}

var objectName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,62}$`) })

func (c *Configuration) declare() diag.List {
	bodies, diags := c.read()
	if diags.HasErrors() {
		return diags
	}
	for _, body := range bodies {
		for name, a := range body.Attributes {
			d := diag.Errorf("Unknown attribute", "%q stands outside of any block.", name).At(diag.FromRange(&a.NameRange))
			diags = append(diags, d.Fix("At the top level of a file there are only blocks: %s.", listOf(sortedKeys(blockLabels))))
		}
		for _, b := range body.Blocks {
			diags = append(diags, c.declareBlock(b)...)
		}
	}
	return diags
}

func (c *Configuration) declareBlock(b *hclsyntax.Block) diag.List {
	labels, known := blockLabels[b.Type]
	if !known {
		return diag.List{unknownBlock("", b, sortedKeys(blockLabels))}
	}
	if d := checkLabels(b, labels); d != nil {
		return diag.List{d}
	}
	switch b.Type {
	case "erlmcp":
		return c.declareSettings(b)
	case "locals":
		return c.declareLocals(b)
	case "variable":
		return c.declareVariable(b)
	case "target":
		return c.declareTarget(b)
	case "check":
		return c.declareCheck(b)
	case "server":
		s := &server{object: newObject("server", b.Labels[0], b), body: b.Body}
		return c.add(&s.object, func() { c.servers[s.name] = s })
	default:
		return c.declareOutput(b)
	}
}

func newObject(kind, name string, b *hclsyntax.Block) object {
	return object{id: id{kind, name}, at: b.DefRange()}
}

func (c *Configuration) add(o *object, put func()) diag.List {
	if first, ok := c.objects[o.id]; ok {
		d := diag.Errorf("Declared twice", "%s is declared here and at %s.", o.id, placeOf(first.at)).At(diag.FromRange(&o.at))
		return diag.List{d.Fix("Give one of them another name, or remove it.")}
	}
	c.objects[o.id] = o
	put()
	return nil
}

func (c *Configuration) declareSettings(b *hclsyntax.Block) diag.List {
	if c.settings != nil {
		first, here := c.settings.DefRange(), b.DefRange()
		d := diag.Errorf("Declared twice", "There is an erlmcp block here and one at %s.", placeOf(first)).At(diag.FromRange(&here))
		return diag.List{d.Fix("Write one erlmcp block.")}
	}
	c.settings = b
	d := c.decoder(nil)
	rest := *b.Body
	rest.Blocks = nil
	for _, inner := range b.Body.Blocks {
		if inner.Type != "backend" {
			rest.Blocks = append(rest.Blocks, inner)
			continue
		}
		d.diags = append(d.diags, c.declareBackend(inner)...)
	}
	v := d.block(schemas.Describe[schemas.Settings](), &site{what: "erlmcp", header: b.DefRange()}, &rest, constants(c.root))
	if d.diags.HasErrors() {
		return d.diags
	}
	if rv := v.GetAttr("required_version"); !rv.IsNull() {
		c.requiredVersion = rv.AsString()
		at := b.Body.Attributes["required_version"].Expr.Range()
		d.diags = append(d.diags, checkVersion(c.requiredVersion, diag.FromRange(&at))...)
	}
	return d.diags
}

func (c *Configuration) declareLocals(b *hclsyntax.Block) diag.List {
	var diags diag.List
	for _, inner := range b.Body.Blocks {
		at := inner.DefRange()
		d := diag.Errorf("Unknown block", "locals holds attributes only, not blocks such as %q.", inner.Type).At(diag.FromRange(&at))
		diags = append(diags, d.Fix("Write %s = { … }.", inner.Type))
	}
	for name, a := range b.Body.Attributes {
		l := &local{object: object{id: id{"local", name}, at: a.NameRange}, expr: a.Expr}
		diags = append(diags, c.add(&l.object, func() { c.locals[name] = l })...)
	}
	return diags
}

func (c *Configuration) declareTarget(b *hclsyntax.Block) diag.List {
	kind, name := b.Labels[0], b.Labels[1]
	t := &target{object: newObject("target", kind+"."+name, b), address: address.Target{Kind: kind, Name: name}, body: b.Body}
	t.schema = c.opts.Targets[kind]
	if t.schema == nil {
		kinds := sortedKeys(c.opts.Targets)
		d := diag.Errorf("Unknown kind of target", "There is no kind of target %q; there are %s.", kind, listOf(kinds)).At(diag.FromRange(&b.LabelRanges[0]))
		if near := diag.Suggest(kind, kinds); near != "" {
			d.Fix("Did you mean %q?", near)
		}
		return diag.List{d}
	}
	return c.add(&t.object, func() { c.targetBlocks[t.name] = t })
}

func (c *Configuration) declareOutput(b *hclsyntax.Block) diag.List {
	o := &output{object: newObject("output", b.Labels[0], b)}
	d := c.decoder(nil)
	v := d.block(schemas.Describe[schemas.Output](), &site{what: "output", header: b.DefRange()}, b.Body, constants(c.root))
	if d.diags.HasErrors() {
		return d.diags
	}
	o.description, o.sensitive = textOf(v.GetAttr("description")), isTrue(v.GetAttr("sensitive"))
	o.expr = b.Body.Attributes["value"].Expr
	return append(d.diags, c.add(&o.object, func() { c.outputs[o.name] = o })...)
}

// checkLabels checks how many labels a block has, and that they can be names.
func checkLabels(b *hclsyntax.Block, want []string) *diag.Diagnostic {
	at := b.DefRange()
	if len(b.Labels) != len(want) {
		form := strings.TrimSpace(b.Type + " " + quoteAll(want))
		d := diag.Errorf("Wrong labels of a block", "The block %q has %s, but %s.", b.Type, plural(len(b.Labels), "label"), wants(len(want))).At(diag.FromRange(&at))
		return d.Fix("Write %s { … }.", form)
	}
	for i, label := range b.Labels {
		if !objectName().MatchString(label) {
			d := diag.Errorf("Not a name", "%q cannot be a name of a %s block.", label, b.Type).At(diag.FromRange(&b.LabelRanges[i]))
			return d.Fix("A name is 1 to 63 letters, digits, dashes or underscores, and begins with a letter or an underscore.")
		}
	}
	return nil
}

func unknownBlock(parent string, b *hclsyntax.Block, known []string) *diag.Diagnostic {
	at := b.DefRange()
	for _, name := range notYet[parent] {
		if b.Type == name {
			return diag.Errorf("Not supported by this version", "This version of erlmcp cannot carry out %s blocks.", name).
				At(diag.FromRange(&at)).Fix("Remove the block, or use a newer version.")
		}
	}
	where := "at the top level of a file"
	if parent != "" {
		where = "in " + parent
	}
	d := diag.Errorf("Unknown block", "There is no block %q %s.", b.Type, where).At(diag.FromRange(&b.TypeRange))
	if near := diag.Suggest(b.Type, known); near != "" {
		return d.Fix("Did you mean %q?", near)
	}
	if len(known) > 0 {
		d.Fix("The blocks %s are %s.", where, listOf(known))
	}
	return d
}

// constants is a scope without variables: only functions.
func constants(root *hcl.EvalContext) *hcl.EvalContext {
	return &hcl.EvalContext{Functions: root.Functions}
}

func textOf(v cty.Value) string {
	if v.IsNull() {
		return ""
	}
	return v.AsString()
}
