package kubernetes

import (
	"context"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// nodeAddress is the address of a node, for Services of the type NodePort: an
// external one where there is any. "" when nodes cannot be listed, which takes
// rights in the cluster that not everybody has.
func (c *cluster) nodeAddress(ctx context.Context) string {
	l, err := c.api.Resource(nodes.GroupVersionResource).List(ctx, metav1.ListOptions{})
	if err != nil {
		return ""
	}
	for _, typ := range []string{"ExternalIP", "InternalIP"} {
		var found []string
		for i := range l.Items {
			for _, a := range listAt(l.Items[i].Object, "status", "addresses") {
				if textAt(a, "type") == typ {
					found = append(found, textAt(a, "address"))
				}
			}
		}
		if len(found) > 0 {
			slices.Sort(found)
			return found[0]
		}
	}
	return ""
}

func isNodePort(o *unstructured.Unstructured) bool {
	return textAt(o.Object, "spec", "type") == "NodePort"
}
