package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/document"
)

var _ resource.Reacher = (*writer)(nil)

// Reach leads to a pod by way of the API server, so that nothing need be exposed.
func (w *writer) Reach(_ context.Context, c resource.Change) (resource.Route, error) {
	if manifest := manifestOf(c.Desired); at(manifest, "spec", "replicas") == int64(0) {
		return resource.Route{}, resource.ErrIdle
	}
	doc := c.Desired.GetAttr("document")
	port := document.Setting(doc, "listen", "port")
	path := document.Setting(doc, "listen", "path")
	if !port.IsKnown() || port.IsNull() || !path.IsKnown() || path.IsNull() {
		return resource.Route{}, errors.New("it is not known where its pods listen")
	}
	number := int64(document.Int(port))
	scheme := "http"
	if tls, _ := doc.GetAttr("tls").Unmark(); !tls.IsNull() {
		scheme = "https"
	}
	// Every server takes a loopback address for a name of its own.
	address := net.JoinHostPort("127.0.0.1", strconv.FormatInt(number, 10))
	return resource.Route{
		URL: scheme + "://" + address + path.AsString(),
		Dial: func(ctx context.Context) (net.Conn, error) {
			ready, err := w.readyPods(ctx, changedPods(c))
			if err != nil {
				return nil, err
			}
			if len(ready) == 0 {
				return nil, fmt.Errorf("no pod of %s is ready", changedPods(c))
			}
			return w.forward(ctx, ready[0], number)
		},
	}, nil
}

// changedPods is the name that pods bear which a stage of a change is about.
func changedPods(c resource.Change) string {
	name := c.Desired.GetAttr("name").AsString()
	if c.Stage.Partial() {
		return besideName(name)
	}
	return name
}

// readyPods are those of the newest template that are ready.
func (w *writer) readyPods(ctx context.Context, name string) ([]*unstructured.Unstructured, error) {
	all, err := w.podsOf(ctx, name)
	if err != nil {
		return nil, err
	}
	var out []*unstructured.Unstructured
	for _, p := range newest(all) {
		for _, c := range listAt(p.Object, "status", "conditions") {
			if textAt(c, "type") == "Ready" && textAt(c, "status") == "True" {
				out = append(out, p)
			}
		}
	}
	return out, nil
}

// Log is the end of what a pod wrote that a change is about.
func (w *writer) Log(ctx context.Context, c resource.Change) string {
	all, err := w.podsOf(ctx, changedPods(c))
	if err != nil {
		return ""
	}
	list := newest(all)
	if len(list) == 0 {
		return ""
	}
	t := podTrouble(list[0])
	return document.Excerpt(w.log(ctx, list[0], t.ended), c.Desired)
}
