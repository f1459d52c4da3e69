package config

import "github.com/zclconf/go-cty/cty"

// Exports is what is known so far of the servers that others mention. The zero
// value knows nothing: every attribute is unknown. It is not safe for
// concurrent use.
type Exports struct {
	values map[Ref]cty.Value
	// blocks caches the value of server.NAME as a whole, so that a thousand
	// instances that mention another thousand stay linear.
	blocks map[string]cty.Value
}

// Set records the value, of type ExportType, of one instance on one target.
func (e *Exports) Set(r Ref, v cty.Value) {
	if e.values == nil {
		e.values = map[Ref]cty.Value{}
	}
	e.values[r] = v
	delete(e.blocks, r.Server.Name)
}

// Get returns what Set recorded, or an unknown.
func (e *Exports) Get(r Ref) cty.Value {
	if v, ok := e.values[r]; ok {
		return v
	}
	return cty.UnknownVal(ExportType)
}
