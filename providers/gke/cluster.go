package gke

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"cloud.google.com/go/container/apiv1/containerpb"
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
)

// cluster is the target's cluster, nil when there is none.
func (c *client) cluster(ctx context.Context) (*containerpb.Cluster, error) {
	found, err := c.clusters.GetCluster(ctx, &containerpb.GetClusterRequest{Name: c.clusterPath()}, patient()...)
	if isMissing(err) {
		return nil, nil
	}
	return found, c.explain("look at the cluster "+c.Name, err)
}

// running reports whether the API server of a cluster can be asked.
func running(k *containerpb.Cluster) bool {
	switch k.GetStatus() {
	case containerpb.Cluster_RUNNING, containerpb.Cluster_RECONCILING, containerpb.Cluster_DEGRADED:
		return k.GetEndpoint() != ""
	}
	return false
}

// observeCluster is a cluster as attributes. Of the labels those count that erlmcp
// set last, or all of them when that is not recorded.
func observeCluster(k *containerpb.Cluster, prior cty.Value) cty.Value {
	private := k.GetPrivateClusterConfig()
	values := map[string]cty.Value{
		"name": cty.StringVal(k.GetName()), "location": cty.StringVal(k.GetLocation()), "mode": cty.StringVal("standard"),
		"network": text(k.GetNetwork()), "subnetwork": text(k.GetSubnetwork()),
		"pods_range":          text(k.GetIpAllocationPolicy().GetClusterSecondaryRangeName()),
		"services_range":      text(k.GetIpAllocationPolicy().GetServicesSecondaryRangeName()),
		"private_nodes":       cty.BoolVal(private.GetEnablePrivateNodes() || k.GetNetworkConfig().GetDefaultEnablePrivateNodes()),
		"control_plane_cidr":  text(private.GetMasterIpv4CidrBlock()),
		"release_channel":     cty.StringVal(channelName(k.GetReleaseChannel())),
		"zones":               list(k.GetLocations()),
		"authorized_networks": mapping(networksOf(k.GetMasterAuthorizedNetworksConfig())),
		"workload_identity":   cty.BoolVal(k.GetWorkloadIdentityConfig().GetWorkloadPool() != ""),
		"maintenance":         observeMaintenance(k.GetMaintenancePolicy()),
		"labels":              mapping(ownLabels(k.GetResourceLabels(), prior)),
		"deletion_protection": cty.BoolVal(k.GetResourceLabels()[labelProtection] == "true"),
		"ready":               cty.BoolVal(running(k)),
		"endpoint":            text(k.GetEndpoint()), "id": text(k.GetId()),
	}
	if k.GetAutopilot().GetEnabled() {
		values["mode"] = cty.StringVal("autopilot")
	}
	return object(ClusterType, values)
}

// ownLabels are the labels without erlmcp's marks and without what others set, as far
// as it is recorded what erlmcp set.
func ownLabels(labels map[string]string, prior cty.Value) map[string]string {
	out := theirs(labels)
	if prior == cty.NilVal || prior.IsNull() || prior.GetAttr("labels").IsNull() {
		return out
	}
	set := mapOf(prior, "labels")
	maps.DeleteFunc(out, func(k, _ string) bool { _, mine := set[k]; return !mine })
	return out
}

func channelName(r *containerpb.ReleaseChannel) string {
	if r.GetChannel() == containerpb.ReleaseChannel_UNSPECIFIED {
		return "none"
	}
	return strings.ToLower(r.GetChannel().String())
}

func channelOf(values cty.Value) *containerpb.ReleaseChannel {
	name := strings.ToUpper(textOf(values, "release_channel"))
	return &containerpb.ReleaseChannel{Channel: containerpb.ReleaseChannel_Channel(containerpb.ReleaseChannel_Channel_value[name])} // NONE has the value of UNSPECIFIED
}

func networksOf(c *containerpb.MasterAuthorizedNetworksConfig) map[string]string {
	out := map[string]string{}
	if !c.GetEnabled() {
		return out
	}
	for i, b := range c.GetCidrBlocks() {
		name := b.GetDisplayName()
		if _, taken := out[name]; taken || name == "" {
			name = strings.TrimSpace(fmt.Sprintf("%s #%d", name, i))
		}
		out[name] = b.GetCidrBlock()
	}
	return out
}

func authorizedNetworks(values cty.Value) *containerpb.MasterAuthorizedNetworksConfig {
	all := mapOf(values, "authorized_networks")
	out := &containerpb.MasterAuthorizedNetworksConfig{Enabled: len(all) > 0}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		out.CidrBlocks = append(out.CidrBlocks, &containerpb.MasterAuthorizedNetworksConfig_CidrBlock{DisplayName: name, CidrBlock: all[name]})
	}
	return out
}

func (c *client) workloadPool(values cty.Value) *containerpb.WorkloadIdentityConfig {
	out := &containerpb.WorkloadIdentityConfig{}
	if boolOf(values, "workload_identity") {
		out.WorkloadPool = c.Project + ".svc.id.goog"
	}
	return out
}

// newCluster is a cluster as it is asked for, with its node pools: a Standard
// cluster cannot be made without any, and all at once take no longer than one.
func (w *writer) newCluster(ch resource.Change) *containerpb.Cluster {
	v := ch.Desired
	labels := withMark(nil, nil, mapOf(v, "labels"), w.markOf(ch))
	labels[labelProtection] = fmt.Sprint(boolOf(v, "deletion_protection"))
	k := &containerpb.Cluster{
		Name: w.Name, Network: textOf(v, "network"), Subnetwork: textOf(v, "subnetwork"), Locations: listOf(v, "zones"),
		ReleaseChannel: channelOf(v), ResourceLabels: labels, MaintenancePolicy: maintenancePolicy(v),
		IpAllocationPolicy: &containerpb.IPAllocationPolicy{
			UseIpAliases:               true,
			ClusterSecondaryRangeName:  textOf(v, "pods_range"),
			ServicesSecondaryRangeName: textOf(v, "services_range"),
		},
		MasterAuthorizedNetworksConfig: authorizedNetworks(v),
	}
	if boolOf(v, "private_nodes") {
		k.PrivateClusterConfig = &containerpb.PrivateClusterConfig{EnablePrivateNodes: true, MasterIpv4CidrBlock: textOf(v, "control_plane_cidr")}
	}
	if v.GetAttr("maintenance").RawEquals(cty.EmptyObjectVal) {
		k.MaintenancePolicy = nil // any time
	}
	if textOf(v, "mode") == "autopilot" {
		k.Autopilot = &containerpb.Autopilot{Enabled: true}
		return k
	}
	k.WorkloadIdentityConfig = w.workloadPool(v)
	for _, d := range w.shared(w.target.Address) {
		if d.Type == PoolType {
			k.NodePools = append(k.NodePools, newPool(d.Values, w.markOf(resource.Change{Address: d.Address, Desired: d.Values, Revision: ch.Revision})))
		}
	}
	return k
}

// createCluster makes the cluster, or takes over the one that bears its labels.
func (w *writer) createCluster(ctx context.Context, ch resource.Change) (cty.Value, error) {
	found, err := w.cluster(ctx)
	if err != nil {
		return cty.NilVal, err
	}
	if found == nil {
		doing := "create the cluster " + w.Name
		ch.Progress("asking GKE to " + doing)
		err = w.operate(ctx, ch, doing, func() (*containerpb.Operation, error) {
			return w.clusters.CreateCluster(ctx, &containerpb.CreateClusterRequest{Parent: w.parent(), Cluster: w.newCluster(ch)}, patient()...)
		})
		if err != nil && !isTaken(err) {
			return w.leftCluster(ctx, ch, w.explain(doing, err))
		}
		if found, err = w.cluster(ctx); err != nil {
			return cty.NilVal, err
		}
	}
	if found == nil {
		return cty.NilVal, fmt.Errorf("the cluster %s is gone again", w.Name)
	}
	if !w.bears(found.GetResourceLabels(), ch.Address) {
		return cty.NilVal, taken(ch.Address, "cluster", w.Name, "Give the target another name, or leave its cluster block out to use the cluster as it is.")
	}
	return w.changeCluster(ctx, ch)
}

// taken says that somebody else has the name.
func taken(at address.Resource, kind, name, remedy string) error {
	d := diag.Errorf("the name is taken", "The %s %q is there already, and it is not one of this configuration.", kind, name).Fix("%s", remedy)
	d.Address = at.String()
	return d
}

// leftCluster is what exists after a failed creation. A cluster that GKE could not
// make is good for nothing, and is taken away.
func (w *writer) leftCluster(ctx context.Context, ch resource.Change, failed error) (cty.Value, error) {
	ctx = context.WithoutCancel(ctx)
	found, err := w.cluster(ctx)
	if err != nil || found == nil || !w.bears(found.GetResourceLabels(), ch.Address) {
		return cty.NilVal, failed
	}
	if found.GetStatus() == containerpb.Cluster_ERROR {
		if err := w.removeCluster(ctx, ch); err == nil {
			return cty.NilVal, failed
		}
	}
	return observeCluster(found, ch.Desired), failed
}

// changeCluster brings the cluster to what is wanted, one request for each setting:
// GKE takes no more than one at a time.
func (w *writer) changeCluster(ctx context.Context, ch resource.Change) (cty.Value, error) {
	w.forgetServers()
	if err := w.settle(ctx, ch); err != nil {
		return cty.NilVal, err
	}
	found, err := w.cluster(ctx)
	if err != nil {
		return cty.NilVal, err
	}
	if found == nil {
		return cty.NilVal, fmt.Errorf("the cluster %s is gone", w.Name)
	}
	now := observeCluster(found, ch.Prior)
	if err := w.labelCluster(ctx, ch, found, now); err != nil {
		return now, err
	}
	if found.GetStatus() == containerpb.Cluster_ERROR {
		return now, refuse(w.target, "the cluster is broken", "GKE says: %s.", strings.TrimSuffix(found.GetStatusMessage(), ".")).
			Fix("Make it anew with erlmcp apply -replace=%s, once deletion_protection is false.", ch.Address)
	}
	for _, c := range w.clusterChanges(ctx, ch.Desired) {
		if settled(now, ch.Desired, c.attribute) {
			continue
		}
		if err := w.operate(ctx, ch, c.doing, c.begin); err != nil {
			return w.observedCluster(ctx, ch, w.explain(c.doing, err))
		}
	}
	return w.observedCluster(ctx, ch, nil)
}

// settled reports whether an attribute is as wanted, or nobody's to say.
func settled(now, wanted cty.Value, attribute string) bool {
	v := wanted.GetAttr(attribute)
	return v.IsNull() || v.RawEquals(now.GetAttr(attribute))
}

// change is a setting of the cluster or a pool, and the request that sets it.
type change struct {
	attribute, doing string
	begin            func() (*containerpb.Operation, error)
}

func (w *writer) clusterChanges(ctx context.Context, v cty.Value) []change {
	update := func(u *containerpb.ClusterUpdate) func() (*containerpb.Operation, error) {
		return func() (*containerpb.Operation, error) {
			return w.clusters.UpdateCluster(ctx, &containerpb.UpdateClusterRequest{Name: w.clusterPath(), Update: u}, patient()...)
		}
	}
	return []change{
		{"release_channel", "set the release channel", update(&containerpb.ClusterUpdate{DesiredReleaseChannel: channelOf(v)})},
		{"zones", "set the zones", update(&containerpb.ClusterUpdate{DesiredLocations: listOf(v, "zones")})},
		{"authorized_networks", "set the authorized networks", update(&containerpb.ClusterUpdate{DesiredMasterAuthorizedNetworksConfig: authorizedNetworks(v)})},
		{"workload_identity", "set workload identity", update(&containerpb.ClusterUpdate{DesiredWorkloadIdentityConfig: w.workloadPool(v)})},
		{"maintenance", "set the maintenance window", func() (*containerpb.Operation, error) {
			found, err := w.cluster(ctx)
			if err != nil {
				return nil, err
			}
			policy := maintenancePolicy(v)
			policy.ResourceVersion = found.GetMaintenancePolicy().GetResourceVersion()
			return w.clusters.SetMaintenancePolicy(ctx, &containerpb.SetMaintenancePolicyRequest{
				Name: w.clusterPath(), ProjectId: w.Project, Zone: w.Location, ClusterId: w.Name, MaintenancePolicy: policy,
			}, patient()...)
		}},
	}
}

// labelCluster sets the labels, and the mark with them, when anything is to change.
func (w *writer) labelCluster(ctx context.Context, ch resource.Change, found *containerpb.Cluster, now cty.Value) error {
	before := map[string]string{}
	if ch.Prior != cty.NilVal && !ch.Prior.IsNull() {
		before = mapOf(ch.Prior, "labels")
	}
	m := w.markOf(ch)
	labels := withMark(found.GetResourceLabels(), before, mapOf(ch.Desired, "labels"), m)
	labels[labelProtection] = fmt.Sprint(boolOf(ch.Desired, "deletion_protection"))
	if found.GetResourceLabels()[labelDigest] == m.Digest && maps.Equal(theirs(labels), theirs(found.GetResourceLabels())) &&
		settled(now, ch.Desired, "deletion_protection") {
		return nil
	}
	return w.explain("set the labels", w.operate(ctx, ch, "set the labels", func() (*containerpb.Operation, error) {
		found, err := w.cluster(ctx) // for its fingerprint now
		if err != nil {
			return nil, err
		}
		return w.clusters.SetLabels(ctx, &containerpb.SetLabelsRequest{
			Name: w.clusterPath(), ResourceLabels: labels, LabelFingerprint: found.GetLabelFingerprint(),
		}, patient()...)
	}))
}

// observedCluster is what the cluster is now, after err.
func (w *writer) observedCluster(ctx context.Context, ch resource.Change, err error) (cty.Value, error) {
	found, readErr := w.cluster(context.WithoutCancel(ctx))
	switch {
	case readErr != nil && err == nil:
		return cty.NilVal, readErr
	case readErr != nil || found == nil:
		return cty.NilVal, err
	case err == nil && !running(found):
		err = refuse(w.target, "the cluster does not run", "GKE says that it is %s: %s.", found.GetStatus(), strings.TrimSuffix(found.GetStatusMessage(), "."))
	}
	return observeCluster(found, ch.Desired), err
}

// deleteCluster deletes the cluster with its pools; one that is gone is no error.
func (w *writer) deleteCluster(ctx context.Context, ch resource.Change) error {
	found, err := w.cluster(ctx)
	if err != nil || found == nil || !w.bears(found.GetResourceLabels(), ch.Address) {
		return err
	}
	return w.removeCluster(ctx, ch)
}

func (w *writer) removeCluster(ctx context.Context, ch resource.Change) error {
	w.forgetServers()
	doing := "delete the cluster " + w.Name
	err := w.operate(ctx, ch, doing, func() (*containerpb.Operation, error) {
		return w.clusters.DeleteCluster(ctx, &containerpb.DeleteClusterRequest{Name: w.clusterPath()}, patient()...)
	})
	return w.explain(doing, gone(err))
}
