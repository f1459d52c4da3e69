package auth

import (
	"slices"

	"github.com/erlmcp/erlmcp/schemas"
)

// Kind is what can be allowed and denied.
type Kind uint8

const (
	Tool Kind = iota
	Resource
	Prompt
	kinds
)

// access is the allow and deny rules.
type access struct{ allow, deny []rule }

type rule struct {
	identities Patterns
	scopes     []string
	things     things
}

// things are what a rule is about; all when there are no patterns at all.
type things [kinds]Patterns

func (t *things) has(kind Kind, names []string) bool {
	return t[kind].Match(names...)
}

func (t *things) all() bool { return len(t[Tool])+len(t[Resource])+len(t[Prompt]) == 0 }

func newAccess(block *schemas.Auth) access {
	return access{rules(block.Allow), rules(block.Deny)}
}

func rules(blocks []schemas.AccessRule) []rule {
	var out []rule
	for _, b := range blocks {
		out = append(out, rule{NewPatterns(b.Identities), b.Scopes, things{NewPatterns(b.Tools), NewPatterns(b.Resources), NewPatterns(b.Prompts)}})
	}
	return out
}

// about reports whether a rule is about that client.
func (r *rule) about(id *Identity) bool {
	if len(r.identities) > 0 && !r.identities.Match(id.Key) {
		return false
	}
	for _, s := range r.scopes {
		if !slices.Contains(id.Scopes, s) {
			return false
		}
	}
	return true
}

// Restricts reports whether some clients may see less than others.
func (g *Gate) Restricts() bool { return len(g.access.allow)+len(g.access.deny) > 0 }

// Class names those clients that the same rules are about, and who therefore may
// use the same.
func (g *Gate) Class(id *Identity) string {
	class := make([]byte, 0, len(g.access.allow)+len(g.access.deny))
	for _, rules := range [][]rule{g.access.allow, g.access.deny} {
		for i := range rules {
			if rules[i].about(id) {
				class = append(class, 'y')
			} else {
				class = append(class, 'n')
			}
		}
	}
	return string(class)
}

// May reports whether a client may see and use something that goes by those
// names: its name, and for resources the URI.
func (g *Gate) May(id *Identity, kind Kind, names ...string) bool {
	if id == nil || !g.Restricts() {
		return true
	}
	covers := func(r *rule) bool {
		return r.about(id) && (r.things.all() || r.things.has(kind, names))
	}
	for i := range g.access.deny {
		if covers(&g.access.deny[i]) {
			return false
		}
	}
	if len(g.access.allow) == 0 {
		return true
	}
	for i := range g.access.allow {
		if covers(&g.access.allow[i]) {
			return true
		}
	}
	return false
}
