package cloud

import (
	"context"
	"strings"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// cut takes a path apart: the location, the cluster's path, and the pool's name.
func cut(path string) (parent, cluster, pool string) {
	cluster, pool, _ = strings.Cut(path, "/nodePools/")
	parent, _, _ = strings.Cut(cluster, "/clusters/")
	return parent, cluster, pool
}

func (g gke) UpdateCluster(_ context.Context, q *containerpb.UpdateClusterRequest) (*containerpb.Operation, error) {
	k, err := g.free(q.GetName())
	if err != nil {
		return nil, err
	}
	u := q.GetUpdate()
	field, err := oneOf(u.ProtoReflect(), "etag")
	if err != nil {
		return nil, err
	}
	next := proto.CloneOf(k)
	switch field {
	case "desired_release_channel":
		next.ReleaseChannel = u.GetDesiredReleaseChannel()
		for _, p := range next.GetNodePools() {
			if err := checkPool(next, p); err != nil {
				return nil, err
			}
		}
	case "desired_locations":
		next.Locations = u.GetDesiredLocations()
	case "desired_control_plane_endpoints_config":
		next.ControlPlaneEndpointsConfig.IpEndpointsConfig.AuthorizedNetworksConfig = u.GetDesiredControlPlaneEndpointsConfig().GetIpEndpointsConfig().GetAuthorizedNetworksConfig()
		err = checkNetworks(next.ControlPlaneEndpointsConfig)
	case "desired_workload_identity_config":
		pool := u.GetDesiredWorkloadIdentityConfig().GetWorkloadPool()
		if want := strings.Split(q.GetName(), "/")[1] + ".svc.id.goog"; pool != "" && pool != want {
			err = invalid("Workload pool %q must be %q.", pool, want)
		}
		next.WorkloadIdentityConfig = u.GetDesiredWorkloadIdentityConfig()
	default:
		err = status.Errorf(codes.Unimplemented, "%s cannot be updated here.", field)
	}
	if err != nil {
		return nil, err
	}
	return g.changing(q.GetName(), containerpb.Operation_UPDATE_CLUSTER, func() {
		k.ReleaseChannel, k.Locations = next.ReleaseChannel, next.Locations
		k.ControlPlaneEndpointsConfig, k.WorkloadIdentityConfig = next.ControlPlaneEndpointsConfig, next.WorkloadIdentityConfig
	}), nil
}

func (g gke) SetLabels(_ context.Context, q *containerpb.SetLabelsRequest) (*containerpb.Operation, error) {
	k, err := g.free(q.GetName())
	if err != nil {
		return nil, err
	}
	if q.GetLabelFingerprint() != k.GetLabelFingerprint() {
		return nil, status.Error(codes.FailedPrecondition, "Labels could not be set due to fingerprint mismatch.")
	}
	if err := checkLabels(q.GetResourceLabels()); err != nil {
		return nil, err
	}
	return g.changing(q.GetName(), containerpb.Operation_UPDATE_CLUSTER, func() {
		k.ResourceLabels, k.LabelFingerprint = q.GetResourceLabels(), g.fingerprint()
	}), nil
}

func (g gke) SetMaintenancePolicy(_ context.Context, q *containerpb.SetMaintenancePolicyRequest) (*containerpb.Operation, error) {
	k, err := g.free(q.GetName())
	if err != nil {
		return nil, err
	}
	p := q.GetMaintenancePolicy()
	switch {
	case q.GetProjectId() == "" || q.GetZone() == "" || q.GetClusterId() == "":
		return nil, invalid("project_id, zone and cluster_id are required.")
	case p.GetResourceVersion() != k.GetMaintenancePolicy().GetResourceVersion():
		return nil, status.Error(codes.FailedPrecondition, "The resource version of the maintenance policy does not match.")
	}
	if r := p.GetWindow().GetRecurringWindow(); r != nil && (!strings.HasPrefix(r.GetRecurrence(), "FREQ=") || r.GetWindow().GetStartTime() == nil || r.GetWindow().GetEndTime() == nil) {
		return nil, invalid("Invalid recurring window.")
	}
	return g.changing(q.GetName(), containerpb.Operation_UPDATE_CLUSTER, func() {
		k.MaintenancePolicy = proto.CloneOf(p)
		k.MaintenancePolicy.ResourceVersion = g.fingerprint()
	}), nil
}
