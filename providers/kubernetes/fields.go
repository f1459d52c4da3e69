package kubernetes

import (
	"fmt"

	"github.com/zclconf/go-cty/cty"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
	"sigs.k8s.io/structured-merge-diff/v6/value"
)

// owner is a field manager's share of an object.
type owner struct {
	manager     string
	operation   string // "Apply" or "Update"
	subresource string
	fields      *fieldpath.Set
}

// ownersOf are the field managers of an object, in its order.
func ownersOf(o *unstructured.Unstructured) ([]owner, error) {
	var out []owner
	for _, e := range o.GetManagedFields() {
		if e.FieldsV1 == nil {
			continue
		}
		set := &fieldpath.Set{}
		if err := set.FromJSON(e.FieldsV1.GetRawReader()); err != nil {
			return nil, fmt.Errorf("read the managed fields of %s: %w", e.Manager, err)
		}
		out = append(out, owner{e.Manager, string(e.Operation), e.Subresource, set})
	}
	return out, nil
}

// ours is what erlmcp applied.
func ours(owners []owner) *fieldpath.Set {
	for _, o := range owners {
		if o.manager == Manager && o.operation == "Apply" && o.subresource == "" {
			return o.fields
		}
	}
	return &fieldpath.Set{}
}

// fieldsOf are the fields that a manifest sets.
func fieldsOf(manifest fields) *fieldpath.Set {
	return fieldpath.SetFromValue(value.NewValueInterface(manifest))
}

// projection is an object, or a part of one, reduced to some of its fields.
type projection struct {
	owners []owner
	mine   *fieldpath.Set
	// authors are who set the fields that are not erlmcp's any more, by place in
	// the projection.
	authors []author
}

// author is a manager and where its hand is seen.
type author struct {
	path    cty.Path
	manager string
}

// project reduces an object to the fields in the set. Items of lists are picked
// by their keys, as the server does; lists without keys count as one value.
func (p *projection) project(o fields, set *fieldpath.Set) fields {
	out, _ := p.value(o, set, nil, nil).(fields)
	if out == nil {
		out = fields{}
	}
	return out
}

func (p *projection) value(v any, set *fieldpath.Set, at fieldpath.Path, place cty.Path) any {
	switch v := v.(type) {
	case fields:
		return p.object(v, set, at, place)
	case []any:
		return p.list(v, set, at, place)
	}
	p.note(at, place)
	return v
}

// whole is a value that counts as one.
func (p *projection) whole(v any, at fieldpath.Path, place cty.Path) any {
	p.note(at, place)
	return v
}

func (p *projection) object(o fields, set *fieldpath.Set, at fieldpath.Path, place cty.Path) any {
	if set.Size() == 0 {
		return p.whole(o, at, place)
	}
	out := fields{}
	for name, e := range o {
		element := fieldpath.PathElement{FieldName: &name}
		inner, ok := below(set, element)
		if !ok {
			continue
		}
		out[name] = p.value(e, inner, join(at, element), joinPlace(place, cty.GetAttrStep{Name: name}))
	}
	return out
}

func (p *projection) list(l []any, set *fieldpath.Set, at fieldpath.Path, place cty.Path) any {
	keys := keysIn(set)
	if len(keys) == 0 || !p.keyed(at) {
		return p.whole(l, at, place)
	}
	out := []any{}
	for _, e := range l {
		item, ok := e.(fields)
		if !ok {
			return p.whole(l, at, place)
		}
		here := joinPlace(place, cty.IndexStep{Key: cty.NumberIntVal(int64(len(out)))})
		var merged *fieldpath.Set
		var element fieldpath.PathElement
		for _, k := range keys {
			if !matches(item, k) {
				continue
			}
			if inner, ok := below(set, k); ok {
				element = k
				if merged == nil {
					merged = inner
				} else {
					merged = merged.Union(inner)
				}
			}
		}
		if merged != nil {
			out = append(out, p.value(item, merged, join(at, element), here))
		}
	}
	return out
}

// keyed reports whether the server picks the items of the list at the path by
// keys: some manager's share says so. What erlmcp recorded cannot tell.
func (p *projection) keyed(at fieldpath.Path) bool {
	for _, o := range p.owners {
		set, ok := o.fields, true
		for _, e := range at {
			if set, ok = set.Children.Get(e); !ok {
				break
			}
		}
		if ok && len(keysIn(set)) > 0 {
			return true
		}
	}
	return false
}

// note remembers who set a field that is not erlmcp's.
func (p *projection) note(at fieldpath.Path, place cty.Path) {
	if p.mine == nil || covers(p.mine, at) {
		return
	}
	for _, o := range p.owners {
		if (o.manager != Manager || o.operation != "Apply") && covers(o.fields, at) {
			p.authors = append(p.authors, author{place, o.manager})
			return
		}
	}
}

// covers reports whether a set holds the path, or something above or below it.
func covers(set *fieldpath.Set, path fieldpath.Path) bool {
	for i, e := range path {
		if set.Members.Has(e) && (i == len(path)-1 || emptyBelow(set, e)) {
			return true
		}
		inner, ok := set.Children.Get(e)
		if !ok {
			return false
		}
		set = inner
	}
	return set.Size() > 0
}

func emptyBelow(set *fieldpath.Set, e fieldpath.PathElement) bool {
	inner, ok := set.Children.Get(e)
	return !ok || inner.Size() == 0
}

// below is the set under an element; the empty one stands for all of it.
func below(set *fieldpath.Set, e fieldpath.PathElement) (*fieldpath.Set, bool) {
	inner, ok := set.Children.Get(e)
	if ok && inner.Size() > 0 {
		return inner, true
	}
	return &fieldpath.Set{}, set.Members.Has(e)
}

// keysIn are the elements of a set that pick items of a list by keys.
func keysIn(set *fieldpath.Set) []fieldpath.PathElement {
	var out []fieldpath.PathElement
	add := func(e fieldpath.PathElement) {
		if e.Key != nil {
			out = append(out, e)
		}
	}
	set.Members.Iterate(add)
	for e := range set.Children.All() {
		add(e)
	}
	return out
}

func matches(item fields, e fieldpath.PathElement) bool {
	for _, k := range *e.Key {
		v, ok := item[k.Name]
		if !ok || !value.Equals(value.NewValueInterface(v), k.Value) {
			return false
		}
	}
	return true
}

func join(p fieldpath.Path, e fieldpath.PathElement) fieldpath.Path {
	return append(p[:len(p):len(p)], e)
}

func joinPlace(p cty.Path, s cty.PathStep) cty.Path { return append(p[:len(p):len(p)], s) }
