package fleet

import (
	"fmt"
	"maps"
	"strings"
	"sync"

	"github.com/zclconf/go-cty/cty"
	"pgregory.net/rapid"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/config"
	"github.com/erlmcp/erlmcp/engine/plan"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/schemas"
)

// Fleet is a configuration made of values instead of files. A server stands
// after those that it needs.
type Fleet []Server

// Server is a server of a fleet.
type Server struct {
	Name   string
	Target int      // number of its target, below TargetCount
	Port   int      // 0 is picked by the target
	Title  string   // changes in place
	Secret string   // goes into the document, marked
	Needs  []string // servers before it in the fleet, whose URLs its document mentions
	Smoke  string   // name of a check, "" for none
	Leave  bool     // a change that fails is left
	// Strategy is how it is changed.
	Strategy resource.Strategy
}

// Configuration is a fleet as the engine asks for it.
type Configuration struct {
	Fleet
	byName    map[string]*Server
	instances []config.Instance
}

var _ plan.Configuration = &Configuration{}

// Configuration indexes the fleet.
func (f Fleet) Configuration() *Configuration {
	c := &Configuration{Fleet: f, byName: make(map[string]*Server, len(f)), instances: make([]config.Instance, len(f))}
	for i := range f {
		c.byName[f[i].Name] = &f[i]
		c.instances[i].Ref = f[i].Ref()
		for _, n := range f[i].Needs {
			c.instances[i].DependsOn = append(c.instances[i].DependsOn, c.byName[n].Ref())
		}
	}
	return c
}

// Ref is the instance that the server is.
func (s *Server) Ref() config.Ref {
	return config.Ref{Server: address.Server{Name: s.Name}, Target: Target(s.Target).Address}
}

// TargetCount is how many targets there are.
const TargetCount = 2

// Target is the target of that number, in memory.
func Target(n int) resource.Target {
	return resource.Target{
		Address: address.Target{Kind: "sim", Name: fmt.Sprintf("lab%d", n)},
		Config:  cty.ObjectVal(map[string]cty.Value{"file": cty.NullVal(cty.String), "latency": cty.NullVal(cty.String)}),
	}
}

// Instances are the servers in the order of the fleet.
func (c *Configuration) Instances() []config.Instance { return c.instances }

// blank is a document of which nothing is set.
var blank = sync.OnceValue(func() map[string]cty.Value {
	v, err := schemas.Value([]byte(`{"name":"x"}`))
	if err != nil {
		panic(err) // a document with a name is whole
	}
	return v.AsValueMap()
})

// Evaluate makes the document of a server.
func (c *Configuration) Evaluate(r config.Ref, known *config.Exports) (resource.Instance, diag.List) {
	s := c.byName[r.Server.Name]
	doc := maps.Clone(blank())
	doc["name"] = cty.StringVal(s.Name)
	listen := doc["listen"].AsValueMap()
	listen["port"] = cty.NumberIntVal(int64(s.Port))
	doc["listen"] = cty.ObjectVal(listen)
	if s.Title != "" {
		doc["title"] = cty.StringVal(s.Title)
	}
	if s.Secret != "" {
		doc["instructions"] = cty.StringVal(s.Secret).Mark(schemas.Sensitive)
	}
	if len(s.Needs) > 0 {
		doc["description"] = c.urls(s.Needs, known)
	}
	in := resource.Instance{Address: r.Server, Target: Target(s.Target), Document: cty.ObjectVal(doc), Rollout: resource.Rollout{LeaveFailed: s.Leave, Strategy: s.Strategy}}
	if s.Strategy == resource.Canary {
		in.Rollout.Steps = []int{5, 50}
	}
	if s.Smoke != "" {
		in.Smokes = []resource.Smoke{{Name: s.Smoke, Call: "x", With: cty.NullVal(cty.String)}}
	}
	return in, nil
}

// urls are those of the servers, in one text.
func (c *Configuration) urls(names []string, known *config.Exports) cty.Value {
	var b strings.Builder
	for _, n := range names {
		url := known.Get(c.byName[n].Ref()).GetAttr("url")
		if !url.IsKnown() {
			return cty.UnknownVal(cty.String)
		}
		b.WriteString(url.AsString() + "\n")
	}
	return cty.StringVal(b.String())
}

// Outputs are the URL of each server, and its secret.
func (c *Configuration) Outputs(known *config.Exports) ([]config.Output, diag.List) {
	var out []config.Output
	for i := range c.Fleet {
		out = append(out, config.Output{Name: c.Fleet[i].Name, Value: known.Get(c.Fleet[i].Ref()).GetAttr("url")})
		if c.Fleet[i].Secret != "" {
			out = append(out, config.Output{Name: c.Fleet[i].Name + "_secret", Sensitive: true, Value: cty.StringVal(c.Fleet[i].Secret).Mark(schemas.Sensitive)})
		}
	}
	return out, nil
}

// Targets are all of them.
func (c *Configuration) Targets() []resource.Target {
	var out []resource.Target
	for i := range TargetCount {
		out = append(out, Target(i))
	}
	return out
}

// Objects are what exists when the fleet does.
func (f Fleet) Objects() map[string]bool {
	out := map[string]bool{}
	for i := range f {
		t := Target(f[i].Target).Address
		out[address.Resource{Target: t, Part: "network"}.String()] = true
		out[address.Resource{Server: f[i].Ref().Server, Target: t, Part: "process"}.String()] = true
	}
	return out
}

// GoString writes the fleet as a test would.
func (f Fleet) GoString() string {
	var b strings.Builder
	b.WriteString("fleet.Fleet{")
	for i, s := range f {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "{Name: %q, Target: %d, Port: %d, Title: %q, Secret: %q, Needs: %#v, Smoke: %q, Leave: %v, Strategy: %q}", s.Name, s.Target, s.Port, s.Title, s.Secret, s.Needs, s.Smoke, s.Leave, s.Strategy)
	}
	return b.String() + "}"
}

// Draw draws fleets of up to five servers in any order, so that between two of
// them servers come, go, move, change, and change whom they need.
func Draw() *rapid.Generator[Fleet] {
	return rapid.Custom(func(t *rapid.T) Fleet {
		names := rapid.Permutation([]string{"a", "b", "c", "d", "e"}).Draw(t, "names")
		names = names[:rapid.IntRange(0, len(names)).Draw(t, "size")]
		f := make(Fleet, 0, len(names))
		for i, name := range names {
			s := Server{
				Name:     name,
				Target:   rapid.IntRange(0, TargetCount-1).Draw(t, "target"),
				Port:     rapid.SampledFrom([]int{0, 8080, 8081}).Draw(t, "port"),
				Title:    rapid.SampledFrom([]string{"", "one", "two"}).Draw(t, "title"),
				Secret:   rapid.SampledFrom([]string{"", "s3cret-alpha", "s3cret-beta"}).Draw(t, "secret"),
				Smoke:    rapid.SampledFrom([]string{"", "answers"}).Draw(t, "smoke"),
				Leave:    rapid.IntRange(0, 3).Draw(t, "leave") == 0,
				Strategy: rapid.SampledFrom([]resource.Strategy{"", resource.Canary, resource.BlueGreen, resource.Recreate}).Draw(t, "strategy"),
			}
			if i > 0 {
				s.Needs = rapid.SliceOfNDistinct(rapid.SampledFrom(names[:i]), 0, 2, rapid.ID[string]).Draw(t, "needs")
			}
			f = append(f, s)
		}
		return f
	})
}
