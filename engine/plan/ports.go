package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/graph"
	"github.com/erlmcp/erlmcp/engine/resource"
)

// claim is something of which a target has but one: what an endpoint exports as
// its port, or as the URL of its metrics.
type claim struct {
	target address.Target
	what   string // "port 8080"
}

func claims(a address.Resource, o resource.Object) []claim {
	var out []claim
	for _, c := range []struct{ attribute, what string }{{"port", "port"}, {"metrics_url", "the metrics at"}} {
		v, err := convert.Convert(attribute(o, c.attribute), cty.String)
		if err == nil && v.IsKnown() && !v.IsNull() {
			out = append(out, claim{a.Target, c.what + " " + v.AsString()})
		}
	}
	return out
}

// takeover is a step that opens what another gives up.
type takeover struct {
	taker, giver node
	claim        claim
}

func (p *planner) takeovers() []takeover {
	given := map[claim][]node{}
	for i := range p.plan.Changes {
		c := &p.plan.Changes[i]
		by := p.decided[c.Address].leaves()
		if !c.Endpoint || by == "" {
			continue
		}
		kept := claims(c.Address, c.After)
		for _, x := range claims(c.Address, c.Before) {
			if by == Delete || !slices.Contains(kept, x) {
				given[x] = append(given[x], p.last(c.Address, by))
			}
		}
	}
	var out []takeover
	for i := range p.plan.Changes {
		c := &p.plan.Changes[i]
		made := p.decided[c.Address].made()
		if !c.Endpoint || made == "" {
			continue
		}
		held := claims(c.Address, c.Before)
		for _, x := range claims(c.Address, c.After) {
			// What several hold at the same time is not theirs alone.
			if old := given[x]; len(old) == 1 && !slices.Contains(held, x) {
				out = append(out, takeover{p.first(c.Address, made), old[0], x})
			}
		}
	}
	return out
}

// refuseTrade refuses servers that wait for each other's ports, as those that trade
// them, and reports whether it did. No order would do, and to end one of them
// unasked would leave it ended if the other's change failed. Where each server has
// ports of its own there is nothing to wait for.
func (p *planner) refuseTrade(circle error) bool {
	var cycle *graph.CycleError[node]
	if !errors.As(circle, &cycle) {
		return false
	}
	var parts []string
	var last takeover
	for _, t := range p.takeovers() {
		i := slices.Index(cycle.Nodes, t.taker)
		if i < 0 || cycle.Nodes[(i+1)%len(cycle.Nodes)] != t.giver {
			continue
		}
		if provider := p.Providers[t.claim.target.Kind]; provider == nil || !provider.Schema().SharedPorts {
			continue
		}
		last = t
		parts = append(parts, fmt.Sprintf("%s is to take over %s from %s", t.taker.address.Owner(), t.claim.what, t.giver.address.Owner()))
	}
	if len(parts) == 0 {
		return false
	}
	d := diag.Errorf("Servers wait for each other's ports", "%s; in this circle none can be first.", strings.Join(parts, ", "))
	d.Address = last.giver.address.String()
	if w := p.wanted[last.giver.address]; w != nil {
		for _, in := range p.Configuration.Instances() {
			if in.Ref == w.Source {
				d.At(in.Range)
			}
		}
	}
	p.diags = append(p.diags, d.Fix("Do it in two applies: first move %s to a port that nobody has, and leave the others as they are. Or apply with -replace='%s': it is ended first, and is down until the others have moved.",
		last.giver.address.Server, last.giver.address))
	return true
}
