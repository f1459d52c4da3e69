package auth

import "github.com/erlmcp/erlmcp/schemas"

// Patterns are texts in which * stands for any characters, as rules have them.
type Patterns []schemas.Pattern

// NewPatterns compiles patterns.
func NewPatterns(texts []string) Patterns { return schemas.Patterns(texts) }

// Match reports whether a name, which is not empty, fits one of them.
func (p Patterns) Match(name string) bool { return matches(p, name) }

// matches reports whether any of the names, which may be empty, fits a pattern.
func matches(list []schemas.Pattern, names ...string) bool {
	for _, p := range list {
		for _, n := range names {
			if n != "" && p.Matches(n) {
				return true
			}
		}
	}
	return false
}
