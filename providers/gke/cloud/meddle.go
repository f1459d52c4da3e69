package cloud

import (
	"fmt"
	"strings"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/protobuf/proto"
)

// Cluster lets somebody else than the API's users change a cluster at its path
// ("projects/p/locations/l/clusters/n").
func (c *Cloud) Cluster(path string, change func(*containerpb.Cluster)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.finishDue()
	k := c.clusters[path]
	if k == nil {
		return fmt.Errorf("there is no %s", path)
	}
	change(k)
	return nil
}

// Object does the same with an object of Compute Engine
// ("projects/p/global/firewalls/n").
func Object[T proto.Message](c *Cloud, path string, change func(T)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.finishDue()
	o, ok := c.objects[path].(T)
	if !ok {
		return fmt.Errorf("there is no %s", path)
	}
	change(o)
	return nil
}

// Lose has an object at its path vanish, whichever API it is of.
func (c *Cloud) Lose(path string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.finishDue()
	cluster, pool, isPool := strings.Cut(path, "/nodePools/")
	if !isPool {
		delete(c.clusters, path)
		delete(c.objects, path)
		return
	}
	k := c.clusters[cluster]
	for i, p := range k.GetNodePools() {
		if p.GetName() == pool {
			k.NodePools = append(k.NodePools[:i], k.NodePools[i+1:]...)
			return
		}
	}
}

// Begin has Google itself begin an operation on a cluster, which does something and
// ends once somebody asks for operations.
func (c *Cloud) Begin(path string, do func(*containerpb.Cluster)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	g := gke{Cloud: c}
	g.begin(path, containerpb.Operation_AUTO_REPAIR_NODES, "", func(error) {
		if k := c.clusters[path]; k != nil {
			do(k)
		}
	})
	c.operations[len(c.operations)-1].waits = true
}
