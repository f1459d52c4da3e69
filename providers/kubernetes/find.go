package kubernetes

import (
	"context"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
)

// listing is the owner's objects of one kind.
type listing struct {
	byAddress map[string][]*unstructured.Unstructured
	byName    map[string]*unstructured.Unstructured
}

// list asks once for all of the owner's objects of a kind, or only for those of
// servers whose objects bear the names. The namespace is "" for a kind that has none.
func (c *cluster) list(ctx context.Context, k kind, namespace string, servers ...string) (listing, error) {
	out := listing{map[string][]*unstructured.Unstructured{}, map[string]*unstructured.Unstructured{}}
	selector := LabelLineage + "=" + c.owner.Lineage
	if len(servers) > 0 && servers[0] != "" {
		selector += "," + LabelServer + " in (" + strings.Join(servers, ",") + ")"
	}
	l, err := c.in(k, namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if apierrors.IsNotFound(err) {
		return out, nil // the cluster knows no such kind, and so has none
	}
	if apierrors.IsForbidden(err) {
		return out, refuse(c.target, "no rights", "list %s: %s.", k.Resource, strings.TrimSuffix(err.Error(), ".")).
			Fix("Ask for the right to get and list what stands in the namespace, or use other credentials.")
	}
	if err != nil {
		return out, fmt.Errorf("list %s: %w", k.Resource, err)
	}
	for i := range l.Items {
		o := &l.Items[i]
		out.byName[o.GetName()] = o
		at := o.GetAnnotations()[AnnotationAddress]
		out.byAddress[at] = append(out.byAddress[at], o)
	}
	return out, nil
}

// one is the object of the address, nil when there is none; one that is being
// deleted is as good as gone. More than one stand there only after somebody
// meddled.
func (l listing) one(at address.Resource) (*unstructured.Unstructured, error) {
	var all []*unstructured.Unstructured
	for _, o := range l.byAddress[at.String()] {
		if o.GetDeletionTimestamp() == nil {
			all = append(all, o)
		}
	}
	switch len(all) {
	case 0:
		return nil, nil
	case 1:
		return all[0], nil
	}
	d := diag.Errorf("two objects with one address", "%q and %q in the cluster are both annotated as %s.", all[0].GetName(), all[1].GetName(), at).
		Fix("Delete the one that is not wanted.")
	d.Address = at.String()
	return nil, d
}

// surroundings are other objects of which an object's values tell: the Secrets and
// ConfigMaps with what workloads are to run with.
type surroundings struct {
	secrets listing
	files   listing
	node    string // address of a node, for a Service on ports of nodes
}

// filesOf are the ConfigMaps that hold the files of the server whose objects have
// that name.
func (d surroundings) filesOf(name string) []*unstructured.Unstructured {
	var out []*unstructured.Unstructured
	for n, o := range d.files.byName {
		if strings.HasPrefix(n, name+"-files-") && o.GetLabels()[LabelServer] == name {
			out = append(out, o)
		}
	}
	return out
}
