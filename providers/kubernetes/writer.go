package kubernetes

import (
	"context"
	"fmt"

	"github.com/zclconf/go-cty/cty"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
)

type writer struct{ *cluster }

// Create makes an object, or takes over the one that bears its labels.
func (w *writer) Create(ctx context.Context, c resource.Change) (cty.Value, error) {
	if c.Type == ImageType {
		return w.push(ctx, c)
	}
	i, err := w.intent(c)
	if err != nil {
		return cty.NilVal, err
	}
	if err := w.makeWay(ctx, c, i); err != nil {
		return cty.NilVal, err
	}
	return w.put(ctx, c, i)
}

// Update changes an object in place.
func (w *writer) Update(ctx context.Context, c resource.Change) (cty.Value, error) {
	if c.Type == ImageType {
		return w.push(ctx, c)
	}
	i, err := w.intent(c)
	if err != nil {
		return cty.NilVal, err
	}
	return w.put(ctx, c, i)
}

func (w *writer) put(ctx context.Context, c resource.Change, i intent) (cty.Value, error) {
	switch {
	case isWorkload(c.Type) && c.Stage.Partial():
		return w.putBeside(ctx, c, i)
	case isWorkload(c.Type):
		return w.putWorkload(ctx, c, i)
	}
	o, err := w.apply(ctx, i)
	if err != nil {
		return cty.NilVal, err
	}
	if c.Type == ServiceType && isNodePort(o) {
		return w.observe(ctx, c, i)
	}
	if c.Type == ServiceType && textAt(o.Object, "spec", "type") == "LoadBalancer" {
		if err := w.awaitAddress(ctx, c, i); err != nil {
			return w.left(ctx, c, i, err)
		}
		return w.observe(ctx, c, i)
	}
	r, err := observe(c.Type, o, c.Desired, surroundings{})
	return r.Values, err
}

// inside is the object at a name, made when there is none.
func inside(o fields, name string) fields {
	m, ok := o[name].(fields)
	if !ok {
		m = fields{}
		o[name] = m
	}
	return m
}

// get is an object by its name, nil when there is none.
func (c *cluster) get(ctx context.Context, k kind, namespace, name string) (*unstructured.Unstructured, error) {
	o, err := c.in(k, namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s %s: %w", k.name, name, err)
	}
	return o, nil
}

// makeWay sees to it that an object can be created: one that is going is waited
// for, and one that belongs to somebody else is left alone.
func (w *writer) makeWay(ctx context.Context, c resource.Change, i intent) error {
	o, err := w.get(ctx, i.kind, i.namespace, i.name)
	if err != nil || o == nil {
		return err
	}
	if !w.owns(o, c) {
		return w.taken(c.Address, i, o)
	}
	if o.GetDeletionTimestamp() != nil {
		return w.awaitGone(ctx, c, i.kind, o)
	}
	return nil
}

// taken refuses a name that another object has.
func (c *cluster) taken(at address.Resource, i intent, o *unstructured.Unstructured) error {
	d := diag.Errorf("the name is taken", "The cluster has a %s %q already, and it is not one of this configuration.", i.kind.name, i.name).
		Fix("Delete it, or set another prefix or namespace in the block %s.", c.target.Address)
	was := o.GetAnnotations()[AnnotationAddress]
	switch {
	case o.GetLabels()[LabelLineage] == c.owner.Lineage && was != "":
		d.Detail = fmt.Sprintf("The cluster has a %s %q already: it is %s of this configuration.", i.kind.name, i.name, was)
		d.Fix("Apply again if that one was to be deleted, and is gone now. Otherwise set another prefix or namespace in the block %s.", c.target.Address)
	case i.kind == namespaces:
		d.Fix("Leave create_namespace out to use the namespace as it is, or name another.")
	}
	d.Address = at.String()
	return d
}

func (c *cluster) owns(o *unstructured.Unstructured, change resource.Change) bool {
	return o.GetLabels()[LabelLineage] == c.owner.Lineage && o.GetAnnotations()[AnnotationAddress] == change.Address.String()
}

// observe reads what has become of an object.
func (w *writer) observe(ctx context.Context, c resource.Change, i intent) (cty.Value, error) {
	o, err := w.get(ctx, i.kind, i.namespace, i.name)
	if err != nil {
		return cty.NilVal, err
	}
	if o == nil {
		return cty.NilVal, fmt.Errorf("%s %s is gone again", i.kind.name, i.name)
	}
	docs := surroundings{}
	if isWorkload(c.Type) {
		if docs, err = w.documents(ctx, i.name); err != nil {
			return cty.NilVal, err
		}
	}
	if c.Type == ServiceType && isNodePort(o) {
		docs.node = w.nodeAddress(ctx)
	}
	r, err := observe(c.Type, o, c.Desired, docs)
	return r.Values, err
}

// left is what exists of an object after err. It is read although the operation
// was interrupted.
func (w *writer) left(ctx context.Context, c resource.Change, i intent, err error) (cty.Value, error) {
	v, readErr := w.observe(context.WithoutCancel(ctx), c, i)
	if readErr != nil {
		return cty.NilVal, err
	}
	return v, err
}

// Delete removes an object and waits until it is gone; one that is gone is no
// error. An image stays in its registry: other clusters may run it, and how long
// images are kept is the registry's to say.
func (w *writer) Delete(ctx context.Context, c resource.Change) error {
	if c.Type == ImageType {
		return nil
	}
	k, ok := kinds[c.Type]
	if !ok {
		return fmt.Errorf("%s is not a type of this provider", c.Type)
	}
	found, err := w.find(ctx, c, k)
	if err != nil {
		return err
	}
	for _, o := range found {
		if c.Type == NamespaceType {
			if err := w.holdsOthers(ctx, o.GetName()); err != nil {
				return err
			}
		}
		if err := w.remove(ctx, c, k, o); err != nil {
			return err
		}
	}
	if isWorkload(c.Type) {
		if err := w.removeBeside(ctx, c, nameIn(c.Prior)); err != nil {
			return err
		}
		return w.removeDocuments(ctx, c)
	}
	return nil
}

// find is the object of a change: that of the name that was recorded, or else
// whatever bears the address.
func (w *writer) find(ctx context.Context, c resource.Change, k kind) ([]*unstructured.Unstructured, error) {
	if name := nameIn(c.Prior); name != "" {
		o, err := w.get(ctx, k, w.namespaceOf(c.Type), name)
		if err != nil || o != nil && w.owns(o, c) {
			return []*unstructured.Unstructured{o}, err
		}
	}
	all, err := w.list(ctx, k, w.namespaceOf(c.Type), "")
	return all.byAddress[c.Address.String()], err
}

// nameIn is the name in recorded values, "" when nothing is recorded.
func nameIn(values cty.Value) string {
	if values == cty.NilVal || values.IsNull() || values.GetAttr("name").IsNull() {
		return ""
	}
	return values.GetAttr("name").AsString()
}

// remove deletes one object and what hangs on it.
func (w *writer) remove(ctx context.Context, c resource.Change, k kind, o *unstructured.Unstructured) error {
	first, uid := metav1.DeletePropagationBackground, o.GetUID()
	if k.name == "Deployment" || k.name == "StatefulSet" {
		first = metav1.DeletePropagationForeground // it is gone when its pods are
	}
	err := w.in(k, o.GetNamespace()).Delete(ctx, o.GetName(), metav1.DeleteOptions{
		PropagationPolicy: &first, Preconditions: &metav1.Preconditions{UID: &uid},
	})
	switch {
	case apierrors.IsNotFound(err), apierrors.IsConflict(err): // gone, or another of that name by now
		return nil
	case err != nil:
		return fmt.Errorf("delete %s %s: %w", k.name, o.GetName(), err)
	}
	return w.awaitGone(ctx, c, k, o)
}

// holdsOthers refuses to delete a namespace with the work of others in it.
func (w *writer) holdsOthers(ctx context.Context, namespace string) error {
	for _, k := range []kind{
		kinds[DeploymentType], kinds[ServiceType], kinds[StatefulSetType],
		kindOf("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim"),
	} {
		l, err := w.in(k, namespace).List(ctx, metav1.ListOptions{LabelSelector: LabelLineage + "!=" + w.owner.Lineage, Limit: 1})
		if err != nil {
			return fmt.Errorf("list %s: %w", k.Resource, err)
		}
		if len(l.Items) > 0 {
			return refuse(w.target, "the namespace is in use", "The namespace %q holds the %s %q, which is not one of this configuration.", namespace, k.name, l.Items[0].GetName()).
				Fix("Move it elsewhere, or take create_namespace out of the target block: then the namespace stays.")
		}
	}
	return nil
}

// awaitGone waits until an object no longer exists.
func (w *writer) awaitGone(ctx context.Context, c resource.Change, k kind, o *unstructured.Unstructured) error {
	return w.await(ctx, c.Progress, deleteTimeout, func() (bool, error) {
		now, err := w.get(ctx, k, o.GetNamespace(), o.GetName())
		if err != nil || now == nil || now.GetUID() != o.GetUID() {
			return err == nil, err
		}
		c.Progress(fmt.Sprintf("waiting until the %s is gone", k.name))
		return false, nil
	}, func() error {
		d := diag.Errorf("an object does not go", "The %s %q was to be deleted and is still there after %s; finalizers: %v.", k.name, o.GetName(), deleteTimeout, o.GetFinalizers()).
			Fix("See what holds it: kubectl describe %s %s -n %s.", k.Resource, o.GetName(), o.GetNamespace())
		d.Address = c.Address.String()
		return d
	})
}
