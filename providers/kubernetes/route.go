package kubernetes

import (
	"context"
	"maps"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/erlmcp/erlmcp/engine/resource"
)

// routed reports whether requests come by weights of a route rather than by the
// Service alone.
func (w *writer) routed(intent) bool { return false }

// route gives the pods of a change their part of the requests, in percent. With 0
// the server's own get all, as at any other time.
//
// The Service picks the server's own pods (0), those of the change (100), or
// both, which then get requests by their number.
func (w *writer) route(ctx context.Context, c resource.Change, i intent, percent int) error {
	service, err := w.get(ctx, kinds[ServiceType], i.namespace, i.name)
	if err != nil || service == nil || service.GetLabels()[LabelLineage] != w.owner.Lineage {
		return err
	}
	selector := map[string]string{LabelServer: i.name}
	switch {
	case percent >= 100:
		selector[LabelServer] = besideName(i.name)
	case percent > 0:
		selector = map[string]string{labelName: i.name}
	}
	now, _, err := unstructured.NestedStringMap(service.Object, "spec", "selector")
	if err != nil || maps.Equal(now, selector) {
		return err
	}
	return w.reapply(ctx, kinds[ServiceType], service, c, func(body fields) {
		inside(body, "spec")["selector"] = textMap(selector)
	})
}

// reapply applies what erlmcp owns of an object once more, with a change.
func (w *writer) reapply(ctx context.Context, k kind, o *unstructured.Unstructured, c resource.Change, change func(body fields)) error {
	owners, err := ownersOf(o)
	if err != nil {
		return err
	}
	p := projection{owners: owners}
	body := p.project(o.Object, ours(owners))
	change(body)
	_, err = w.apply(ctx, intent{kind: k, namespace: o.GetNamespace(), name: o.GetName(), address: c.Address, body: body, before: body})
	return err
}
