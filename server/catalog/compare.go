package catalog

import (
	"bytes"
	"reflect"
	"sort"
)

// Changes compares what clients see of two catalogs. A list of resources counts
// as changed when a file or folder that ships with the document is in it, as
// those come with a new document.
func (c *Catalog) Changes(next *Catalog) Changes {
	return Changes{
		Tools:     !same(c.toolList, next.toolList),
		Prompts:   !same(c.promptList, next.promptList),
		Resources: !c.sameResources(next),
		Updated:   c.updated(next),
	}
}

func same(a, b list) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !bytes.Equal(a[i].json, b[i].json) {
			return false
		}
	}
	return true
}

func (c *Catalog) sameResources(next *Catalog) bool {
	if len(c.resources) != len(next.resources) || !same(c.templateList, next.templateList) || !c.sameForeign(next) {
		return false
	}
	for i, r := range c.resources {
		if next.resources[i].shipped() || !r.listedAs(next.resources[i]) {
			return false
		}
	}
	return true
}

// updated are the URIs of the texts that both catalogs have, and that differ.
// Files tell of their changes themselves.
func (c *Catalog) updated(next *Catalog) []string {
	var out []string
	for uri, r := range c.single {
		if n := next.single[uri]; n != nil && r.spec.Text != nil && n.spec.Text != nil && *r.spec.Text != *n.spec.Text ||
			n != nil && !reflect.DeepEqual(r.spec.HTTP, n.spec.HTTP) {
			out = append(out, uri)
		}
	}
	sort.Strings(out)
	return out
}
