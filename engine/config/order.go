package config

import (
	"fmt"
	"sort"
	"strings"

	"github.com/erlmcp/erlmcp/diag"
)

// sortObjects puts the objects in an order in which each comes after what it
// mentions, and finds cycles. Among objects without an order of their own, kind
// and name decide.
func (c *Configuration) sortObjects() diag.List {
	ids := make([]id, 0, len(c.objects))
	for i := range c.objects {
		ids = append(ids, i)
	}
	sort.Slice(ids, func(i, j int) bool {
		if ids[i].kind != ids[j].kind {
			return ids[i].kind < ids[j].kind
		}
		return ids[i].name < ids[j].name
	})
	s := &sorter{c: c, state: make(map[id]visit, len(ids))}
	for _, i := range ids {
		if s.state[i] == unseen {
			s.visit(i)
		}
	}
	c.order = s.order
	if s.diags.HasErrors() {
		return s.diags
	}
	return c.findLate()
}

type visit uint8

const (
	unseen visit = iota
	open         // on the path from the start
	done
)

// edge is one mention on the path that is being followed.
type edge struct {
	from id
	via  reference
}

type sorter struct {
	c     *Configuration
	state map[id]visit
	path  []edge
	order []*object
	diags diag.List
}

func (s *sorter) visit(i id) {
	s.state[i] = open
	o := s.c.objects[i]
	refs := sortedReferences(o.refs)
	for _, r := range refs {
		to, ok := r.id()
		if !ok {
			continue
		}
		s.path = append(s.path, edge{i, r})
		switch s.state[to] {
		case unseen:
			s.visit(to)
		case open:
			s.diags = append(s.diags, s.cycle(to))
		}
		s.path = s.path[:len(s.path)-1]
	}
	s.state[i] = done
	s.order = append(s.order, o)
}

// cycle describes the end of the path, from start back to it.
func (s *sorter) cycle(start id) *diag.Diagnostic {
	from := len(s.path) - 1
	for s.path[from].from != start {
		from--
	}
	edges := s.path[from:]
	names, lines := make([]string, 0, len(edges)+1), make([]string, 0, len(edges))
	for _, e := range edges {
		to, _ := e.via.id()
		names = append(names, e.from.String())
		lines = append(lines, fmt.Sprintf("%s mentions %s at %s", e.from, to, placeOf(*e.via.at())))
	}
	names = append(names, start.String())
	return diag.Errorf("A cycle of references", "%s.\n%s.", strings.Join(names, " → "), strings.Join(lines, ";\n")).
		At(diag.FromRange(edges[0].via.at())).
		Fix("Remove one of these references; a third value that both mention often helps.")
}

// sortedReferences are the references to objects, one for each, by the object.
func sortedReferences(refs []reference) []reference {
	seen := make(map[id]bool, len(refs))
	out := make([]reference, 0, len(refs))
	for _, r := range refs {
		if to, ok := r.id(); ok && !seen[to] {
			seen[to] = true
			out = append(out, r)
		}
	}
	sort.Slice(out, func(i, j int) bool {
		a, _ := out[i].id()
		b, _ := out[j].id()
		if a.kind != b.kind {
			return a.kind < b.kind
		}
		return a.name < b.name
	})
	return out
}

// findLate marks the locals whose values depend on servers, and refuses such
// locals where servers may not be mentioned.
func (c *Configuration) findLate() diag.List {
	for _, o := range c.order {
		if o.kind != "local" {
			continue
		}
		l := c.locals[o.name]
		for _, r := range l.refs {
			to, ok := r.id()
			if ok && (to.kind == "server" || to.kind == "local" && c.locals[to.name].late) {
				l.late = true
			}
		}
	}
	var diags diag.List
	refuse := func(what string, refs []reference) {
		for _, r := range refs {
			if to, ok := r.id(); ok && to.kind == "local" && c.locals[to.name].late {
				diags = append(diags, onServer(what, to.String()).At(diag.FromRange(r.at())))
			}
		}
	}
	for _, t := range c.targetBlocks {
		refuse(t.id.String(), t.refs)
	}
	for _, v := range c.variables {
		for _, rule := range v.rules() {
			refuse("a validation", inExpression(rule.condition))
			refuse("a validation", inExpression(rule.message))
		}
	}
	for _, s := range c.servers {
		for _, name := range []string{"count", "for_each", "enabled", "target"} {
			if a := s.body.Attributes[name]; a != nil && !(name == "target" && c.opts.InPlace) {
				refuse(name, inExpression(a.Expr))
			}
		}
	}
	return diags
}
