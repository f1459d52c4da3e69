package state

import (
	"fmt"

	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/graph"
)

// Check verifies what must hold of every snapshot: it has a lineage and a key,
// each resource stands under its own address, on a target that is recorded,
// depends on resources that exist, and no dependencies run in a circle.
func (s *Snapshot) Check() error {
	if s.Lineage == "" || len(s.DigestKey) == 0 {
		return fmt.Errorf("it has no lineage or no digest key")
	}
	var g graph.Graph[address.Resource]
	for _, a := range s.Addresses() {
		r := s.Resources[a]
		if r.Address != a {
			return fmt.Errorf("%s is recorded under the address %s", r.Address, a)
		}
		if _, ok := s.Targets[a.Target]; !ok {
			return fmt.Errorf("%s stands on %s, of which nothing is recorded", a, a.Target)
		}
		g.Add(a)
		for _, d := range r.DependsOn {
			if s.Resources[d] == nil {
				return fmt.Errorf("%s depends on %s, which is not recorded", a, d)
			}
			g.Depend(a, d)
		}
	}
	for a := range s.Uncertain {
		if _, ok := s.Targets[a.Target]; !ok {
			return fmt.Errorf("%s stands on %s, of which nothing is recorded", a, a.Target)
		}
	}
	if _, err := g.Order(); err != nil {
		return fmt.Errorf("dependencies form %w", err)
	}
	return nil
}

// Settle drops what no longer refers to anything: dependencies on resources that
// are gone, and targets on which nothing stands.
func (s *Snapshot) Settle() {
	used := map[address.Target]bool{}
	for a, r := range s.Resources {
		used[a.Target] = true
		var kept []address.Resource
		for _, d := range r.DependsOn {
			if s.Resources[d] != nil {
				kept = append(kept, d)
			}
		}
		if len(kept) < len(r.DependsOn) {
			c := *r
			c.DependsOn = kept
			s.Resources[a] = &c
		}
	}
	for a := range s.Uncertain {
		used[a.Target] = true
	}
	for t := range s.Targets {
		if !used[t] {
			delete(s.Targets, t)
		}
	}
}
