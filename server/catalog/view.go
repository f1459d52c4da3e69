package catalog

import "github.com/erlmcp/erlmcp/server/auth"

// View returns the catalog of what may lets through: the rest is as if it were
// not there. Resource and template blocks are asked for by their name and URI. What a search
// tool finds is not restricted: who may use it may know what it searches.
func (c *Catalog) View(may func(kind auth.Kind, names ...string) bool) *Catalog {
	v := &Catalog{
		tools: map[string]*Tool{}, single: map[string]*resource{}, prompts: map[string]*Prompt{},
		maxSize: c.maxSize, log: c.log,
		foreign: c.viewed(func(name, uri string) bool { return may(auth.Resource, name, uri) }),
	}
	for name, t := range c.tools {
		if may(auth.Tool, name) {
			v.tools[name] = t
		}
	}
	for name, p := range c.prompts {
		if may(auth.Prompt, name) {
			v.prompts[name] = p
		}
	}
	for _, r := range c.resources {
		if !may(auth.Resource, r.name, r.uri) {
			continue
		}
		v.resources = append(v.resources, r)
		if !r.folder() {
			v.single[r.uri] = r
		}
	}
	for _, t := range c.templates {
		if may(auth.Resource, t.name, t.spec.URI) {
			v.templates = append(v.templates, t)
		}
	}
	v.render()
	return v
}

// Block returns the name and URI of the resource or template block that a URI
// belongs to; ok is false when there is none.
func (c *Catalog) Block(uri string) (name, block string, ok bool) {
	if r, _ := c.find(uri); r != nil {
		return r.name, r.uri, true
	}
	if t, _ := c.findTemplate(uri); t != nil {
		return t.name, t.spec.URI, true
	}
	if o, name, block := c.elsewhere(uri); o != nil {
		return name, block, true
	}
	return "", "", false
}
