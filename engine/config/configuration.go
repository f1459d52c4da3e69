package config

import (
	"fmt"
	"sort"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/schemas"
)

// Options are the inputs of a configuration besides its files.
type Options struct {
	// Vars are the -var and -var-file flags in the order of the command line;
	// a later one wins.
	Vars []VarAssignment
	// Environ is the environment, as "NAME=value". Variables are read from
	// ERLMCP_VAR_name; the function env reads any.
	Environ []string
	// Targets are the kinds of target, each with the schema of its blocks.
	Targets map[string]*schemas.Block
	// InPlace is for a server that runs here and now, without a target: target
	// attributes are not looked at, each instance stands once under the zero
	// Target, and paths of files become absolute instead of being shipped.
	InPlace bool
	// Check finds what the runtime would refuse in a document. It gives each
	// diagnostic the path in the document of what it is about as its Address,
	// which Load replaces by the place in the files. nil checks nothing.
	Check func(*schemas.Server) diag.List
}

// VarAssignment is one -var flag, or one -var-file flag when File is set.
type VarAssignment struct {
	Name, Value string
	File        string
}

// ParseVar reads the argument of -var, "name=value".
func ParseVar(arg string) (VarAssignment, error) {
	name, value, ok := strings.Cut(arg, "=")
	name = strings.TrimSpace(name)
	if !ok || name == "" {
		return VarAssignment{}, fmt.Errorf("-var %q: it must be written name=value", name)
	}
	return VarAssignment{Name: name, Value: value}, nil
}

// Configuration is what the files of a folder say. It does not change after
// [Load]; its methods may be called at the same time, each with its own Exports.
type Configuration struct {
	dir     string // as given; file names in diagnostics begin with it
	opts    Options
	sources map[string][]byte
	world   *world
	root    *hcl.EvalContext // functions and path

	*declarations
	order     []*object            // what mentions comes after what it mentions
	values    map[id]cty.Value     // of variables, locals and targets, but for late locals
	given     map[string]*given    // of variables
	targets   []resource.Target    // evaluated, by address
	instances []Instance           // dependencies first
	places    map[Ref]*place       // by instance
	expanded  map[string]*expanded // by server name
	constants sync.Map             // *hclsyntax.Body → constant; a cache
}

// Sources are the configuration's files by name, for showing the line that a
// diagnostic is about. Files of variable values are not among them: they may hold
// secrets.
func (c *Configuration) Sources() map[string][]byte { return c.sources }

// Instances are all places of servers, each after those that it depends on; those
// of one block by key, those of one instance by target in the order written.
func (c *Configuration) Instances() []Instance { return c.instances }

// Targets are all target blocks, by address.
func (c *Configuration) Targets() []resource.Target { return c.targets }

// RequiredVersion is the constraint of the erlmcp block, "" when there is none.
// Load has checked it.
func (c *Configuration) RequiredVersion() string { return c.requiredVersion }

// Backend is the backend block, nil when there is none.
func (c *Configuration) Backend() *Backend { return c.backend }

// VariableValue is an input and what it was set to.
type VariableValue struct {
	Name        string
	Description string
	Sensitive   bool
	// Value is marked with schemas.Sensitive when Sensitive.
	Value cty.Value
	// Source says who set it: "default", "ERLMCP_VAR_name", "-var", or a file name.
	Source string
}

// Variables are the inputs, by name.
func (c *Configuration) Variables() []VariableValue {
	out := make([]VariableValue, 0, len(c.variables))
	for name, v := range c.variables {
		g := c.given[name]
		if g == nil {
			continue
		}
		out = append(out, VariableValue{
			Name: name, Description: v.description, Sensitive: v.sensitive,
			Value: c.values[v.id], Source: g.source,
		})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

// Outputs evaluates the output blocks, by name, and the check blocks: one that does
// not hold is a warning. The value of a sensitive output is marked with
// schemas.Sensitive.
func (c *Configuration) Outputs(known *Exports) ([]Output, diag.List) {
	if known == nil {
		known = &Exports{}
	}
	out, diags := c.evaluateOutputs(known)
	return out, append(diags, c.assert(known)...)
}

func (c *Configuration) evaluateOutputs(known *Exports) ([]Output, diag.List) {
	var diags diag.List
	out := make([]Output, 0, len(c.outputs))
	for _, name := range sortedKeys(c.outputs) {
		o := c.outputs[name]
		v, ds := c.output(o, known)
		diags = append(diags, ds...)
		out = append(out, Output{Name: name, Description: o.description, Sensitive: o.sensitive, Value: v})
	}
	return out, diags
}

// Evaluate gives one instance. Attributes of other servers that known does not
// know are unknown in its document.
func (c *Configuration) Evaluate(r Ref, known *Exports) (resource.Instance, diag.List) {
	p := c.places[r]
	if p == nil {
		return resource.Instance{}, diag.List{diag.Errorf("No such instance", "The configuration has no %s on %s.", r.Server, r.Target)}
	}
	if p.settled != nil {
		return *p.settled, nil
	}
	if known == nil {
		known = &Exports{}
	}
	return c.evaluate(p, known)
}

func (c *Configuration) target(a address.Target) resource.Target {
	i := sort.Search(len(c.targets), func(i int) bool {
		return c.targets[i].Address.String() >= a.String()
	})
	if i < len(c.targets) && c.targets[i].Address == a {
		return c.targets[i]
	}
	return resource.Target{Config: cty.EmptyObjectVal}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
