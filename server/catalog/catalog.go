package catalog

import (
	"errors"
	"regexp"
	"sort"
	"strings"

	"github.com/hashicorp/go-hclog"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server/backend"
)

// Env is what a catalog needs beyond the document.
type Env struct {
	FilesDir string // absolute folder that relative paths are below
	Logger   hclog.Logger
	Children *backend.Children // of this process; may be nil
	Tools    []GoTool          // tools that are not in the document
	Prompts  []GoPrompt        // the same of prompts
}

// GoTool is a tool that is written in Go. Its Spec says what clients see of it,
// as a tool block without a backend would. What it may ask of its client is
// package dialogue's.
type GoTool struct {
	Name string
	Spec schemas.Tool
	Does backend.Tool
}

// Catalog is the tools, resources and prompts of a server. It does not change
// and is safe for concurrent use.
type Catalog struct {
	tools     map[string]*Tool
	resources []*resource // by name
	single    map[string]*resource
	templates []*template // by name
	prompts   map[string]*Prompt
	foreign   []foreign // by the name of their block
	maxSize   int64     // of what a resource holds
	log       hclog.Logger
	live      bool
	checkOnly bool // whether it is thrown away once it is built

	toolList, promptList, templateList list
}

// New builds the catalog of a document that [schemas.Parse] has checked. The
// error is a [diag.List] that names everything that does not hold up, each with
// the path of what it is about as its Address.
func New(doc *schemas.Server, env Env) (*Catalog, error) {
	c, wrong := assemble(doc, env, false)
	for _, r := range c.resources {
		wrong = fail(wrong, "resource."+r.name, r.reachable())
	}
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	c.render()
	return c, nil
}

// Check finds what [New] would find wrong with a document, without looking for
// its files.
func Check(doc *schemas.Server) diag.List {
	_, wrong := assemble(doc, Env{Logger: hclog.NewNullLogger()}, true)
	return wrong
}

func assemble(doc *schemas.Server, env Env, checkOnly bool) (*Catalog, diag.List) {
	c := &Catalog{
		tools: map[string]*Tool{}, single: map[string]*resource{}, prompts: map[string]*Prompt{},
		maxSize: int64(doc.Limits.ResponseSize), log: env.Logger, checkOnly: checkOnly,
	}
	var wrong diag.List
	for _, name := range names(doc.Resources) {
		wrong = fail(wrong, "resource."+name, c.addResource(name, doc.Resources[name], env.FilesDir))
	}
	for _, name := range names(doc.Templates) {
		wrong = fail(wrong, "resource_template."+name, c.addTemplate(name, doc.Templates[name]))
	}
	for _, name := range names(doc.Prompts) {
		wrong = fail(wrong, "prompt."+name, c.addPrompt(name, doc.Prompts[name]))
	}
	for i := range env.Prompts {
		wrong = fail(wrong, "prompt."+env.Prompts[i].Name, c.addGoPrompt(&env.Prompts[i]))
	}
	backends := backend.Env{FilesDir: env.FilesDir, Logger: env.Logger, Children: env.Children, Search: c.Search}
	for _, name := range names(doc.Tools) {
		wrong = fail(wrong, "tool."+name, c.addBlock(name, doc.Tools[name], backends))
	}
	for i := range env.Tools {
		wrong = fail(wrong, "tool."+env.Tools[i].Name, c.addGoTool(&env.Tools[i]))
	}
	return c, wrong
}

// within is an error about something inside of a block.
type within struct {
	path string // from the block
	err  error
}

func (w within) Error() string { return w.path + ": " + w.err.Error() }
func (w within) Unwrap() error { return w.err }

// attribute finds what an error of package backend is about, which it begins with.
var attribute = regexp.MustCompile(`^((?:static|exec|http)\.[a-z_]+)[.:]`)

func fail(wrong diag.List, block string, err error) diag.List {
	if err == nil {
		return wrong
	}
	at, said := block, block
	var w within
	if errors.As(err, &w) {
		at += "." + w.path
		said, err = at, w.err
	} else if m := attribute.FindStringSubmatch(err.Error()); m != nil {
		at += "." + m[1]
	}
	d := diag.Errorf("The server cannot be built", "%s: %s.", said, strings.TrimSuffix(err.Error(), "."))
	d.Address = at
	return append(wrong, d)
}

// render makes the lists that do not depend on the world outside.
func (c *Catalog) render() {
	c.toolList, c.promptList, c.templateList = nil, nil, nil
	for _, name := range names(c.tools) {
		c.toolList = append(c.toolList, entry{name, c.tools[name].definition})
	}
	for _, name := range names(c.prompts) {
		c.promptList = append(c.promptList, entry{name, c.prompts[name].definition})
	}
	for _, r := range c.resources {
		if r.folder() {
			c.live = true
			c.templateList = append(c.templateList, entry{r.name, r.template()})
		}
	}
	for _, t := range c.templates {
		c.templateList = append(c.templateList, entry{t.name + "\n", t.definition()}) // a folder may have the name
	}
	c.templateList = append(c.templateList, c.foreignTemplates()...)
	sort.Slice(c.templateList, func(i, j int) bool { return c.templateList[i].key < c.templateList[j].key })
}

// Size is how many tools, resource blocks and prompts there are.
func (c *Catalog) Size() (tools, resources, prompts int) {
	return len(c.tools), len(c.resources), len(c.prompts)
}

// ToolNames returns the names of all tools, in order.
func (c *Catalog) ToolNames() []string { return names(c.tools) }

func names[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for name := range m {
		out = append(out, name)
	}
	sort.Strings(out)
	return out
}

// Live reports whether the list of resources can change at any moment, because
// folders are in it.
func (c *Catalog) Live() bool { return c.live }
