package plan

import (
	"context"
	"slices"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
)

// selectAddresses settles which resources the plan is about: those that the
// -target patterns cover, what they need, and, for those that go, what needs
// them.
func (p *planner) selectAddresses(context.Context) {
	all := p.known()
	p.checkPatterns("replace", p.Replace, all)
	p.checkPatterns("target", p.Only, all)
	if len(p.Only) == 0 {
		return
	}
	p.selected = map[address.Resource]bool{}
	users := p.recordedUsers()
	var visit func(address.Resource)
	visit = func(a address.Resource) {
		if p.selected[a] {
			return
		}
		p.selected[a] = true
		w := p.wanted[a]
		if w == nil {
			for _, u := range users[a] {
				visit(u)
			}
			return
		}
		for _, d := range w.DependsOn {
			visit(d)
		}
	}
	for _, a := range all {
		if p.covered(p.Only, a) {
			visit(a)
		}
	}
}

// recordedUsers tells for each recorded resource which others depend on it.
func (p *planner) recordedUsers() map[address.Resource][]address.Resource {
	users := map[address.Resource][]address.Resource{}
	for a, r := range p.State.Snapshot.Resources {
		for _, d := range r.DependsOn {
			users[d] = append(users[d], a)
		}
	}
	return users
}

func (p *planner) covered(patterns []string, a address.Resource) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return address.Covers(pattern, a) })
}

// checkPatterns refuses a pattern that covers nothing: most likely a typing
// mistake.
func (p *planner) checkPatterns(flag string, patterns []string, all []address.Resource) {
	for _, pattern := range patterns {
		if slices.ContainsFunc(all, func(a address.Resource) bool { return address.Covers(pattern, a) }) {
			continue
		}
		d := diag.Errorf("No such resource", "-%s=%s covers no resource of the configuration or the state.", flag, pattern)
		var names []string
		for _, a := range all {
			names = append(names, a.String(), a.Owner(), a.Target.String())
			if !a.Shared() {
				names = append(names, a.Server.String())
			}
		}
		if s := diag.Suggest(pattern, names); s != "" {
			d = d.Fix("Did you mean %s?", s)
		}
		p.diags = append(p.diags, d)
	}
}
