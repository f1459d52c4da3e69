package kubernetes

import (
	"context"
	"errors"

	"github.com/zclconf/go-cty/cty"
	"golang.org/x/sync/errgroup"

	"github.com/erlmcp/erlmcp/engine/resource"
)

// rehearsals is how many changes are rehearsed at the same time.
const rehearsals = 8

var _ resource.Rehearser = (*reader)(nil)

// Rehearse has the server go through each change without keeping it, with its
// defaults, validation and admission. It takes one request for each change.
func (r *reader) Rehearse(ctx context.Context, changes []resource.Change) []resource.Rehearsal {
	out := make([]resource.Rehearsal, len(changes))
	var g errgroup.Group
	g.SetLimit(rehearsals)
	for n, c := range changes {
		g.Go(func() error {
			v, err := r.rehearsed(ctx, c)
			if out[n] = (resource.Rehearsal{Values: v, Err: err}); errors.Is(err, errImmutable) {
				out[n] = resource.Rehearsal{Replace: true}
			}
			return nil
		})
	}
	_ = g.Wait() // no function fails: each rehearsal has its own error
	return out
}

// rehearsed is what an object would be; NilVal where the server cannot tell.
func (r *reader) rehearsed(ctx context.Context, c resource.Change) (cty.Value, error) {
	if c.Type == ImageType {
		return cty.NilVal, nil
	}
	i, err := r.intent(c)
	if err != nil {
		return cty.NilVal, err
	}
	if isWorkload(c.Type) && c.Prior != cty.NilVal && !c.Prior.IsNull() {
		if err := r.keepRestart(ctx, i); err != nil {
			return cty.NilVal, err
		}
	}
	o, err := r.rehearse(ctx, i)
	if c.Prior == cty.NilVal && (err != nil || o != nil && o.GetResourceVersion() != "") { // a new object has no version
		if going, err := r.inTheWay(ctx, i); going || err != nil {
			return cty.NilVal, err
		}
	}
	if err != nil || o == nil {
		return cty.NilVal, err
	}
	would, err := observe(c.Type, o, c.Desired, surroundings{})
	if err != nil {
		return cty.NilVal, err
	}
	values := would.Values.AsValueMap()
	for _, name := range []string{"document", "files", "loaded", "beside"} { // not the object's own
		if _, ok := values[name]; ok {
			values[name] = c.Desired.GetAttr(name)
		}
	}
	return cty.ObjectVal(values), nil
}

// inTheWay looks at what has the name of a new object: whether it is going, and so
// says nothing about the new one. That of somebody else is an error.
func (r *reader) inTheWay(ctx context.Context, i intent) (going bool, err error) {
	o, err := r.get(ctx, i.kind, i.namespace, i.name)
	switch {
	case err != nil || o == nil:
		return false, err
	case o.GetLabels()[LabelLineage] != r.owner.Lineage:
		return false, r.taken(i.address, i, o)
	}
	return o.GetDeletionTimestamp() != nil, nil
}

// keepRestart lets the pods' template say the same of the document as it does
// now: whether there must be new pods is not the object's to tell.
func (r *reader) keepRestart(ctx context.Context, i intent) error {
	live, err := r.get(ctx, i.kind, i.namespace, i.name)
	if err != nil || live == nil {
		return err
	}
	restart := textAt(live.Object, "spec", "template", "metadata", "annotations", AnnotationRestart)
	inside(inside(inside(inside(i.body, "spec"), "template"), "metadata"), "annotations")[AnnotationRestart] = restart
	return nil
}
