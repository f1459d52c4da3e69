package schemas

import (
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// Reference writes the reference pages in Markdown, by file name. targets are the
// kinds of target with the schemas of their blocks; functions are those of the
// language. Equal input gives equal bytes.
func Reference(targets map[string]*Block, functions map[string]function.Function) map[string][]byte {
	pages := map[string]*page{
		"erlmcp.md":   blockPage("erlmcp", "erlmcp { … }", Describe[Settings]()),
		"backend.md":  backendPage(),
		"variable.md": blockPage("variable", "variable \"NAME\" { … }", Describe[Variable]()),
		"check.md":    blockPage("check", "check \"NAME\" { … }", Describe[Check]()),
		"output.md":   blockPage("output", "output \"NAME\" { … }", Describe[Output]()),
		"server.md":   blockPage("server", "server \"NAME\" { … }", Describe[Server](), Describe[Placement]()),
		"target.md":   targetPage(targets), "functions.md": functionPage(functions),
	}
	out := make(map[string][]byte, len(pages)+1)
	index := newPage("Reference")
	index.text("Every block, attribute and function. These pages are generated; `erlmcp schema -json` prints the same as JSON Schema.")
	index.line("")
	for _, name := range sortedKeys(pages) {
		out[name] = []byte(pages[name].String())
		index.line("- [%s](%s)", strings.TrimSuffix(name, ".md"), name)
	}
	out["README.md"] = []byte(index.String())
	return out
}

// page is a Markdown page that is being written.
type page struct{ strings.Builder }

func newPage(title string) *page {
	p := &page{}
	p.line("# %s", title)
	return p
}

func (p *page) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

// text is a paragraph.
func (p *page) text(s string) { p.line("\n%s", s) }

func blockPage(name, form string, blocks ...*Block) *page {
	p := newPage(name)
	p.text(blocks[0].Doc)
	p.line("\n```hcl\n%s\n```", form)
	for i, b := range blocks {
		if i > 0 {
			p.line("\n## Where and how many")
			p.text(b.Doc)
		}
		p.attributes(b)
		p.contents(b)
	}
	for _, b := range blocks {
		p.nested("", 2, b)
	}
	return p
}

func targetPage(targets map[string]*Block) *page {
	p := newPage("target")
	p.text("Where servers run. A target is a value: `target = target.KIND.NAME` in a server, in a list, or in `for_each`. Expressions see its `kind` and `name`.")
	p.line("\n```hcl\ntarget \"KIND\" \"NAME\" { … }\n```")
	for _, kind := range sortedKeys(targets) {
		p.line("\n## %s", kind)
		p.text(targets[kind].Doc)
		p.attributes(targets[kind])
		p.contents(targets[kind])
		p.nested("", 3, targets[kind])
	}
	return p
}

func backendPage() *page {
	p := newPage("backend")
	p.text("Where the state lies: one block inside of `erlmcp`. Its values are constants; what is left out can be given to `erlmcp init -backend-config`. `erlmcp init` sets it up.")
	p.line("\n```hcl\nerlmcp {\n  backend \"KIND\" { … }\n}\n```")
	kinds := Backends()
	for _, kind := range sortedKeys(kinds) {
		p.line("\n## %s", kind)
		p.text(kinds[kind].Doc)
		p.attributes(kinds[kind])
	}
	return p
}

// contents lists the blocks inside of a block.
func (p *page) contents(b *Block) {
	if len(b.Blocks) == 0 {
		return
	}
	p.line("\nBlocks:\n")
	for _, n := range b.Blocks {
		often := howOften(n)
		if r := rules(n.ExactlyOne, n.AtMostOne, b, n.Name); r != "" {
			often += "; " + r
		}
		p.line("- `%s` – %s", form(n), often)
	}
}

func (p *page) nested(parent string, level int, b *Block) {
	for _, n := range b.Blocks {
		title := n.Name
		if parent != "" {
			title = parent + " › " + n.Name
		}
		p.line("\n%s %s", strings.Repeat("#", min(level, 4)), title)
		p.text(n.Block.Doc)
		if n.Impact != "" {
			p.line("\nA change is felt as: %s.", n.Impact)
		}
		p.attributes(n.Block)
		p.contents(n.Block)
		p.nested(title, level+1, n.Block)
	}
}

func form(n *Nested) string {
	if n.Mode == Labelled {
		return n.Name + ` "NAME" { … }`
	}
	return n.Name + " { … }"
}

func howOften(n *Nested) string {
	switch {
	case n.Mode == Always:
		return "at most once; its defaults hold without it"
	case n.Mode == Optional:
		return "at most once; off without it"
	case n.Required:
		return "one or more"
	}
	return "any number"
}

func (p *page) attributes(b *Block) {
	rows := 0
	for _, a := range b.Attributes {
		if a.Internal {
			continue
		}
		if rows++; rows == 1 {
			p.line("\n| attribute | type | default | meaning |\n|---|---|---|---|")
		}
		p.line("| `%s` | %s | %s | %s |", a.Name, cell(typeText(a)), cell(defaultText(a)), cell(meaning(b, a)))
	}
}

// cell keeps text inside of a table.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

func typeText(a *Attribute) string {
	one := map[Kind]string{
		KindDuration: "duration", KindSize: "size", KindTemplate: "template", KindJSON: "JSON text", KindBase64: "base64",
		KindPath: "path", KindType: "type name", KindValue: "any value", KindExpression: "expression",
	}[a.Kind]
	elem := a.Type
	if elem.IsCollectionType() {
		elem = elem.ElementType()
	}
	if one == "" {
		switch {
		case elem == cty.Bool:
			one = "bool"
		case elem == cty.Number && a.Integer:
			one = "whole number"
		case elem == cty.Number:
			one = "number"
		default:
			one = "string"
		}
	}
	switch {
	case a.Type.IsListType():
		return "list of " + one + "s"
	case a.Type.IsMapType():
		return "map of " + one + "s"
	}
	return one
}

func defaultText(a *Attribute) string {
	switch {
	case a.Required:
		return "required"
	case a.HasDefault && a.Type == cty.String:
		return fmt.Sprintf("`%q`", a.Default)
	case a.HasDefault:
		return "`" + a.Default + "`"
	}
	return "–"
}

func meaning(b *Block, a *Attribute) string {
	parts := []string{a.Doc}
	if len(a.Enum) > 0 && a.Kind != KindType {
		parts = append(parts, "One of `"+strings.Join(a.Enum, "`, `")+"`.")
	}
	switch {
	case a.Min != "" && a.Max != "":
		parts = append(parts, fmt.Sprintf("From %s to %s.", a.Min, a.Max))
	case a.Min != "":
		parts = append(parts, fmt.Sprintf("At least %s.", a.Min))
	case a.Max != "":
		parts = append(parts, fmt.Sprintf("At most %s.", a.Max))
	}
	if a.Unit != "" {
		parts = append(parts, "Unit: "+a.Unit+".")
	}
	if r := rules(a.ExactlyOne, a.AtMostOne, b, a.Name); r != "" {
		parts = append(parts, strings.ToUpper(r[:1])+r[1:]+".")
	}
	if a.Sensitive {
		parts = append(parts, "Secret.")
	}
	if a.Replace {
		parts = append(parts, "A change needs a new object.")
	}
	if a.Impact != "" {
		parts = append(parts, "A change is felt as: "+a.Impact+".")
	}
	return strings.Join(parts, " ")
}

// rules say what cannot stand beside an attribute or block.
func rules(exactlyOne, atMostOne string, b *Block, name string) string {
	exactly, atMost := b.Groups()
	switch {
	case exactlyOne != "":
		return "exactly one of " + members(exactly, name)
	case atMostOne != "":
		return "at most one of " + members(atMost, name)
	}
	return ""
}

func members(groups [][]string, name string) string {
	for _, g := range groups {
		for _, n := range g {
			if n == name {
				return "`" + strings.Join(g, "`, `") + "`"
			}
		}
	}
	return ""
}

func functionPage(functions map[string]function.Function) *page {
	p := newPage("functions")
	p.text("Functions of expressions. Names and behaviour follow Terraform's. A plan comes out the same each time, so nothing here gives the time or a random value.")
	p.line("\n| function | what it gives |\n|---|---|")
	for _, name := range sortedKeys(functions) {
		f := functions[name]
		var params []string
		for _, param := range f.Params() {
			params = append(params, param.Name)
		}
		if v := f.VarParam(); v != nil {
			params = append(params, v.Name+"…")
		}
		doc := strings.Join(strings.Fields(f.Description()), " ")
		p.line("| `%s(%s)` | %s |", name, strings.Join(params, ", "), cell(doc))
	}
	return p
}
