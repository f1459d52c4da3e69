package jsonschema

// circles reports whether a check could come back to a schema with the same value,
// and go on for ever.
func (d *document) circles() bool {
	const onTheWay, done = 1, 2
	state := map[*Schema]int{}
	var walk func(*Schema) bool
	walk = func(s *Schema) bool {
		if state[s] != 0 {
			return state[s] == onTheWay
		}
		state[s] = onTheWay
		for _, next := range d.inPlace(s) {
			if walk(next) {
				return true
			}
		}
		state[s] = done
		return false
	}
	for _, s := range d.compiled {
		if walk(s) {
			return true
		}
	}
	return false
}

// inPlace are the schemas that a value of this one may be checked with too: of a
// dynamic reference, all that it might mean.
func (d *document) inPlace(s *Schema) []*Schema {
	var out []*Schema
	add := func(list ...*Schema) {
		for _, next := range list {
			if next != nil {
				out = append(out, next)
			}
		}
	}
	add(s.ref)
	if s.dynamic != nil {
		add(s.dynamic.lexical)
		for _, r := range d.resources {
			add(r.outer[s.dynamic.anchor])
		}
	}
	if a := s.among; a != nil {
		add(a.all...)
		add(a.some...)
		add(a.one...)
		add(a.not, a.when, a.then, a.otherwise)
	}
	if s.object != nil {
		for _, next := range s.object.along {
			add(next)
		}
	}
	return out
}
