package kubernetes

import (
	"fmt"
	"strconv"

	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
)

// intent is an object as erlmcp wants it.
type intent struct {
	kind      kind
	namespace string // "" for a kind that has none
	name      string
	address   address.Resource
	body      fields // metadata, spec and so on; the name is added
	// before is the manifest as it was read last, in the fields that erlmcp had set;
	// nil when there was none. What others have changed of it is taken back.
	before fields
	dry    bool // the server is to say what it would do, and not do it
}

// object is the whole object, as it is sent or printed.
func (i intent) object() fields {
	out := fields{"apiVersion": i.kind.apiVersion(), "kind": i.kind.name}
	for k, v := range i.body {
		out[k] = v
	}
	meta := fields{}
	if m, ok := i.body["metadata"].(fields); ok {
		for k, v := range m {
			meta[k] = v
		}
	}
	meta["name"] = i.name
	if i.namespace != "" {
		meta["namespace"] = i.namespace
	}
	out["metadata"] = meta
	return out
}

// intent is the object that a change asks for, with what erlmcp's objects bear.
func (c *cluster) intent(change resource.Change) (intent, error) {
	k, ok := kinds[change.Type]
	if !ok {
		return intent{}, fmt.Errorf("%s is not a type of this provider", change.Type)
	}
	body := manifestOf(change.Desired)
	if body == nil {
		return intent{}, fmt.Errorf("the manifest of %s is not known", change.Address)
	}
	i := intent{
		kind: k, namespace: c.namespaceOf(change.Type), name: change.Desired.GetAttr("name").AsString(), address: change.Address,
		body: body, before: manifestOf(change.Prior),
	}
	c.sign(i.body, change, map[string]string{AnnotationRevision: strconv.Itoa(change.Revision)})
	return i, nil
}

// sign adds the owner's marks to an object.
func (c *cluster) sign(body fields, change resource.Change, annotations map[string]string) {
	meta := inside(body, "metadata")
	inside(meta, "labels")[LabelLineage] = c.owner.Lineage
	on := inside(meta, "annotations")
	on[AnnotationAddress] = change.Address.String()
	for k, v := range annotations {
		on[k] = v
	}
}
