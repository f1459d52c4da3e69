package jsonschema

func (c *check) object(o *objects, v map[string]any, notes *seen) bool {
	ok := true
	if len(v) < o.min {
		ok = c.wrong("minProperties: got %d, want at least %d", len(v), o.min)
	}
	if o.max >= 0 && len(v) > o.max {
		ok = c.wrong("maxProperties: got %d, want at most %d", len(v), o.max)
	}
	var missing []string
	for _, name := range o.required {
		if _, is := v[name]; !is {
			if c.found == nil {
				return false
			}
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		word := "property"
		if len(missing) > 1 {
			word = "properties"
		}
		ok = c.wrong("missing %s %s", word, quoted(missing))
	}
	if !c.more(ok) {
		return false
	}
	if ok = c.properties(o, v, notes) && ok; !c.more(ok) {
		return false
	}
	if len(o.together)+len(o.along) > 0 {
		ok = c.dependents(o, v, notes) && ok
	}
	return ok
}

// properties checks each property, with the schemas that its name leads to.
func (c *check) properties(o *objects, v map[string]any, notes *seen) bool {
	ok := true
	var extra []string
	for name, value := range v {
		step := func() string { return name }
		s := o.properties[name]
		known := s != nil
		if known {
			ok = c.inside(s, value, step) && ok
		}
		for _, p := range o.patterns {
			if p.names.MatchString(name) {
				known = true
				ok = c.inside(p.schema, value, step) && ok
			}
		}
		switch {
		case known:
			notes.name(name)
		case o.additional != nil && o.additional.never:
			extra = append(extra, name)
			ok = false
		case o.additional != nil:
			notes.name(name)
			ok = c.inside(o.additional, value, step) && ok
		}
		if o.names != nil {
			ok = c.inside(o.names, name, step) && ok
		}
		if !c.more(ok) {
			return false
		}
	}
	if len(extra) > 0 {
		c.wrong("additional properties %s not allowed", quoted(extra))
	}
	return ok
}

// dependents checks what the presence of properties asks for.
func (c *check) dependents(o *objects, v map[string]any, notes *seen) bool {
	ok := true
	for name, others := range o.together {
		if _, is := v[name]; !is {
			continue
		}
		for _, other := range others {
			if _, is := v[other]; !is {
				ok = c.wrong("missing property %s, which %s asks for", shown(other), shown(name))
			}
		}
	}
	for name, s := range o.along {
		if _, is := v[name]; is && c.more(ok) {
			ok = c.fits(s, v, notes) && ok
		}
	}
	return ok
}

// open checks what no schema has evaluated so far.
func (c *check) open(s *Schema, v any, notes *seen) bool {
	ok := true
	switch v := v.(type) {
	case map[string]any:
		if s.openProperties == nil || notes.everything {
			return true
		}
		for name, value := range v {
			if !notes.names[name] {
				ok = c.inside(s.openProperties, value, func() string { return name }) && ok
			}
		}
	case []any:
		if s.openItems == nil || notes.everything {
			return true
		}
		for i := notes.first; i < len(v); i++ {
			if !notes.elements[i] {
				ok = c.inside(s.openItems, v[i], index(i)) && ok
			}
		}
	default:
		return true
	}
	notes.all()
	return ok
}
