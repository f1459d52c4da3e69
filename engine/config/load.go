package config

import (
	"path/filepath"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
)

// Load reads the *.mcp.hcl files of a folder and finds all that is wrong with
// them. The Configuration is never nil; after errors only its Sources are of use.
//
// Equal files and options give equal results, whatever the files are called and
// however the blocks are spread over them.
func Load(dir string, opts Options) (*Configuration, diag.List) {
	c := &Configuration{
		dir: dir, opts: opts,
		sources: map[string][]byte{},
		declarations: &declarations{
			variables: map[string]*variable{}, locals: map[string]*local{}, targetBlocks: map[string]*target{},
			servers: map[string]*server{}, outputs: map[string]*output{}, checks: map[string]*assertions{}, objects: map[id]*object{},
		},
		values: map[id]cty.Value{},
		given:  map[string]*given{},
		places: map[Ref]*place{},
	}
	var all diag.List
	// Each stage builds on the one before, so the first with errors is the last.
	for _, stage := range []func() diag.List{
		c.open, c.declare, c.checkReferences, c.sortObjects,
		c.assignVariables, c.validateAlone, c.evaluateStatic, c.validateTogether,
		c.expand, c.settle, c.checkPorts, c.checkOutputs,
	} {
		diags := stage()
		all = append(all, diags...)
		if diags.HasErrors() {
			break
		}
	}
	all.Sort()
	return c, unique(all)
}

func (c *Configuration) open() diag.List {
	abs, err := filepath.Abs(c.dir)
	if err != nil {
		return diag.List{diag.Errorf("Cannot read the configuration", "%v.", err)}
	}
	c.world = newWorld(abs, c.opts.Environ)
	c.root = &hcl.EvalContext{
		Functions: c.world.functions(),
		Variables: map[string]cty.Value{"path": cty.ObjectVal(map[string]cty.Value{
			"module": cty.StringVal("."),
			"cwd":    cty.StringVal(c.world.workingFolder()),
		})},
	}
	return nil
}

// settle evaluates every instance once, with nothing known of other servers. An
// instance that mentions none is final. Of a block with errors the first instance
// that has them stands for the others.
func (c *Configuration) settle() diag.List {
	var all diag.List
	for _, name := range sortedKeys(c.servers) {
		if len(c.expanded[name].instances) == 0 {
			all = append(all, c.checkStructure(c.servers[name])...)
		}
	}
	nothing := &Exports{}
	broken := map[*server]bool{}
	for i := range c.instances {
		p := c.places[c.instances[i].Ref]
		if broken[p.server] {
			continue
		}
		in, diags := c.evaluate(p, nothing)
		all = append(all, diags...)
		broken[p.server] = diags.HasErrors()
		p.first = &in
		if len(p.server.serverRefs) == 0 && len(p.server.lateLocals) == 0 {
			p.settled = &in
		}
	}
	return append(all, c.judge(broken)...)
}

func (c *Configuration) checkOutputs() diag.List {
	_, diags := c.evaluateOutputs(&Exports{})
	// What does not hold is told with a plan, which knows more.
	for _, d := range c.assert(&Exports{}) {
		if d.Severity == diag.Error {
			diags = append(diags, d)
		}
	}
	return diags
}

// unique drops repetitions from a sorted list: several instances of a block may
// have the same thing to say.
func unique(in diag.List) diag.List {
	type key struct{ place, summary, detail string }
	seen := map[key]bool{}
	out := in[:0]
	for _, d := range in {
		k := key{summary: d.Summary, detail: d.Detail}
		if d.Range != nil {
			k.place = d.Range.String()
		}
		if !seen[k] {
			seen[k] = true
			out = append(out, d)
		}
	}
	return out
}
