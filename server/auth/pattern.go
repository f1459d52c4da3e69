package auth

import "strings"

// Patterns are texts in which * stands for any characters, as rules have them.
type Patterns []pattern

// NewPatterns compiles patterns.
func NewPatterns(texts []string) Patterns { return patterns(texts) }

// Match reports whether a name, which is not empty, fits one of them.
func (p Patterns) Match(name string) bool { return matches(p, name) }

// pattern is a text in which * stands for any characters, none included.
type pattern struct{ parts []string }

func patterns(texts []string) []pattern {
	out := make([]pattern, len(texts))
	for i, t := range texts {
		out[i] = pattern{strings.Split(t, "*")}
	}
	return out
}

func (p pattern) matches(s string) bool {
	first, last := p.parts[0], p.parts[len(p.parts)-1]
	if len(p.parts) == 1 {
		return s == first
	}
	s, ok := strings.CutPrefix(s, first)
	if !ok {
		return false
	}
	for _, part := range p.parts[1 : len(p.parts)-1] {
		_, after, found := strings.Cut(s, part)
		if !found {
			return false
		}
		s = after
	}
	return strings.HasSuffix(s, last)
}

// matches reports whether any of the names, which may be empty, fits a pattern.
func matches(list []pattern, names ...string) bool {
	for _, p := range list {
		for _, n := range names {
			if n != "" && p.matches(n) {
				return true
			}
		}
	}
	return false
}
