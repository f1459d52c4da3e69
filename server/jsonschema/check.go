package jsonschema

import (
	"fmt"
	"slices"
	"unicode/utf8"
)

// check is one value on its way through a schema.
type check struct {
	found *Misfits    // nil when only the answer counts
	at    []string    // where it is, kept when there is something to be found
	scope []*resource // that it has come through, where that matters
}

// wrong notes what is wrong here. It is false, for the sake of its callers.
func (c *check) wrong(format string, args ...any) bool {
	if c.found != nil && len(*c.found) < mostFound {
		*c.found = append(*c.found, Misfit{At: slices.Clone(c.at), Says: fmt.Sprintf(format, args...)})
	}
	return false
}

// more reports whether to go on: after something wrong, only to find what else is.
func (c *check) more(ok bool) bool { return ok || c.found != nil }

// quietly checks a value without a word, as one schema of several.
func (c *check) quietly(s *Schema, v any, notes *seen) bool {
	found := c.found
	c.found = nil
	ok := c.fits(s, v, notes)
	c.found = found
	return ok
}

// inside checks what stands at a step further in. The step is made only for those
// who look.
func (c *check) inside(s *Schema, v any, step func() string) bool {
	if c.found != nil {
		c.at = append(c.at, step())
	}
	ok := c.fits(s, v, nil)
	if c.found != nil {
		c.at = c.at[:len(c.at)-1]
	}
	return ok
}

// fits reports whether a value fits, and notes what of it was evaluated.
func (c *check) fits(s *Schema, v any, notes *seen) bool {
	if s.never {
		return c.wrong("it is not allowed")
	}
	if r := s.resource; r.outer != nil && (len(c.scope) == 0 || c.scope[len(c.scope)-1] != r) {
		c.scope = append(c.scope, r)
		defer func() { c.scope = c.scope[:len(c.scope)-1] }()
	}
	own := notes
	if s.openItems != nil || s.openProperties != nil {
		own = &seen{}
	}
	ok := c.rules(s, v, own)
	if own != notes && c.more(ok) {
		ok = c.open(s, v, own) && ok
		notes.add(own)
	}
	return ok
}

// rules checks all but what depends on the notes.
func (c *check) rules(s *Schema, v any, notes *seen) bool {
	ok := c.kind(s, v) && c.exactly(s, v)
	if s.ref != nil && c.more(ok) {
		ok = c.fits(s.ref, v, notes) && ok
	}
	if s.dynamic != nil && c.more(ok) {
		ok = c.fits(c.outermost(s.dynamic), v, notes) && ok
	}
	if !c.more(ok) {
		return false
	}
	switch v := v.(type) {
	case string:
		ok = (s.text == nil || c.text(s.text, v)) && ok
	case map[string]any:
		ok = (s.object == nil || c.object(s.object, v, notes)) && ok
	case []any:
		ok = (s.array == nil || c.array(s.array, v, notes)) && ok
	default:
		ok = (s.number == nil || kindOf(v)&number == 0 || c.number(s.number, v)) && ok
	}
	if s.among != nil && c.more(ok) {
		ok = c.among(s.among, v, notes) && ok
	}
	return ok
}

// outermost is the schema that a dynamic reference means here.
func (c *check) outermost(d *dynamic) *Schema {
	if d.anchor != "" {
		for _, r := range c.scope {
			if s := r.outer[d.anchor]; s != nil {
				return s
			}
		}
	}
	return d.lexical
}

func (c *check) kind(s *Schema, v any) bool {
	if s.types == 0 || kindOf(v)&s.types != 0 {
		return true
	}
	return c.wrong("got %s, want %s", got(v), s.types)
}

func (c *check) exactly(s *Schema, v any) bool {
	if s.single != nil && !equal(v, *s.single) {
		return c.wrong("value must be %s", shown(*s.single))
	}
	if s.enum == nil {
		return true
	}
	for _, one := range s.enum {
		if equal(v, one) {
			return true
		}
	}
	return c.wrong("value must be one of %s", clip(choices(s.enum), longestPart))
}

func choices(list []any) string {
	var b []byte
	for i, v := range list {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(b, shown(v)...)
	}
	return string(b)
}

func (c *check) number(n *numbers, v any) bool {
	ok := true
	for _, b := range []struct {
		bound     *bound
		low, high int // where the number may stand to it
		says      string
	}{
		{n.min, 0, 1, "minimum: got %s, want at least %s"}, {n.max, -1, 0, "maximum: got %s, want at most %s"},
		{n.above, 1, 1, "exclusiveMinimum: got %s, want more than %s"}, {n.below, -1, -1, "exclusiveMaximum: got %s, want less than %s"},
	} {
		if b.bound == nil {
			continue
		}
		if is := b.bound.compared(v); is < b.low || is > b.high {
			ok = c.wrong(b.says, shown(v), b.bound)
		}
	}
	if n.multiple != nil && !n.multiple.divides(v) {
		ok = c.wrong("multipleOf: got %s, want a multiple of %s", shown(v), n.multiple)
	}
	return ok
}

func (c *check) text(t *texts, s string) bool {
	ok := true
	if t.min > 0 || t.max >= 0 {
		n := utf8.RuneCountInString(s)
		if n < t.min {
			ok = c.wrong("minLength: got %d, want at least %d", n, t.min)
		}
		if t.max >= 0 && n > t.max {
			ok = c.wrong("maxLength: got %d, want at most %d", n, t.max)
		}
	}
	if t.pattern != nil && !t.pattern.MatchString(s) {
		ok = c.wrong("%s does not match pattern %s", shown(s), shown(t.pattern.String()))
	}
	if t.format != nil && !t.format.fits(s) {
		ok = c.wrong("%s is not of the format %s", shown(s), t.format.name)
	}
	return ok
}

func (c *check) among(a *among, v any, notes *seen) bool {
	ok := true
	for _, s := range a.all {
		if ok = c.fits(s, v, notes) && ok; !c.more(ok) {
			return false
		}
	}
	if len(a.some) > 0 {
		ok = c.oneOf(a.some, v, notes, len(a.some)) && ok
	}
	if len(a.one) > 0 && c.more(ok) {
		ok = c.oneOf(a.one, v, notes, 1) && ok
	}
	if a.not != nil && c.more(ok) && c.quietly(a.not, v, nil) {
		ok = c.wrong("it is what \"not\" rules out")
	}
	if a.when != nil && c.more(ok) {
		ok = c.when(a, v, notes) && ok
	}
	return ok
}

// oneOf checks that a value fits one of the schemas, and at most as many. What is
// wrong with it for each of them is told when it fits none.
func (c *check) oneOf(list []*Schema, v any, notes *seen, most int) bool {
	fit := 0
	for _, s := range list {
		branch := notes.fresh()
		if !c.quietly(s, v, branch) {
			continue
		}
		notes.add(branch)
		if fit++; fit > most {
			return c.wrong("it fits several schemas of oneOf, want one")
		}
		if notes == nil && most > 1 {
			return true
		}
	}
	if fit > 0 {
		return true
	}
	if c.found != nil {
		for _, s := range list {
			c.fits(s, v, nil)
		}
	}
	return false
}

func (c *check) when(a *among, v any, notes *seen) bool {
	branch, next := notes.fresh(), a.otherwise
	if c.quietly(a.when, v, branch) {
		notes.add(branch)
		next = a.then
	}
	return next == nil || c.fits(next, v, notes)
}
