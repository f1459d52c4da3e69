package plan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/erlmcp/erlmcp/engine/plan"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/sim"
	"github.com/erlmcp/erlmcp/schemas"
)

// steps is the execution graph, one step a line.
func steps(p *plan.Plan) string {
	var out []string
	for _, s := range p.Steps {
		line := fmt.Sprintf("%d %s %s", s.ID, s.Action, s.Address.Part)
		if !s.Address.Shared() {
			line = fmt.Sprintf("%d %s %s", s.ID, s.Action, s.Address.Server.Name)
		}
		if len(s.DependsOn) > 0 {
			line += fmt.Sprint(" after ", s.DependsOn)
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

func TestSteps(t *testing.T) {
	pair := servers{{Name: "a"}, {Name: "b", Needs: []string{"a"}}}
	for name, tt := range map[string]struct {
		before, after servers
		want          string
	}{
		"needs come first": {nil, pair, "0 create network\n1 create a after [0]\n2 create b after [0 1]"},
		"needs go last":    {pair, nil, "0 delete b\n1 delete a after [0]\n2 delete network after [0 1]"},
		"a replacement is made after the old is gone": {servers{{Name: "a", Port: 1}}, servers{{Name: "a", Port: 2}}, "0 delete a\n1 create a after [0]"},
		"what was needed goes when nobody needs it": {pair, servers{{Name: "b", Port: 0}},
			"0 update b\n1 delete a after [0]"},
		"needs turn round": {servers{{Name: "a", Title: "1"}, {Name: "b", Needs: []string{"a"}}}, servers{{Name: "b", Title: "1"}, {Name: "a", Needs: []string{"b"}}},
			"0 update b\n1 update a after [0]"},
		"a port is taken over": {servers{{Name: "old", Port: 7000}}, servers{{Name: "new", Port: 7000}},
			"0 delete old\n1 create new after [0]"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.apply(tt.before)
			if diff := cmp.Diff(tt.want, steps(l.plan(tt.after))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// crowded has servers share the ports of their target, and move from one to another.
type crowded struct{ *sim.Provider }

func (c crowded) Schema() *schemas.Block {
	copied := *c.Provider.Schema()
	copied.SharedPorts = true
	return &copied
}

func (c crowded) Types() []*resource.Type {
	var out []*resource.Type
	for _, t := range c.Provider.Types() {
		copied := *t
		copied.Attributes = slices.Clone(t.Attributes)
		if a := copied.Attribute("port"); a != nil {
			a.Replace, a.Impact = false, resource.ImpactRestart
		}
		out = append(out, &copied)
	}
	return out
}

func TestPortsThatChangeHands(t *testing.T) {
	two := servers{{Name: "a", Port: 1}, {Name: "b", Port: 2}}
	three := append(servers{{Name: "c", Port: 3}}, two...)
	for name, tt := range map[string]struct {
		before, after servers
		replace       []string
		want          string // steps, or what the refusal says
	}{
		"a shift": {three, servers{{Name: "a", Port: 2}, {Name: "b", Port: 3}, {Name: "c", Port: 4}}, nil,
			"0 update c\n1 update b after [0]\n2 update a after [1]"},
		"a port of what was needed": {servers{{Name: "x", Port: 2}, {Name: "a", Port: 1, Needs: []string{"x"}}}, servers{{Name: "a", Port: 2}}, nil,
			"0 delete x\n1 update a after [0]"},
		"a swap": {two, servers{{Name: "a", Port: 2}, {Name: "b", Port: 1}}, nil,
			"server.a@sim.lab0 is to take over port 2 from server.b@sim.lab0, server.b@sim.lab0 is to take over port 1 from server.a@sim.lab0"},
		"a swap, and one of them is ended first": {two, servers{{Name: "a", Port: 2}, {Name: "b", Port: 1}}, []string{"server.b"},
			"0 delete b\n1 update a after [0]\n2 create b after [0 1]"},
		"a round of three": {three, servers{{Name: "a", Port: 2}, {Name: "b", Port: 3}, {Name: "c", Port: 1}}, nil, "server.c@sim.lab0 is to take over port 1 from server.a@sim.lab0"},
		"a port of what needs the taker": {two, servers{{Name: "a", Port: 2}, {Name: "b", Port: 3, Needs: []string{"a"}}}, nil,
			"server.a@sim.lab0 is to take over port 2 from server.b@sim.lab0"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.providers[sim.Kind] = crowded{&sim.Provider{World: l.world}}
			l.apply(tt.before)
			p, diags := plan.Make(t.Context(), l.options(tt.after, func(o *plan.Options) { o.Replace = tt.replace }))
			got := ""
			if diags.HasErrors() {
				got = diags.Err().Error()
			} else {
				got = steps(p)
			}
			if !strings.Contains(got, tt.want) {
				t.Errorf("got %s\nwant %s", got, tt.want)
			}
			if diags.HasErrors() && !strings.Contains(diags[0].Remedy, "-replace='server.") {
				t.Errorf("remedy = %q", diags[0].Remedy)
			}
		})
	}
}
