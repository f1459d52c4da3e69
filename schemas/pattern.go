package schemas

import "strings"

// Pattern is a text in which * stands for any characters, none included.
type Pattern struct{ parts []string }

// Patterns reads a list of patterns. Every text is one.
func Patterns(texts []string) []Pattern {
	out := make([]Pattern, len(texts))
	for i, t := range texts {
		out[i] = Pattern{strings.Split(t, "*")}
	}
	return out
}

// Matches reports whether a text fits the pattern as a whole.
func (p Pattern) Matches(s string) bool {
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
