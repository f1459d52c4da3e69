package auth

import "github.com/erlmcp/erlmcp/schemas"

// Patterns are the patterns of a rule.
type Patterns []schemas.Pattern

// NewPatterns reads patterns.
func NewPatterns(texts []string) Patterns { return schemas.Patterns(texts) }

// Match reports whether any of the names, of which empty ones count for nothing,
// fits a pattern.
func (p Patterns) Match(names ...string) bool {
	for _, pattern := range p {
		for _, name := range names {
			if name != "" && pattern.Matches(name) {
				return true
			}
		}
	}
	return false
}
