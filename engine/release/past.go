package release

import (
	"maps"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/config"
	"github.com/erlmcp/erlmcp/engine/graph"
	"github.com/erlmcp/erlmcp/engine/plan"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/engine/state"
)

// Past is what a revision applied, as a configuration whose resources are settled.
type Past struct {
	snapshot  *state.Snapshot
	instances []config.Instance
	lowered   map[config.Ref]resource.Lowered
	targets   []resource.Target
	outputs   []config.Output
}

var _ plan.Configuration = (*Past)(nil)

// Instances are the servers that there were, each after those that it depended on.
func (p *Past) Instances() []config.Instance { return p.instances }

// Evaluate gives a server without a document: its resources are settled.
func (p *Past) Evaluate(ref config.Ref, _ *config.Exports) (resource.Instance, diag.List) {
	in := resource.Instance{Address: ref.Server, Document: cty.EmptyObjectVal}
	for _, t := range p.targets {
		if t.Address == ref.Target {
			in.Target = t
		}
	}
	return in, nil
}

// Outputs are those that there were. A sensitive one is unknown unless the present
// configuration has its value.
func (p *Past) Outputs(*config.Exports) ([]config.Output, diag.List) { return p.outputs, nil }

// Targets are those of the present configuration, and those that servers stood on.
func (p *Past) Targets() []resource.Target { return p.targets }

// Providers lower the servers of p to what they were. In all else they are those
// that are given.
func (p *Past) Providers(providers map[string]resource.Provider) map[string]resource.Provider {
	out := make(map[string]resource.Provider, len(providers))
	for kind, provider := range providers {
		out[kind] = settled{provider, p.lowered}
	}
	return out
}

// settled is a provider that lowers servers to resources that are settled.
type settled struct {
	resource.Provider
	lowered map[config.Ref]resource.Lowered
}

func (s settled) Lower(in resource.Instance) (resource.Lowered, diag.List) {
	l := s.lowered[config.Ref{Server: in.Address, Target: in.Target.Address}]
	resources := make([]resource.Desired, len(l.Resources))
	for i, r := range l.Resources {
		r.DependsOn = slices.Clone(r.DependsOn) // whoever is given them sorts them
		resources[i] = r
	}
	return resource.Lowered{Resources: resources, Endpoint: l.Endpoint}, nil
}

// arrange groups the resources by server, and orders the servers.
func (p *Past) arrange(resources map[address.Resource]resource.Desired) error {
	p.lowered = map[config.Ref]resource.Lowered{}
	g := &graph.Graph[config.Ref]{}
	needs := map[config.Ref][]config.Ref{}
	for _, a := range p.snapshot.Addresses() {
		if a.Shared() {
			continue
		}
		ref := config.Ref{Server: a.Server, Target: a.Target}
		g.Add(ref)
		l := p.lowered[ref]
		for _, d := range resources[a].DependsOn {
			other := config.Ref{Server: d.Server, Target: d.Target}
			switch {
			case d.Shared():
				if !slices.ContainsFunc(l.Resources, func(r resource.Desired) bool { return r.Address == d }) {
					l.Resources = append(l.Resources, resources[d])
				}
			case other != ref:
				g.Depend(ref, other)
				needs[ref] = append(needs[ref], other)
			}
		}
		l.Resources = append(l.Resources, resources[a])
		if p.snapshot.Resources[a].Endpoint {
			l.Endpoint = a
		}
		p.lowered[ref] = l
	}
	order, err := g.Order()
	if err != nil {
		return err
	}
	for _, ref := range order {
		p.instances = append(p.instances, config.Instance{Ref: ref, DependsOn: needs[ref]})
	}
	return nil
}

// placeTargets takes the targets of the present, with their secrets, and those that
// are only recorded.
func (p *Past) placeTargets(present []resource.Target) {
	p.targets = slices.Clone(present)
	for _, a := range slices.SortedFunc(maps.Keys(p.snapshot.Targets), func(a, b address.Target) int {
		return strings.Compare(a.String(), b.String())
	}) {
		if !slices.ContainsFunc(present, func(t resource.Target) bool { return t.Address == a }) {
			p.targets = append(p.targets, resource.Target{Address: a, Config: p.snapshot.TargetConfig(a)})
		}
	}
}
