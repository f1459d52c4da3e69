package config

import (
	"sort"
	"strings"
)

// dependencies finds the places that instances depend on. Instances that depend
// on the same blocks share one list.
type dependencies struct {
	c      *Configuration
	locals map[string]*needs
	shared map[string][]Ref // by the names of whole blocks
}

// needs is what something mentions: blocks as a whole, and single instances of
// others.
type needs struct {
	wholes map[string]*expanded
	single map[*instance]bool
}

func newDependencies(c *Configuration) *dependencies {
	return &dependencies{c: c, locals: map[string]*needs{}, shared: map[string][]Ref{}}
}

// local notes what a late local mentions, directly and through other locals. The
// locals that it mentions have been noted before.
func (d *dependencies) local(name string, refs []reference, mentions []mention) {
	var through []string
	for _, r := range sortedReferences(refs) {
		if to, _ := r.id(); to.kind == "local" {
			through = append(through, to.name)
		}
	}
	d.locals[name] = d.join(through, mentions)
}

// of are the places behind late locals and mentions, in the order of instances.
// The list may be shared and is not to be changed.
func (d *dependencies) of(locals []string, mentions []mention) []Ref {
	n := d.join(locals, mentions)
	if len(n.wholes) == 0 && len(n.single) == 0 {
		return nil
	}
	names := sortedKeys(n.wholes)
	key := strings.Join(names, " ")
	all, ok := d.shared[key]
	if !ok {
		for _, name := range names {
			all = append(all, n.wholes[name].refs...)
		}
		d.sort(all)
		d.shared[key] = all
	}
	if len(n.single) == 0 {
		return all
	}
	out := append(make([]Ref, 0, len(all)+len(n.single)), all...)
	for in := range n.single {
		out = append(out, in.refs...)
	}
	d.sort(out)
	return out
}

func (d *dependencies) sort(refs []Ref) {
	sort.Slice(refs, func(i, j int) bool { return d.c.places[refs[i]].index < d.c.places[refs[j]].index })
}

func (d *dependencies) join(locals []string, mentions []mention) *needs {
	n := &needs{wholes: map[string]*expanded{}, single: map[*instance]bool{}}
	for _, m := range mentions {
		if m.whole {
			n.wholes[m.of.server.name] = m.of
		}
		for _, k := range m.keys {
			if in := m.of.instances[k]; in != nil {
				n.single[in] = true
			}
		}
	}
	for _, name := range locals {
		l := d.locals[name]
		if l == nil {
			continue // it mentions no server
		}
		for name, e := range l.wholes {
			n.wholes[name] = e
		}
		for in := range l.single {
			n.single[in] = true
		}
	}
	for in := range n.single {
		if n.wholes[in.server.name] != nil {
			delete(n.single, in)
		}
	}
	return n
}
