package plan

import (
	"maps"
	"slices"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
)

// place is where no two resources can be.
type place struct {
	kind, attribute, name string
	server                address.Server
}

// checkUnique refuses resources that would be at one place: two targets that are
// the same but for their names, with a server on both.
func (p *planner) checkUnique() {
	at := map[place]address.Resource{}
	for _, a := range slices.SortedFunc(maps.Keys(p.wanted), address.Resource.Compare) {
		w := p.wanted[a]
		for _, t := range p.resolver.Type(w.Type).Attributes {
			if t.Unique == nil {
				continue
			}
			v := attribute(w.Object, t.Name)
			if !v.IsKnown() {
				continue
			}
			x := place{kind: w.Type, attribute: t.Name, name: t.Unique(p.targets[a.Target], a.Server, v), server: a.Server}
			first, taken := at[x]
			if !taken {
				at[x] = a
				continue
			}
			p.diags = append(p.diags, collision(p.targets[first.Target], p.targets[a.Target], x))
		}
	}
}

func collision(first, second resource.Target, x place) *diag.Diagnostic {
	where := func(t resource.Target) string {
		if t.Range == nil {
			return t.Address.String()
		}
		return t.Address.String() + " (" + t.Range.String() + ")"
	}
	return diag.Errorf("Two targets are one place", "%s is to run on %s and on %s: the %s of both is %s, and each would overwrite the other's.",
		x.server, where(first), where(second), x.attribute, x.name).At(second.Range).
		Fix("Give the targets different places, or take one of them out of the server's target.")
}
