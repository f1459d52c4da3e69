package config

import "github.com/zclconf/go-cty/cty"

// Exports is what is known so far of the servers that others mention. The zero
// value knows nothing: every attribute is unknown. It is not safe for
// concurrent use.
type Exports struct {
	values map[Ref]cty.Value
	// blocks caches the value of server.NAME as a whole, and locals those of
	// locals that depend on servers, so that a thousand instances that mention
	// another thousand stay linear.
	blocks map[string]cty.Value
	locals map[string]cty.Value
	// users are the locals whose cached value was made from a server or local.
	users map[id][]string
}

// Set records the value, of type ExportType, of one instance on one target.
func (e *Exports) Set(r Ref, v cty.Value) {
	if e.values == nil {
		e.values = map[Ref]cty.Value{}
	}
	e.values[r] = v
	delete(e.blocks, r.Server.Name)
	e.forget(id{"server", r.Server.Name})
}

// Get returns what Set recorded, or an unknown.
func (e *Exports) Get(r Ref) cty.Value {
	if v, ok := e.values[r]; ok {
		return v
	}
	return cty.UnknownVal(ExportType)
}

// keepLocal caches the value of a local that was made from what refs mention.
func (e *Exports) keepLocal(name string, v cty.Value, refs []reference) {
	if e.locals == nil {
		e.locals, e.users = map[string]cty.Value{}, map[id][]string{}
	}
	e.locals[name] = v
	for _, r := range sortedReferences(refs) {
		if to, _ := r.id(); to.kind == "server" || to.kind == "local" {
			e.users[to] = append(e.users[to], name)
		}
	}
}

// forget drops the cached locals that were made from an object.
func (e *Exports) forget(of id) {
	users := e.users[of]
	delete(e.users, of)
	for _, name := range users {
		if _, ok := e.locals[name]; ok {
			delete(e.locals, name)
			e.forget(id{"local", name})
		}
	}
}

func (e *Exports) keepBlock(name string, v cty.Value) {
	if e.blocks == nil {
		e.blocks = map[string]cty.Value{}
	}
	e.blocks[name] = v
}
