package jsonschema

// seen is what of an object or array was looked at by the schemas that fit: what
// unevaluatedProperties and unevaluatedItems leave alone. A nil seen takes notes of
// nothing, for schemas without them.
type seen struct {
	everything bool
	names      map[string]bool
	first      int // elements from the start
	elements   map[int]bool
}

func (n *seen) name(name string) {
	if n == nil {
		return
	}
	if n.names == nil {
		n.names = map[string]bool{}
	}
	n.names[name] = true
}

func (n *seen) element(i int) {
	if n == nil {
		return
	}
	if n.elements == nil {
		n.elements = map[int]bool{}
	}
	n.elements[i] = true
}

func (n *seen) upTo(i int) {
	if n != nil {
		n.first = max(n.first, i)
	}
}

func (n *seen) all() {
	if n != nil {
		n.everything = true
	}
}

// fresh are the notes of a schema that may turn out not to fit.
func (n *seen) fresh() *seen {
	if n == nil {
		return nil
	}
	return &seen{}
}

// add takes over the notes of a schema that fits.
func (n *seen) add(other *seen) {
	if n == nil || other == nil {
		return
	}
	n.everything = n.everything || other.everything
	n.upTo(other.first)
	for name := range other.names {
		n.name(name)
	}
	for i := range other.elements {
		n.element(i)
	}
}
