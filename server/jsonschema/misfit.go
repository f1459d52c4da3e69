package jsonschema

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Misfit is one thing that is wrong with a value.
type Misfit struct {
	At   []string // names and indexes that lead to it; none for the value itself
	Says string
}

func (m Misfit) String() string {
	if len(m.At) == 0 {
		return m.Says
	}
	return strings.Join(m.At, ".") + ": " + m.Says
}

func (m Misfit) compare(other Misfit) int { return cmp.Compare(m.String(), other.String()) }

// Misfits are all that is wrong with a value, in order of their text.
type Misfits []Misfit

// What is said of a value may quote what a client sent.
const (
	mostFound   = 100 // things that are looked for
	mostTold    = 8
	longestTold = 1000 // bytes
	longestPart = 120
)

// Error says each thing once, and no more than fits a message.
func (m Misfits) Error() string {
	told := make([]string, len(m))
	for i := range m {
		told[i] = m[i].String()
	}
	told = slices.Compact(told)
	if len(told) > mostTold {
		told = append(told[:mostTold], "and more")
	}
	return clip(strings.Join(told, "; "), longestTold)
}

// clip shortens a text to as many bytes.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most] + "…"
}

// quoted are names in a sentence: 'a', 'b'.
func quoted(names []string) string {
	slices.Sort(names)
	return "'" + clip(strings.Join(names, "', '"), longestPart) + "'"
}

// shown is a value in a sentence.
func shown(v any) string {
	switch v := v.(type) {
	case string:
		return "'" + clip(v, longestPart) + "'"
	case []any, map[string]any:
		return clip(string(canonical(nil, v)), longestPart)
	case nil:
		return "null"
	}
	return clip(fmt.Sprint(v), longestPart)
}
