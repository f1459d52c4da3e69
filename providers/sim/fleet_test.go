package sim

import (
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"pgregory.net/rapid"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/config"
	"github.com/erlmcp/erlmcp/engine/plan"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/schemas"
)

// fleet is a configuration made of values instead of files.
type fleet []srv

// srv is a server of a fleet.
type srv struct {
	Name   string
	Target int      // number of its target
	Port   int      // 0 is picked by the target
	Title  string   // changes in place
	Secret string   // goes into the document, marked
	Needs  []string // servers before it in the fleet, whose URLs its document mentions
}

// configuration is a fleet as the engine asks for it.
type configuration struct {
	fleet
	byName    map[string]*srv
	instances []config.Instance
}

var _ plan.Configuration = &configuration{}

func (f fleet) configuration() *configuration {
	c := &configuration{fleet: f, byName: make(map[string]*srv, len(f)), instances: make([]config.Instance, len(f))}
	for i := range f {
		c.byName[f[i].Name] = &f[i]
		c.instances[i].Ref = f[i].ref()
		for _, n := range f[i].Needs {
			c.instances[i].DependsOn = append(c.instances[i].DependsOn, c.byName[n].ref())
		}
	}
	return c
}

func (s *srv) ref() config.Ref {
	return config.Ref{Server: address.Server{Name: s.Name}, Target: labs(s.Target).Address}
}

// labs are the targets that fleets run on.
func labs(n int) resource.Target {
	t := target(nil)
	t.Address.Name = fmt.Sprintf("lab%d", n)
	return t
}

const labCount = 2

func (c *configuration) Instances() []config.Instance { return c.instances }

// blank is a document of which nothing is set.
var blank = func() map[string]cty.Value {
	v, err := schemas.Value([]byte(`{"name":"x"}`))
	if err != nil {
		panic(err)
	}
	return v.AsValueMap()
}()

func (c *configuration) Evaluate(r config.Ref, known *config.Exports) (resource.Instance, diag.List) {
	s := c.byName[r.Server.Name]
	doc := map[string]cty.Value{}
	for k, v := range blank {
		doc[k] = v
	}
	doc["name"] = cty.StringVal(s.Name)
	doc["listen"] = with(doc["listen"], "port", cty.NumberIntVal(int64(s.Port)))
	if s.Title != "" {
		doc["title"] = cty.StringVal(s.Title)
	}
	if s.Secret != "" {
		doc["instructions"] = cty.StringVal(s.Secret).Mark(schemas.Sensitive)
	}
	if len(s.Needs) > 0 {
		doc["description"] = c.urls(s.Needs, known)
	}
	return resource.Instance{Address: r.Server, Target: labs(s.Target), Document: cty.ObjectVal(doc)}, nil
}

// urls are those of the servers, in one text.
func (c *configuration) urls(names []string, known *config.Exports) cty.Value {
	var b strings.Builder
	for _, n := range names {
		url := known.Get(c.byName[n].ref()).GetAttr("url")
		if !url.IsKnown() {
			return cty.UnknownVal(cty.String)
		}
		b.WriteString(url.AsString() + "\n")
	}
	return cty.StringVal(b.String())
}

func (c *configuration) Outputs(known *config.Exports) ([]config.Output, diag.List) {
	var out []config.Output
	for i := range c.fleet {
		out = append(out, config.Output{Name: c.fleet[i].Name, Value: known.Get(c.fleet[i].ref()).GetAttr("url")})
		if c.fleet[i].Secret != "" {
			out = append(out, config.Output{Name: c.fleet[i].Name + "_secret", Sensitive: true, Value: cty.StringVal(c.fleet[i].Secret).Mark(schemas.Sensitive)})
		}
	}
	return out, nil
}

func (c *configuration) Targets() []resource.Target {
	var out []resource.Target
	for i := range labCount {
		out = append(out, labs(i))
	}
	return out
}

// objects are what exists when the fleet does.
func (f fleet) objects() map[string]bool {
	out := map[string]bool{}
	for i := range f {
		t := labs(f[i].Target).Address
		out[address.Resource{Target: t, Part: "network"}.String()] = true
		out[address.Resource{Server: f[i].ref().Server, Target: t, Part: "process"}.String()] = true
	}
	return out
}

// GoString writes the fleet as a test would.
func (f fleet) GoString() string {
	var b strings.Builder
	b.WriteString("fleet{")
	for i, s := range f {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "{Name: %q, Target: %d, Port: %d, Title: %q, Secret: %q, Needs: %#v}", s.Name, s.Target, s.Port, s.Title, s.Secret, s.Needs)
	}
	return b.String() + "}"
}

// fleets draws fleets of up to five servers in any order, so that between two of
// them servers come, go, move, change, and change whom they need.
func fleets() *rapid.Generator[fleet] {
	return rapid.Custom(func(t *rapid.T) fleet {
		names := rapid.Permutation([]string{"a", "b", "c", "d", "e"}).Draw(t, "names")
		names = names[:rapid.IntRange(0, len(names)).Draw(t, "size")]
		f := make(fleet, 0, len(names))
		for i, name := range names {
			s := srv{
				Name:   name,
				Target: rapid.IntRange(0, labCount-1).Draw(t, "target"),
				Port:   rapid.SampledFrom([]int{0, 8080, 8081}).Draw(t, "port"),
				Title:  rapid.SampledFrom([]string{"", "one", "two"}).Draw(t, "title"),
				Secret: rapid.SampledFrom([]string{"", "s3cret-alpha", "s3cret-beta"}).Draw(t, "secret"),
			}
			if i > 0 {
				s.Needs = rapid.SliceOfNDistinct(rapid.SampledFrom(names[:i]), 0, 2, rapid.ID[string]).Draw(t, "needs")
			}
			f = append(f, s)
		}
		return f
	})
}
