package gke

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"cloud.google.com/go/container/apiv1/containerpb"
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/schemas"
)

func (c *client) poolPath(name string) string { return c.clusterPath() + "/nodePools/" + name }

// pool is a node pool, nil when there is none or no cluster.
func (c *client) pool(ctx context.Context, name string) (*containerpb.NodePool, error) {
	found, err := c.clusters.GetNodePool(ctx, &containerpb.GetNodePoolRequest{Name: c.poolPath(name)}, patient()...)
	if isMissing(err) {
		return nil, nil
	}
	return found, c.explain("look at the node pool "+name, err)
}

// observePool is a node pool as attributes.
func observePool(p *containerpb.NodePool) cty.Value {
	config, auto := p.GetConfig(), p.GetAutoscaling()
	values := map[string]cty.Value{
		"name": cty.StringVal(p.GetName()), "spot": cty.BoolVal(config.GetSpot()), "service_account": text(config.GetServiceAccount()),
		"machine_type": text(config.GetMachineType()), "disk_size": cty.NumberIntVal(int64(config.GetDiskSizeGb())),
		"nodes": cty.NumberIntVal(int64(p.GetInitialNodeCount())), "max_nodes": cty.NumberIntVal(0),
		"zones": list(p.GetLocations()), "labels": mapping(config.GetLabels()), "taints": observeTaints(config.GetTaints()), "tags": list(all(config.GetTags())),
		"max_surge":       cty.NumberIntVal(int64(p.GetUpgradeSettings().GetMaxSurge())),
		"max_unavailable": cty.NumberIntVal(int64(p.GetUpgradeSettings().GetMaxUnavailable())),
		"auto_repair":     cty.BoolVal(p.GetManagement().GetAutoRepair()),
		"auto_upgrade":    cty.BoolVal(p.GetManagement().GetAutoUpgrade()),
		"ready":           cty.BoolVal(p.GetStatus() == containerpb.NodePool_RUNNING || p.GetStatus() == containerpb.NodePool_RECONCILING),
	}
	if auto.GetEnabled() {
		values["min_nodes"], values["max_nodes"] = cty.NumberIntVal(int64(auto.GetMinNodeCount())), cty.NumberIntVal(int64(auto.GetMaxNodeCount()))
	}
	return object(PoolType, values)
}

var taintEffects = map[string]containerpb.NodeTaint_Effect{
	"NoSchedule":       containerpb.NodeTaint_NO_SCHEDULE,
	"PreferNoSchedule": containerpb.NodeTaint_PREFER_NO_SCHEDULE,
	"NoExecute":        containerpb.NodeTaint_NO_EXECUTE,
}

func observeTaints(all []*containerpb.NodeTaint) cty.Value {
	var out []*schemas.GKETaint
	for _, t := range all {
		effect := t.GetEffect().String()
		for name, e := range taintEffects {
			if e == t.GetEffect() {
				effect = name
			}
		}
		out = append(out, &schemas.GKETaint{Key: t.GetKey(), Value: t.GetValue(), Effect: effect})
	}
	return taintValues(out)
}

func taints(values cty.Value) []*containerpb.NodeTaint {
	out := []*containerpb.NodeTaint{}
	for _, v := range values.GetAttr("taints").AsValueSlice() {
		out = append(out, &containerpb.NodeTaint{Key: textOf(v, "key"), Value: textOf(v, "value"), Effect: taintEffects[textOf(v, "effect")]})
	}
	return out
}

func autoscaling(v cty.Value) *containerpb.NodePoolAutoscaling {
	if most := intOf(v, "max_nodes"); most > 0 {
		return &containerpb.NodePoolAutoscaling{Enabled: true, MinNodeCount: intOf(v, "min_nodes"), MaxNodeCount: most}
	}
	return &containerpb.NodePoolAutoscaling{}
}

func management(v cty.Value) *containerpb.NodeManagement {
	return &containerpb.NodeManagement{AutoRepair: boolOf(v, "auto_repair"), AutoUpgrade: boolOf(v, "auto_upgrade")}
}

func upgrades(v cty.Value) *containerpb.NodePool_UpgradeSettings {
	return &containerpb.NodePool_UpgradeSettings{MaxSurge: intOf(v, "max_surge"), MaxUnavailable: intOf(v, "max_unavailable")}
}

// newPool is a node pool as it is asked for. One that is scaled begins with the
// fewest nodes, and at least one.
func newPool(v cty.Value, m mark) *containerpb.NodePool {
	count := intOf(v, "nodes")
	if v.GetAttr("nodes").IsNull() {
		count = max(1, intOf(v, "min_nodes"))
	}
	return &containerpb.NodePool{
		Name: textOf(v, "name"), InitialNodeCount: count, Locations: listOf(v, "zones"),
		Autoscaling: autoscaling(v), Management: management(v), UpgradeSettings: upgrades(v),
		Config: &containerpb.NodeConfig{
			MachineType: textOf(v, "machine_type"), DiskSizeGb: intOf(v, "disk_size"), Spot: boolOf(v, "spot"), ServiceAccount: textOf(v, "service_account"),
			OauthScopes: []string{scope}, Labels: mapOf(v, "labels"), Taints: taints(v), Tags: listOf(v, "tags"), ResourceLabels: m.labels(),
			ShieldedInstanceConfig: &containerpb.ShieldedInstanceConfig{EnableSecureBoot: true, EnableIntegrityMonitoring: true},
		},
	}
}

// createPool makes a node pool, or takes over the one that bears its labels: the
// cluster was made with it.
func (w *writer) createPool(ctx context.Context, ch resource.Change) (cty.Value, error) {
	name := textOf(ch.Desired, "name")
	found, err := w.pool(ctx, name)
	if err != nil {
		return cty.NilVal, err
	}
	if found == nil {
		doing := "create the node pool " + name
		err = w.operate(ctx, ch, doing, func() (*containerpb.Operation, error) {
			return w.clusters.CreateNodePool(ctx, &containerpb.CreateNodePoolRequest{Parent: w.clusterPath(), NodePool: newPool(ch.Desired, w.markOf(ch))}, patient()...)
		})
		if err != nil && !isTaken(err) {
			return w.leftPool(ctx, ch, w.explain(doing, err))
		}
		if found, err = w.pool(ctx, name); err != nil {
			return cty.NilVal, err
		}
	}
	if found == nil {
		return cty.NilVal, fmt.Errorf("the node pool %s is gone again", name)
	}
	if !w.bears(found.GetConfig().GetResourceLabels(), ch.Address) {
		return cty.NilVal, taken(ch.Address, "node pool", name, "Give the node_pool block another label.")
	}
	return w.changePool(ctx, ch)
}

// leftPool is what exists after a failed creation. A pool that GKE could not make is
// taken away.
func (w *writer) leftPool(ctx context.Context, ch resource.Change, failed error) (cty.Value, error) {
	ctx = context.WithoutCancel(ctx)
	found, err := w.pool(ctx, textOf(ch.Desired, "name"))
	if err != nil || found == nil || !w.bears(found.GetConfig().GetResourceLabels(), ch.Address) {
		return cty.NilVal, failed
	}
	if found.GetStatus() == containerpb.NodePool_ERROR {
		if err := w.removePool(ctx, ch, found.GetName()); err == nil {
			return cty.NilVal, failed
		}
	}
	return observePool(found), failed
}

// changePool brings a node pool to what is wanted, one request for each setting.
func (w *writer) changePool(ctx context.Context, ch resource.Change) (cty.Value, error) {
	name := textOf(ch.Desired, "name")
	if err := w.settle(ctx, ch); err != nil {
		return cty.NilVal, err
	}
	found, err := w.pool(ctx, name)
	if err != nil {
		return cty.NilVal, err
	}
	if found == nil {
		return cty.NilVal, fmt.Errorf("the node pool %s is gone", name)
	}
	if found.GetStatus() == containerpb.NodePool_ERROR {
		return observePool(found), refuse(w.target, "a node pool is broken", "GKE says of %q: %s.", name, saidOf(found.GetConditions())).
			Fix("Make it anew: erlmcp apply -replace=%s.", ch.Address)
	}
	now := observePool(found)
	for _, c := range w.poolChanges(ctx, ch, found) {
		if c.attribute != "" && slices.IndexFunc(strings.Fields(c.attribute), func(a string) bool { return !settled(now, ch.Desired, a) }) < 0 {
			continue
		}
		doing := fmt.Sprintf("%s of the node pool %s", c.doing, name)
		if err := w.operate(ctx, ch, doing, c.begin); err != nil {
			return w.observedPool(ctx, ch, w.explain(doing, err))
		}
	}
	return w.observedPool(ctx, ch, nil)
}

func (w *writer) observedPool(ctx context.Context, ch resource.Change, err error) (cty.Value, error) {
	found, readErr := w.pool(context.WithoutCancel(ctx), textOf(ch.Desired, "name"))
	switch {
	case readErr != nil && err == nil:
		return cty.NilVal, readErr
	case readErr != nil || found == nil:
		return cty.NilVal, err
	}
	return observePool(found), err
}

// poolChanges are the requests that a pool may need. The attributes of one request
// are set together; without any it is made whenever the mark is not that of now.
func (w *writer) poolChanges(ctx context.Context, ch resource.Change, found *containerpb.NodePool) []change {
	v, path := ch.Desired, w.poolPath(found.GetName())
	update := func(q *containerpb.UpdateNodePoolRequest) func() (*containerpb.Operation, error) {
		q.Name = path
		return func() (*containerpb.Operation, error) { return w.clusters.UpdateNodePool(ctx, q, patient()...) }
	}
	out := []change{
		{"machine_type", "set the machine type", update(&containerpb.UpdateNodePoolRequest{MachineType: textOf(v, "machine_type")})},
		{"disk_size", "set the disk size", update(&containerpb.UpdateNodePoolRequest{DiskSizeGb: int64(intOf(v, "disk_size"))})},
		{"zones", "set the zones", update(&containerpb.UpdateNodePoolRequest{Locations: listOf(v, "zones")})},
		{"labels", "set the labels", update(&containerpb.UpdateNodePoolRequest{Labels: &containerpb.NodeLabels{Labels: mapOf(v, "labels")}})},
		{"taints", "set the taints", update(&containerpb.UpdateNodePoolRequest{Taints: &containerpb.NodeTaints{Taints: taints(v)}})},
		{"tags", "set the network tags", update(&containerpb.UpdateNodePoolRequest{Tags: &containerpb.NetworkTags{Tags: listOf(v, "tags")}})},
		{"max_surge max_unavailable", "set the upgrades", update(&containerpb.UpdateNodePoolRequest{UpgradeSettings: upgrades(v)})},
		{"auto_repair auto_upgrade", "set the care", func() (*containerpb.Operation, error) {
			return w.clusters.SetNodePoolManagement(ctx, &containerpb.SetNodePoolManagementRequest{Name: path, Management: management(v)}, patient()...)
		}},
		{"min_nodes max_nodes", "set the autoscaling", func() (*containerpb.Operation, error) {
			return w.clusters.SetNodePoolAutoscaling(ctx, &containerpb.SetNodePoolAutoscalingRequest{Name: path, Autoscaling: autoscaling(v)}, patient()...)
		}},
		{"nodes", "set the size", func() (*containerpb.Operation, error) {
			return w.clusters.SetNodePoolSize(ctx, &containerpb.SetNodePoolSizeRequest{Name: path, NodeCount: intOf(v, "nodes")}, patient()...)
		}},
	}
	m := w.markOf(ch)
	if found.GetConfig().GetResourceLabels()[labelDigest] != m.Digest {
		labels := maps.Clone(found.GetConfig().GetResourceLabels())
		maps.Copy(labels, m.labels())
		out = append(out, change{"", "set the mark", update(&containerpb.UpdateNodePoolRequest{ResourceLabels: &containerpb.ResourceLabels{Labels: labels}})})
	}
	return out
}

func (w *writer) deletePool(ctx context.Context, ch resource.Change) error {
	name := textOf(ch.Prior, "name")
	found, err := w.pool(ctx, name)
	if err != nil || found == nil || !w.bears(found.GetConfig().GetResourceLabels(), ch.Address) {
		return err
	}
	return w.removePool(ctx, ch, name)
}

func (w *writer) removePool(ctx context.Context, ch resource.Change, name string) error {
	doing := "delete the node pool " + name
	err := w.operate(ctx, ch, doing, func() (*containerpb.Operation, error) {
		return w.clusters.DeleteNodePool(ctx, &containerpb.DeleteNodePoolRequest{Name: w.poolPath(name)}, patient()...)
	})
	return w.explain(doing, gone(err))
}
