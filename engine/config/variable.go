package config

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	hcljson "github.com/hashicorp/hcl/v2/json"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/schemas/expr"
)

// environPrefix begins the names of environment variables that set variables.
const environPrefix = "ERLMCP_VAR_"

// NoValue is the summary of the diagnostic of a variable that nobody set.
const NoValue = "A variable has no value"

func (c *Configuration) declareVariable(b *hclsyntax.Block) diag.List {
	v := &variable{object: newObject("var", b.Labels[0], b), body: b.Body, typ: cty.DynamicPseudoType, literal: true}
	d := c.decoder(nil)
	val := d.block(schemas.Describe[schemas.Variable](), &site{what: "variable", header: b.DefRange()}, b.Body, constants(c.root))
	for _, inner := range b.Body.Blocks {
		if inner.Type != "validation" { // dynamic blocks would be decoded
			d.diags = diag.List{unknownBlock("variable", inner, []string{"validation"})}
		}
	}
	if d.diags.HasErrors() {
		return d.diags
	}
	v.description = textOf(val.GetAttr("description"))
	v.sensitive = isTrue(val.GetAttr("sensitive"))
	v.nullable = val.GetAttr("nullable").IsNull() || isTrue(val.GetAttr("nullable"))
	if a := b.Body.Attributes["type"]; a != nil {
		t, defaults, hd := typeexpr.TypeConstraintWithDefaults(a.Expr)
		d.diags = append(d.diags, diag.FromHCL(hd)...)
		v.typ, v.defaults, v.literal = t, defaults, t.IsPrimitiveType()
	}
	if !d.diags.HasErrors() {
		d.diags = append(d.diags, c.add(&v.object, func() { c.variables[v.name] = v })...)
	}
	return d.diags
}

// given is a value for a variable, not yet converted to its type.
type given struct {
	value  cty.Value
	text   string // instead of value, when text is all there is
	isText bool
	source string
	at     *diag.Range // where it stands in a file
	inFile bool        // whether that is a file of variable values
}

// assignVariables settles the value of each variable: from the environment, then
// *.auto.mcpvars files by name, then the command line in its order; the last wins.
func (c *Configuration) assignVariables() diag.List {
	for _, kv := range c.opts.Environ {
		name, text, ok := strings.Cut(kv, "=")
		if name, isVar := strings.CutPrefix(name, environPrefix); ok && isVar {
			c.given[name] = &given{text: text, isText: true, source: environPrefix + name}
		}
	}
	diags := c.autoFiles()
	for _, a := range c.opts.Vars {
		if a.File != "" {
			diags = append(diags, c.readVarFile(a.File)...)
			continue
		}
		if c.variables[a.Name] == nil {
			diags = append(diags, c.noSuchVariable(a.Name, diag.Error, "-var"))
			continue
		}
		c.given[a.Name] = &given{text: a.Value, isText: true, source: "-var"}
	}
	if diags.HasErrors() {
		return diags
	}
	for _, name := range sortedKeys(c.variables) {
		diags = append(diags, c.assign(c.variables[name])...)
	}
	return diags
}

func (c *Configuration) autoFiles() diag.List {
	names, err := namesIn(c.dir, func(name string) bool {
		return strings.HasSuffix(name, ".auto.mcpvars") || strings.HasSuffix(name, ".auto.mcpvars.json")
	})
	if err != nil {
		return diag.List{diag.Errorf("Cannot read the configuration", "%v.", err)}
	}
	var diags diag.List
	for _, name := range names {
		diags = append(diags, c.readVarFile(filepath.Join(c.dir, name))...)
	}
	return diags
}

// readVarFile reads a file of attributes: HCL, or JSON when its name ends so. The
// file may hold secrets, so nothing that is said of it quotes it.
func (c *Configuration) readVarFile(file string) diag.List {
	diags := c.readValues(file)
	for _, d := range diags {
		d.NoSource = d.Range != nil
	}
	return diags
}

// notValues is the first thing that the parser has against a file of values. It
// may quote the file there.
func notValues(hd hcl.Diagnostics) diag.List {
	d := diag.FromHCL(hd[:1])[0]
	if strings.ContainsAny(d.Summary, "\"'`") {
		d.Summary = "Not a variable's value"
	}
	if strings.ContainsAny(d.Detail, "\"'`") {
		d.Detail = "The file cannot be understood here."
	}
	return diag.List{d.Fix("Write each value as name = value, with text in quotes; in a file whose name ends in .json, all of them as one JSON object.")}
}

func (c *Configuration) readValues(file string) diag.List {
	src, err := readBounded(file, sourceLimit)
	if err != nil {
		return diag.List{diag.Errorf("Cannot read a file of variable values", "%v.", err).Fix("Check the path; it is looked up from the folder that the command runs in.")}
	}
	if d := unreadable(file, src); d != nil {
		return diag.List{d}
	}
	var f *hcl.File
	var hd hcl.Diagnostics
	if strings.HasSuffix(file, ".json") {
		f, hd = hcljson.Parse(src, file)
	} else {
		f, hd = hclsyntax.ParseConfig(src, file, hcl.InitialPos)
	}
	if hd.HasErrors() {
		return notValues(hd)
	}
	if body, ok := f.Body.(*hclsyntax.Body); ok {
		expr.Finite(body)
	}
	attrs, hd := f.Body.JustAttributes()
	if hd.HasErrors() {
		return notValues(hd)
	}
	var diags diag.List
	for _, name := range sortedKeys(attrs) {
		a := attrs[name]
		if c.variables[name] == nil {
			d := c.noSuchVariable(name, diag.Warning, file)
			diags = append(diags, d.At(diag.FromRange(&a.NameRange)))
			continue
		}
		v, hd := a.Expr.Value(nil)
		if hd.HasErrors() {
			diags = append(diags, notValues(hd)...)
			continue
		}
		at := a.Expr.Range()
		c.given[name] = &given{value: v, source: file, at: diag.FromRange(&at), inFile: true}
	}
	return diags
}

func (c *Configuration) noSuchVariable(name string, sev diag.Severity, source string) *diag.Diagnostic {
	d := diag.Errorf("Value for an undeclared variable", "%s sets the variable %q, which the configuration does not declare.", source, name)
	d.Severity = sev
	if near := diag.Suggest(name, sortedKeys(c.variables)); near != "" {
		return d.Fix("Did you mean %q?", near)
	}
	return d.Fix("Declare it: variable %q {}, or leave it out.", name)
}

// assign sets the value of one variable from what was given for it.
func (c *Configuration) assign(v *variable) diag.List {
	g := c.given[v.name]
	if g == nil {
		a := v.body.Attributes["default"]
		if a == nil {
			d := diag.Errorf(NoValue, "The variable %q has no default and was not set.", v.name).At(diag.FromRange(&v.at))
			return diag.List{d.Fix("Set it with -var '%s=…', with %s%s in the environment, or in a file whose name ends in .auto.mcpvars.", v.name, environPrefix, v.name)}
		}
		val, hd := a.Expr.Value(constants(c.root))
		if hd.HasErrors() {
			return diag.FromHCL(hd)
		}
		at := a.Expr.Range()
		g = &given{value: val, source: "default", at: diag.FromRange(&at)}
		c.given[v.name] = g
	}
	if g.isText {
		val, d := v.parse(g)
		if d != nil {
			return diag.List{d}
		}
		g.value = val
	}
	val, d := v.convert(g)
	if d != nil {
		return diag.List{d}
	}
	if v.sensitive {
		val = val.Mark(schemas.Sensitive)
	}
	c.values[v.id] = val
	return nil
}

// parse reads text from the command line or the environment: the text itself for
// a variable of a primitive type or none, else an expression.
func (v *variable) parse(g *given) (cty.Value, *diag.Diagnostic) {
	if v.literal {
		return cty.StringVal(g.text), nil
	}
	bad := func() *diag.Diagnostic {
		return v.wrong(g, "%s does not give an expression of the type %s", g.source, typeexpr.TypeString(v.typ)).
			Fix("Write it as in a configuration, such as [\"a\", \"b\"] or { key = \"value\" }, with quotes that the shell keeps.")
	}
	if unreadable("", []byte(g.text)) != nil {
		return cty.NilVal, bad()
	}
	e, hd := hclsyntax.ParseExpression([]byte(g.text), g.source, hcl.InitialPos)
	if hd.HasErrors() {
		return cty.NilVal, bad()
	}
	expr.Finite(e)
	val, hd := e.Value(nil)
	if hd.HasErrors() {
		return cty.NilVal, bad()
	}
	return val, nil
}

func (v *variable) convert(g *given) (cty.Value, *diag.Diagnostic) {
	val := g.value
	if val.IsNull() && !v.nullable {
		if a := v.body.Attributes["default"]; a != nil && g.source != "default" {
			return cty.NilVal, v.wrong(g, "%s sets it to null", g.source).Fix("Leave it out to get the default, or say nullable = true.")
		}
		return cty.NilVal, v.wrong(g, "it is null, and nullable is false").Fix("Give it a value.")
	}
	if v.defaults != nil && !val.IsNull() {
		val = v.defaults.Apply(val)
	}
	out, err := convert.Convert(val, v.typ)
	if err != nil && v.sensitive {
		return cty.NilVal, v.wrong(g, "%s gives it a value that is not of its type, %s", g.source, typeexpr.TypeString(v.typ)).
			Fix("Give it a value of that type.")
	}
	if err != nil {
		return cty.NilVal, v.wrong(g, "%s gives %s, but its type is %s: %s", g.source, nameOf(val.Type()), typeexpr.TypeString(v.typ), conversionError(err)).
			Fix("Give it a value of that type.")
	}
	return out, nil
}

// wrong is an error about a value. Its place is not that of the value when the
// variable is sensitive: the line would be shown.
func (v *variable) wrong(g *given, detail string, args ...any) *diag.Diagnostic {
	at := g.at
	if at == nil || v.sensitive {
		at = diag.FromRange(&v.at)
	}
	d := diag.Errorf("Wrong value of a variable", "The variable %q: "+detail+".", append([]any{v.name}, args...)...)
	d.NoSource = g.inFile && at == g.at
	return d.At(at)
}

// rule is one validation block.
type rule struct {
	condition, message hclsyntax.Expression
}

func (v *variable) rules() []rule {
	var rules []rule
	for _, b := range v.body.Blocks {
		if b.Type == "validation" {
			rules = append(rules, rule{b.Body.Attributes["condition"].Expr, b.Body.Attributes["error_message"].Expr})
		}
	}
	return rules
}

// validateAlone holds variables to the rules that mention variables alone, before
// anything is made of a value that they do not allow.
func (c *Configuration) validateAlone() diag.List { return c.validateVariables(true) }

// validateTogether holds variables to the rules that mention locals.
func (c *Configuration) validateTogether() diag.List { return c.validateVariables(false) }

func (c *Configuration) validateVariables(alone bool) diag.List {
	var diags diag.List
	for _, name := range sortedKeys(c.variables) {
		v := c.variables[name]
		for _, r := range v.rules() {
			if r.alone() == alone {
				diags = append(diags, c.validate(v, r)...)
			}
		}
	}
	return diags
}

// mentions is what the rule mentions.
func (r rule) mentions() []reference {
	return append(inExpression(r.condition), inExpression(r.message)...)
}

// alone reports whether the rule mentions nothing but variables.
func (r rule) alone() bool {
	return !slices.ContainsFunc(r.mentions(), func(m reference) bool {
		of, isObject := m.id()
		return isObject && of.kind != "var"
	})
}

func (c *Configuration) validate(v *variable, r rule) diag.List {
	ctx := c.staticScope(r.mentions())
	d := c.decoder(nil)
	held, ok := d.value(r.condition, ctx)
	if !ok {
		return d.diags
	}
	held, _ = held.Unmark()
	at := r.condition.Range()
	held, err := convert.Convert(held, cty.Bool)
	if err != nil || held.IsNull() || !held.IsKnown() {
		return diag.List{diag.Errorf("Wrong condition", "The condition of a validation must be true or false.").At(diag.FromRange(&at))}
	}
	if held.True() {
		return nil
	}
	text := "A validation of the variable does not hold; its message mentions a sensitive value and is not shown."
	message, ok := d.value(r.message, ctx)
	if !ok {
		return d.diags
	}
	if message, err = convert.Convert(message, cty.String); err == nil && !message.ContainsMarked() && message.IsKnown() && !message.IsNull() {
		text = message.AsString()
	}
	e := diag.Errorf("Invalid value of a variable", "The variable %q, set by %s: %s", v.name, c.given[v.name].source, text).At(diag.FromRange(&v.at))
	return diag.List{e.Fix("The rule is at %s.", placeOf(at))}
}

func isTrue(v cty.Value) bool { return !v.IsNull() && v.IsKnown() && v.True() }
