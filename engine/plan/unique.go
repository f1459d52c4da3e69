package plan

import (
	"maps"
	"slices"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
)

// place is where no two resources can be.
type place struct {
	kind, attribute, value string
	server                 address.Server
}

// checkUnique refuses resources that would be at one place: two targets whose
// blocks differ in nothing but their names, with a server on both.
func (p *planner) checkUnique() {
	at := map[place]address.Resource{}
	for _, a := range slices.SortedFunc(maps.Keys(p.wanted), address.Resource.Compare) {
		w := p.wanted[a]
		for _, t := range p.resolver.Type(w.Type).Attributes {
			v := attribute(w.Object, t.Name)
			if !t.Unique || !v.IsKnown() {
				continue
			}
			x := place{kind: w.Type, attribute: t.Name, value: v.GoString(), server: a.Server}
			first, taken := at[x]
			if !taken {
				at[x] = a
				continue
			}
			d := diag.Errorf("Two targets are one place", "%s is to run on %s and on %s, which are the same place: each would overwrite the other's %s.",
				a.Server, first.Target, a.Target, t.Name)
			d.Address = a.String()
			p.diags = append(p.diags, d.Fix("Give the targets different places, or take one of them out of the server's target."))
		}
	}
}
