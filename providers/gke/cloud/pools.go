package cloud

import (
	"context"
	"slices"

	"cloud.google.com/go/container/apiv1/containerpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

func checkPool(k *containerpb.Cluster, p *containerpb.NodePool) error {
	channel := k.GetReleaseChannel().GetChannel() != 0
	auto := p.GetAutoscaling()
	switch {
	case !clusterForm.MatchString(p.GetName()):
		return invalid("Invalid value for field \"node_pool.name\": %q.", p.GetName())
	case p.GetConfig().GetMachineType() != "" && !machineForm.MatchString(p.GetConfig().GetMachineType()):
		return invalid("Machine type with name %q does not exist in zone.", p.GetConfig().GetMachineType())
	case channel && !p.GetManagement().GetAutoUpgrade():
		return invalid("Auto_upgrade must be true when release_channel %s is set.", k.GetReleaseChannel().GetChannel())
	case channel && !p.GetManagement().GetAutoRepair():
		return invalid("Auto_repair must be true when release_channel %s is set.", k.GetReleaseChannel().GetChannel())
	case auto.GetEnabled() && auto.GetMinNodeCount() > auto.GetMaxNodeCount():
		return invalid("Autoscaling: min_node_count must not be greater than max_node_count.")
	case k.GetWorkloadIdentityConfig().GetWorkloadPool() == "" && p.GetConfig().GetWorkloadMetadataConfig().GetMode() == containerpb.WorkloadMetadataConfig_GKE_METADATA:
		return invalid("GKE_METADATA needs workload identity on the cluster.")
	}
	return checkLabels(p.GetConfig().GetResourceLabels())
}

func (g gke) fillPool(parent string, k *containerpb.Cluster, p *containerpb.NodePool) {
	p.Status = containerpb.NodePool_PROVISIONING
	p.SelfLink = "https://container.googleapis.com/v1/" + parent + "/clusters/" + k.GetName() + "/nodePools/" + p.GetName()
	if len(p.Locations) == 0 {
		p.Locations = slices.Clone(k.GetLocations())
	}
	if p.Config == nil {
		p.Config = &containerpb.NodeConfig{}
	}
	if p.Config.MachineType == "" {
		p.Config.MachineType = "e2-medium"
	}
	if p.Config.DiskSizeGb == 0 {
		p.Config.DiskSizeGb = 100
	}
	if p.Config.ServiceAccount == "" {
		p.Config.ServiceAccount = "default"
	}
}

// knownPool is the pool of a path, with its cluster.
func (g gke) knownPool(path string, change bool) (*containerpb.Cluster, *containerpb.NodePool, error) {
	find := g.known
	if change {
		find = g.free
	}
	k, err := find(path)
	if err != nil {
		return nil, nil, err
	}
	for _, p := range k.GetNodePools() {
		if hasEnd(path, "/nodePools/"+p.GetName()) {
			return k, p, nil
		}
	}
	return nil, nil, status.Errorf(codes.NotFound, "Not found: %s.", path)
}

func hasEnd(path, end string) bool { return len(path) >= len(end) && path[len(path)-len(end):] == end }

func (g gke) GetNodePool(_ context.Context, q *containerpb.GetNodePoolRequest) (*containerpb.NodePool, error) {
	_, p, err := g.knownPool(q.GetName(), false)
	if err != nil {
		return nil, err
	}
	return proto.CloneOf(p), nil
}

func (g gke) CreateNodePool(_ context.Context, q *containerpb.CreateNodePoolRequest) (*containerpb.Operation, error) {
	k, err := g.free(q.GetParent())
	if err != nil {
		return nil, err
	}
	p := proto.CloneOf(q.GetNodePool())
	if k.GetAutopilot().GetEnabled() {
		return nil, invalid("Autopilot clusters do not support mutating node pools.")
	}
	if err := checkPool(k, p); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(k.GetNodePools(), func(o *containerpb.NodePool) bool { return o.GetName() == p.GetName() }) {
		return nil, status.Errorf(codes.AlreadyExists, "Already exists: %s/nodePools/%s.", q.GetParent(), p.GetName())
	}
	parent, _, _ := cut(q.GetParent())
	g.fillPool(parent, k, p)
	k.NodePools = append(k.NodePools, p)
	return g.begin(q.GetParent(), containerpb.Operation_CREATE_NODE_POOL, p.GetName(), func(failure error) {
		p.Status = containerpb.NodePool_RUNNING
		if failure != nil {
			p.Status, p.Conditions = containerpb.NodePool_ERROR, []*containerpb.StatusCondition{{Message: status.Convert(failure).Message()}}
		}
	}), nil
}

func (g gke) DeleteNodePool(_ context.Context, q *containerpb.DeleteNodePoolRequest) (*containerpb.Operation, error) {
	k, p, err := g.knownPool(q.GetName(), true)
	if err != nil {
		return nil, err
	}
	p.Status = containerpb.NodePool_STOPPING
	return g.changing(q.GetName(), containerpb.Operation_DELETE_NODE_POOL, func() {
		k.NodePools = slices.DeleteFunc(k.NodePools, func(o *containerpb.NodePool) bool { return o == p })
	}), nil
}

// changing begins an operation that does something when it is done and goes well.
func (g gke) changing(path string, kind containerpb.Operation_Type, do func()) *containerpb.Operation {
	_, cluster, pool := cut(path)
	return g.begin(cluster, kind, pool, func(failure error) {
		if failure == nil {
			do()
		}
	})
}

// oneOf is the name of the one field that is set beside those that say what is meant.
func oneOf(m protoreflect.Message, but ...protoreflect.Name) (protoreflect.Name, error) {
	var set []protoreflect.Name
	m.Range(func(f protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
		if !slices.Contains(but, f.Name()) {
			set = append(set, f.Name())
		}
		return true
	})
	switch len(set) {
	case 0:
		return "", invalid("Must specify a field to update.")
	case 1:
		return set[0], nil
	}
	slices.Sort(set)
	return "", invalid("Exactly one update can be applied with each request, and there are %v.", set)
}

func (g gke) UpdateNodePool(_ context.Context, q *containerpb.UpdateNodePoolRequest) (*containerpb.Operation, error) {
	k, p, err := g.knownPool(q.GetName(), true)
	if err != nil {
		return nil, err
	}
	field, err := oneOf(q.ProtoReflect(), "name", "etag")
	if err != nil {
		return nil, err
	}
	next := proto.CloneOf(p)
	switch field {
	case "machine_type":
		next.Config.MachineType = q.GetMachineType()
	case "disk_size_gb":
		next.Config.DiskSizeGb = int32(q.GetDiskSizeGb())
	case "locations":
		next.Locations = q.GetLocations()
	case "labels":
		next.Config.Labels = q.GetLabels().GetLabels()
	case "taints":
		next.Config.Taints = q.GetTaints().GetTaints()
	case "tags":
		next.Config.Tags = q.GetTags().GetTags()
	case "upgrade_settings":
		next.UpgradeSettings = q.GetUpgradeSettings()
	case "resource_labels":
		next.Config.ResourceLabels = q.GetResourceLabels().GetLabels()
	default:
		return nil, status.Errorf(codes.Unimplemented, "%s cannot be updated here.", field)
	}
	if err := checkPool(k, next); err != nil {
		return nil, err
	}
	return g.replacePool(q.GetName(), containerpb.Operation_UPGRADE_NODES, p, next), nil
}

func (g gke) replacePool(path string, kind containerpb.Operation_Type, p, next *containerpb.NodePool) *containerpb.Operation {
	return g.changing(path, kind, func() {
		proto.Reset(p)
		proto.Merge(p, next)
	})
}

func (g gke) SetNodePoolAutoscaling(_ context.Context, q *containerpb.SetNodePoolAutoscalingRequest) (*containerpb.Operation, error) {
	return g.changePool(q.GetName(), containerpb.Operation_SET_NODE_POOL_SIZE, func(p *containerpb.NodePool) { p.Autoscaling = q.GetAutoscaling() })
}

func (g gke) SetNodePoolManagement(_ context.Context, q *containerpb.SetNodePoolManagementRequest) (*containerpb.Operation, error) {
	return g.changePool(q.GetName(), containerpb.Operation_SET_NODE_POOL_MANAGEMENT, func(p *containerpb.NodePool) { p.Management = q.GetManagement() })
}

func (g gke) SetNodePoolSize(_ context.Context, q *containerpb.SetNodePoolSizeRequest) (*containerpb.Operation, error) {
	return g.changePool(q.GetName(), containerpb.Operation_SET_NODE_POOL_SIZE, func(p *containerpb.NodePool) { p.InitialNodeCount = q.GetNodeCount() })
}

func (g gke) changePool(path string, kind containerpb.Operation_Type, change func(*containerpb.NodePool)) (*containerpb.Operation, error) {
	k, p, err := g.knownPool(path, true)
	if err != nil {
		return nil, err
	}
	next := proto.CloneOf(p)
	change(next)
	if err := checkPool(k, next); err != nil {
		return nil, err
	}
	return g.replacePool(path, kind, p, next), nil
}
