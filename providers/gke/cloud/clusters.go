package cloud

import (
	"context"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"time"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// gke is the API of GKE.
type gke struct {
	containerpb.UnimplementedClusterManagerServer
	*Cloud
}

var (
	clusterForm = regexp.MustCompile(`^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$`)
	placeForm   = regexp.MustCompile(`^projects/[^/]+/locations/[a-z]+-[a-z]+[0-9]+(-[a-z])?$`)
	keyForm     = regexp.MustCompile(`^[a-z][-_a-z0-9]{0,62}$`)
	valueForm   = regexp.MustCompile(`^[-_a-z0-9]{0,63}$`)
	machineForm = regexp.MustCompile(`^(e2|n1|n2|n2d|n4|c3|c4|t2d|t2a)-(micro|small|medium|(standard|highmem|highcpu)-[0-9]+)$`)
)

func checkLabels(labels map[string]string) error {
	for k, v := range labels {
		if !keyForm.MatchString(k) || !valueForm.MatchString(v) {
			return invalid("Invalid resource label %q: %q.", k, v)
		}
	}
	return nil
}

func (g gke) GetCluster(_ context.Context, q *containerpb.GetClusterRequest) (*containerpb.Cluster, error) {
	k, err := g.known(q.GetName())
	if err != nil {
		return nil, err
	}
	return proto.CloneOf(k), nil
}

// known is the cluster of a path, or of that of one of its pools.
func (g gke) known(path string) (*containerpb.Cluster, error) {
	path, _, _ = strings.Cut(path, "/nodePools/")
	if k := g.clusters[path]; k != nil {
		return k, nil
	}
	return nil, status.Errorf(codes.NotFound, "Not found: %s.", path)
}

// free is known, for a change: no other operation may be under way.
func (g gke) free(path string) (*containerpb.Cluster, error) {
	k, err := g.known(path)
	if err != nil {
		return nil, err
	}
	path, _, _ = strings.Cut(path, "/nodePools/")
	for _, op := range g.operations {
		if op.gke != nil && op.path == path && !op.done {
			return nil, status.Errorf(codes.FailedPrecondition, "Cluster is running incompatible operation %s.", op.gke.GetName())
		}
	}
	return k, nil
}

func (g gke) CreateCluster(_ context.Context, q *containerpb.CreateClusterRequest) (*containerpb.Operation, error) {
	k := proto.CloneOf(q.GetCluster())
	path := q.GetParent() + "/clusters/" + k.GetName()
	if err := g.checkCluster(q.GetParent(), k); err != nil {
		return nil, err
	}
	if g.clusters[path] != nil {
		return nil, status.Errorf(codes.AlreadyExists, "Already exists: %s.", path)
	}
	g.fill(q.GetParent(), k)
	g.clusters[path] = k
	return g.begin(path, containerpb.Operation_CREATE_CLUSTER, "", func(failure error) {
		if failure != nil {
			k.Status, k.Conditions = containerpb.Cluster_ERROR, []*containerpb.StatusCondition{{Message: status.Convert(failure).Message()}}
			return
		}
		k.Status, k.Endpoint = containerpb.Cluster_RUNNING, g.endpoint
		k.MasterAuth = &containerpb.MasterAuth{ClusterCaCertificate: g.ca}
		for _, p := range k.GetNodePools() {
			p.Status = containerpb.NodePool_RUNNING
		}
	}), nil
}

func (g gke) checkCluster(parent string, k *containerpb.Cluster) error {
	standard := !k.GetAutopilot().GetEnabled()
	switch {
	case !placeForm.MatchString(parent):
		return invalid("Location %q does not exist.", parent)
	case !clusterForm.MatchString(k.GetName()):
		return invalid("Invalid value for field \"cluster.name\": %q.", k.GetName())
	case k.GetStatus() != 0 || k.GetEndpoint() != "" || k.GetSelfLink() != "" || k.GetId() != "":
		return invalid("Cluster has output only fields set.")
	case k.GetNetwork() != "" && !g.networks[k.GetNetwork()]:
		return invalid("Project has no network named %q.", k.GetNetwork())
	case standard && len(k.GetNodePools()) == 0:
		return invalid("Cluster.initial_node_count must be greater than zero.")
	case !standard && len(k.GetNodePools()) > 0:
		return invalid("Node pools cannot be specified for Autopilot clusters.")
	case !standard && k.GetReleaseChannel().GetChannel() == 0:
		return invalid("Autopilot clusters must be enrolled in a release channel.")
	case !k.GetIpAllocationPolicy().GetUseIpAliases() && k.GetNetworkConfig().GetDefaultEnablePrivateNodes():
		return invalid("Private clusters must be VPC-native.")
	}
	if cidr := k.GetPrivateClusterConfig().GetMasterIpv4CidrBlock(); cidr != "" {
		if p, err := netip.ParsePrefix(cidr); err != nil || p.Bits() != 28 {
			return invalid("master_ipv4_cidr_block %q must be a /28.", cidr)
		}
	}
	if err := checkNetworks(k.GetControlPlaneEndpointsConfig()); err != nil {
		return err
	}
	for _, p := range k.GetNodePools() {
		if err := checkPool(k, p); err != nil {
			return err
		}
	}
	return checkLabels(k.GetResourceLabels())
}

func checkNetworks(c *containerpb.ControlPlaneEndpointsConfig) error {
	for _, b := range c.GetIpEndpointsConfig().GetAuthorizedNetworksConfig().GetCidrBlocks() {
		if _, err := netip.ParsePrefix(b.GetCidrBlock()); err != nil {
			return invalid("Invalid CIDR block %q.", b.GetCidrBlock())
		}
	}
	return nil
}

// fill sets what the API sets.
func (g gke) fill(parent string, k *containerpb.Cluster) {
	project, location := strings.Split(parent, "/")[1], strings.Split(parent, "/")[3]
	k.Location, k.Status = location, containerpb.Cluster_PROVISIONING
	k.Id = fmt.Sprintf("%064x", g.number())
	k.SelfLink = "https://container.googleapis.com/v1/" + parent + "/clusters/" + k.GetName()
	k.LabelFingerprint = g.fingerprint()
	if k.Network == "" {
		k.Network = "default"
	}
	if k.Subnetwork == "" {
		k.Subnetwork = k.Network
	}
	if len(k.Locations) == 0 {
		k.Locations = zonesOf(location)
	}
	if k.GetAutopilot().GetEnabled() {
		k.WorkloadIdentityConfig = &containerpb.WorkloadIdentityConfig{WorkloadPool: project + ".svc.id.goog"}
	}
	if k.ControlPlaneEndpointsConfig == nil {
		k.ControlPlaneEndpointsConfig = &containerpb.ControlPlaneEndpointsConfig{}
	}
	if k.ControlPlaneEndpointsConfig.IpEndpointsConfig == nil {
		k.ControlPlaneEndpointsConfig.IpEndpointsConfig = &containerpb.ControlPlaneEndpointsConfig_IPEndpointsConfig{}
	}
	k.ControlPlaneEndpointsConfig.IpEndpointsConfig.PrivateEndpoint = "172.16.0.2"
	k.ControlPlaneEndpointsConfig.IpEndpointsConfig.PublicEndpoint = g.endpoint
	for _, p := range k.GetNodePools() {
		g.fillPool(parent, k, p)
	}
}

func zonesOf(location string) []string {
	if strings.Count(location, "-") == 2 {
		return []string{location}
	}
	return []string{location + "-b", location + "-c", location + "-d"}
}

func (c *Cloud) fingerprint() string { return fmt.Sprintf("%08x", c.number()) }

func (g gke) DeleteCluster(_ context.Context, q *containerpb.DeleteClusterRequest) (*containerpb.Operation, error) {
	k, err := g.free(q.GetName())
	if err != nil {
		return nil, err
	}
	k.Status = containerpb.Cluster_STOPPING
	return g.begin(q.GetName(), containerpb.Operation_DELETE_CLUSTER, "", func(failure error) {
		if failure == nil {
			delete(g.clusters, q.GetName())
		}
	}), nil
}

// begin notes an operation on a cluster, or on a pool of it.
func (g gke) begin(path string, kind containerpb.Operation_Type, pool string, finish func(error)) *containerpb.Operation {
	name := fmt.Sprintf("operation-%d", g.number())
	parent, _, _ := strings.Cut(path, "/clusters/")
	now, target := time.Now(), path
	if pool != "" {
		target += "/nodePools/" + pool
	}
	op := &operation{begun: now, due: now.Add(g.delay), path: path, failure: g.failing, gke: &containerpb.Operation{
		Name: name, OperationType: kind, Status: containerpb.Operation_RUNNING, Location: strings.Split(parent, "/")[3],
		SelfLink:   "https://container.googleapis.com/v1/" + parent + "/operations/" + name,
		TargetLink: "https://container.googleapis.com/v1/" + target, StartTime: now.UTC().Format(time.RFC3339Nano),
	}}
	op.finish = func(failure error) {
		finish(failure)
		op.gke.Status, op.gke.EndTime = containerpb.Operation_DONE, time.Now().UTC().Format(time.RFC3339Nano)
		if failure != nil {
			op.gke.Error = status.Convert(failure).Proto()
		}
	}
	g.operations = append(g.operations, op)
	return op.shown()
}

// shown is an operation as it is now, with how far it is.
func (o *operation) shown() *containerpb.Operation {
	out := proto.CloneOf(o.gke)
	if o.done {
		return out
	}
	const total = 10
	sofar := int64(total - 1)
	if span := o.due.Sub(o.begun); span > 0 {
		sofar = min(sofar, int64(total*time.Since(o.begun)/span))
	}
	metric := func(name string, n int64) *containerpb.OperationProgress_Metric {
		return &containerpb.OperationProgress_Metric{Name: name, Value: &containerpb.OperationProgress_Metric_IntValue{IntValue: n}}
	}
	out.Progress = &containerpb.OperationProgress{Metrics: []*containerpb.OperationProgress_Metric{metric("CLUSTER_DEPLOYING", sofar), metric("CLUSTER_DEPLOYING_TOTAL", total)}}
	return out
}

func (g gke) GetOperation(_ context.Context, q *containerpb.GetOperationRequest) (*containerpb.Operation, error) {
	for _, op := range g.operations {
		if op.gke != nil && strings.HasSuffix(op.gke.GetSelfLink(), "/"+q.GetName()) {
			return op.shown(), nil
		}
	}
	return nil, status.Errorf(codes.NotFound, "Not found: %s.", q.GetName())
}

func (g gke) ListOperations(_ context.Context, q *containerpb.ListOperationsRequest) (*containerpb.ListOperationsResponse, error) {
	out := &containerpb.ListOperationsResponse{}
	for _, op := range g.operations {
		if op.gke != nil && strings.Contains(op.gke.GetSelfLink(), "/"+q.GetParent()+"/") {
			op.waits = false
			out.Operations = append(out.Operations, op.shown())
		}
	}
	return out, nil
}
