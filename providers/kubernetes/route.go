package kubernetes

import (
	"context"
	"fmt"
	"maps"
	"reflect"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/erlmcp/erlmcp/engine/resource"
)

// routed reports whether requests come by weights of a route rather than by the
// Service alone.
func (w *writer) routed(i intent) bool {
	return textAt(i.body, "metadata", "annotations", annotationRoute) != ""
}

// route gives the pods of a change their part of the requests, in percent. With 0
// the server's own get all, as at any other time.
//
// The Service picks the server's own pods (0), those of the change (100), or
// both, which then get requests by their number. Where an HTTPRoute leads to the
// server, its weights say it, and the Service stays as it is.
func (w *writer) route(ctx context.Context, c resource.Change, i intent, percent int) error {
	if w.routed(i) {
		return w.weigh(ctx, c, i, percent)
	}
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

// weigh shares out the requests of an HTTPRoute between the server's Service and
// one for the pods of a change.
func (w *writer) weigh(ctx context.Context, c resource.Change, i intent, percent int) error {
	route, err := w.get(ctx, kinds[RouteType], i.namespace, i.name)
	if err != nil || route == nil || route.GetLabels()[LabelLineage] != w.owner.Lineage {
		return err
	}
	port := routedPort(route)
	to := []any{backend(i.name, port, 100-percent)}
	if percent > 0 {
		if err := w.besideService(ctx, c, i); err != nil {
			return err
		}
		to = append(to, backend(besideName(i.name), port, percent))
	}
	rules, _ := at(route.Object, "spec", "rules").([]any)
	if len(rules) == 0 || reflect.DeepEqual(at(rules[0].(fields), "backendRefs"), any(to)) {
		return nil
	}
	return w.reapply(ctx, kinds[RouteType], route, c, func(body fields) {
		for _, rule := range listAt(body, "spec", "rules") {
			rule["backendRefs"] = to
		}
	})
}

// routedPort is the port of the Service to which a route leads.
func routedPort(route *unstructured.Unstructured) int64 {
	for _, rule := range listAt(route.Object, "spec", "rules") {
		for _, b := range listAt(rule, "backendRefs") {
			return intAt(b, "port")
		}
	}
	return 0
}

// besideService makes the Service of the pods of a change, like the server's own.
func (w *writer) besideService(ctx context.Context, c resource.Change, i intent) error {
	own, err := w.get(ctx, kinds[ServiceType], i.namespace, i.name)
	if err != nil {
		return err
	}
	if own == nil {
		return fmt.Errorf("Service %s is gone; plan again", i.name)
	}
	var ports []any
	for _, p := range listAt(own.Object, "spec", "ports") {
		ports = append(ports, fields{"name": p["name"], "port": p["port"], "targetPort": p["targetPort"], "protocol": p["protocol"]})
	}
	next := besideName(i.name)
	body := fields{
		"metadata": fields{"labels": fields{labelName: i.name, LabelServer: next}},
		"spec":     fields{"selector": fields{LabelServer: next}, "ports": ports},
	}
	w.signBeside(body, c)
	n := intent{kind: kinds[ServiceType], namespace: i.namespace, name: next, address: c.Address, body: body, before: body}
	if err := w.besideFree(ctx, c, n); err != nil {
		return err
	}
	_, err = w.apply(ctx, n)
	return err
}
