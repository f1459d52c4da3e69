package view

import "github.com/erlmcp/erlmcp/engine/resource"

// Types are the types of resources by name. What a new object has at a place that
// follows from the rest is left out, and counted.
type Types map[string]*resource.Type

// TypesOf are those of all providers.
func TypesOf(kinds map[string]resource.Provider) Types {
	out := Types{}
	for _, p := range kinds {
		for _, t := range p.Types() {
			out[t.Name] = t
		}
	}
	return out
}

// told are the leaves that people are told of, and how many others there are.
func (ts Types) told(typ string, all []leaf) (told []leaf, others int) {
	t := ts[typ]
	if t == nil || t.Follows == nil {
		return all, 0
	}
	for _, l := range all {
		if l.secret || !t.Follows(l.path) {
			told = append(told, l)
		}
	}
	return told, len(all) - len(told)
}
