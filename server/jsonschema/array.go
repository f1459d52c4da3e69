package jsonschema

import "strconv"

func index(i int) func() string { return func() string { return strconv.Itoa(i) } }

func (c *check) array(a *arrays, v []any, notes *seen) bool {
	ok := true
	if len(v) < a.min {
		ok = c.wrong("minItems: got %d, want at least %d", len(v), a.min)
	}
	if a.max >= 0 && len(v) > a.max {
		ok = c.wrong("maxItems: got %d, want at most %d", len(v), a.max)
	}
	if a.unique && c.more(ok) {
		ok = c.different(v) && ok
	}
	for i, element := range v {
		s := a.rest
		if i < len(a.first) {
			s = a.first[i]
		}
		if s == nil {
			break
		}
		if ok = c.inside(s, element, index(i)) && ok; !c.more(ok) {
			return false
		}
	}
	if a.rest != nil {
		notes.all()
	}
	notes.upTo(len(a.first))
	if a.contains != nil {
		ok = c.contains(a, v, notes) && ok
	}
	return ok
}

// different checks that no two elements are equal.
func (c *check) different(v []any) bool {
	if len(v) < 2 {
		return true
	}
	where := make(map[string]int, len(v))
	for i, element := range v {
		key := string(canonical(nil, element))
		if before, is := where[key]; is {
			return c.wrong("uniqueItems: elements %d and %d are equal", before, i)
		}
		where[key] = i
	}
	return true
}

// contains checks how many elements fit.
func (c *check) contains(a *arrays, v []any, notes *seen) bool {
	hits := 0
	for i, element := range v {
		if !c.quietly(a.contains, element, nil) {
			continue
		}
		hits++
		if a.noteHits {
			notes.element(i)
		}
	}
	if hits < a.fewest {
		return c.wrong("contains: got %d elements that fit, want at least %d", hits, a.fewest)
	}
	if a.most >= 0 && hits > a.most {
		return c.wrong("contains: got %d elements that fit, want at most %d", hits, a.most)
	}
	return true
}
