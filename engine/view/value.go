package view

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/resource"
)

// leaf is one value of an object, with its path as people write it.
type leaf struct {
	path   string
	value  cty.Value // primitive, empty collection, or unknown
	secret bool
}

// leaves lists the values at and below a path that are not null, in the order of
// their paths, and the secrets of the object that they are taken from.
func leaves(at cty.Path, v cty.Value, secrets []resource.Secret) []leaf {
	secret := map[string]bool{}
	for _, s := range secrets {
		secret[resource.FormatPath(s.Path)] = true
	}
	var out []leaf
	var walk func(cty.Path, cty.Value)
	walk = func(p cty.Path, v cty.Value) {
		path := resource.FormatPath(p)
		switch {
		case secret[path]:
			out = append(out, leaf{path: path, secret: true})
		case v == cty.NilVal || v.IsNull():
		case !v.IsKnown(), !v.CanIterateElements(), isWords(v) && !within(secret, path):
			out = append(out, leaf{path: path, value: v})
		case v.LengthInt() == 0:
			if !v.Type().IsObjectType() || len(p) > 0 && len(v.Type().AttributeTypes()) == 0 {
				out = append(out, leaf{path: path, value: v})
			}
		default:
			for it := v.ElementIterator(); it.Next(); {
				k, e := it.Element()
				if v.Type().IsObjectType() {
					walk(p.GetAttr(k.AsString()), e)
				} else {
					walk(p.Index(k), e)
				}
			}
		}
	}
	walk(at, v)
	return out
}

// isWords reports whether a value is a list of known strings, which stands on one
// line, such as a command.
func isWords(v cty.Value) bool {
	t := v.Type()
	if !t.IsListType() || t.ElementType() != cty.String || !v.IsWhollyKnown() || v.LengthInt() == 0 {
		return false
	}
	for it := v.ElementIterator(); it.Next(); {
		if _, e := it.Element(); e.IsNull() || len(e.AsString()) > 60 || strings.ContainsAny(e.AsString(), "\n") {
			return false
		}
	}
	return true
}

// within reports whether a secret stands below a path.
func within(secret map[string]bool, path string) bool {
	for s := range secret {
		if strings.HasPrefix(s, path) {
			return true
		}
	}
	return false
}

// text writes a value on one line of about width columns.
func (l leaf) text(width int) string {
	switch {
	case l.secret:
		return "(sensitive)"
	case l.value.IsNull():
		return "null"
	case !l.value.IsKnown():
		return "(known after apply)"
	}
	switch t := l.value.Type(); {
	case t == cty.String:
		return quoted(l.value.AsString(), width)
	case t == cty.Number:
		return l.value.AsBigFloat().Text('f', -1)
	case t == cty.Bool:
		return strconv.FormatBool(l.value.True())
	case isWords(l.value):
		var words []string
		for it := l.value.ElementIterator(); it.Next(); {
			_, e := it.Element()
			words = append(words, strconv.Quote(e.AsString()))
		}
		return "[" + strings.Join(words, ", ") + "]"
	case t.IsMapType() || t.IsObjectType():
		return "{}"
	default:
		return "[]"
	}
}

// quoted writes a string in quotes, cut to width, with the number of its lines
// when it has several.
func quoted(s string, width int) string {
	suffix := ""
	if first, rest, many := strings.Cut(strings.TrimRight(s, "\n"), "\n"); many {
		suffix = fmt.Sprintf(" … (%d lines)", 2+strings.Count(rest, "\n"))
		s = first
	}
	if isDigest(s) {
		s = s[:12] + "…"
	}
	q := strconv.Quote(s)
	if utf8.RuneCountInString(q) > width && width > 8 {
		r := []rune(q)
		q = string(r[:width-2]) + `…"`
	}
	return q + suffix
}

// keptCommon is how much of what two long texts have in common is left before the
// place where they differ, in characters.
const keptCommon = 12

// apart takes away the common beginning of two texts of which one is longer than
// width, as what differs would be cut off otherwise.
func apart(before, after cty.Value, width int) (cty.Value, cty.Value) {
	b, isText := text(before)
	a, isAlso := text(after)
	if !isText || !isAlso || max(len(b), len(a)) < width-2 || isDigest(string(b)) || isDigest(string(a)) {
		return before, after
	}
	common := 0
	for common < min(len(b), len(a)) && b[common] == a[common] {
		common++
	}
	if common <= keptCommon {
		return before, after
	}
	return cty.StringVal("…" + string(b[common-keptCommon:])), cty.StringVal("…" + string(a[common-keptCommon:]))
}

// text is a value that is a known text.
func text(v cty.Value) ([]rune, bool) {
	if absent(v) || !v.IsKnown() || v.Type() != cty.String {
		return nil, false
	}
	return []rune(v.AsString()), true
}

// isDigest reports whether a string is a SHA-256 in hex, of which people need
// only the beginning.
func isDigest(s string) bool {
	if len(s) != 64 {
		return false
	}
	return strings.Trim(s, "0123456789abcdef") == ""
}
