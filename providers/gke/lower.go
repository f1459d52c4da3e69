package gke

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/schemas"
)

// Lower turns an instance into the objects of a server in the cluster, what leads to
// it from outside, and what the target's servers share: the cluster and its pools.
func (p *Provider) Lower(in resource.Instance) (resource.Lowered, diag.List) {
	s, err := settingsOf(in.Target)
	if err != nil {
		return resource.Lowered{}, diag.FromError(err)
	}
	b, err := s.entranceOf(in)
	if err != nil {
		return resource.Lowered{}, diag.FromError(err)
	}
	inside := in
	inside.Target = s.inCluster(in.Target)
	inside.Placement = b.placement(in.Placement)
	out, diags := p.servers.Lower(inside)
	if diags.HasErrors() {
		return resource.Lowered{}, diags
	}
	shared := s.shared(in.Target.Address)
	own := b.resources()
	for _, r := range out.Resources {
		if r.Address.Part == "service" {
			out.Resources = append(out.Resources, b.configs(r)...)
		}
	}
	for i := range out.Resources {
		r := &out.Resources[i]
		r.DependsOn = append(slices.Clone(r.DependsOn), addresses(shared)...)
		switch r.Address.Part {
		case "ingress":
			r.DependsOn = append(r.DependsOn, b.part("frontend"), b.part("backend"))
			fallthrough
		case "service":
			r.DependsOn = append(r.DependsOn, addresses(own)...)
		}
	}
	out.Resources = slices.Concat(shared, own, out.Resources)
	return out, diags
}

func addresses(all []resource.Desired) []address.Resource {
	out := make([]address.Resource, len(all))
	for i, d := range all {
		out[i] = d.Address
	}
	return out
}

// shared are the cluster with its pools, and the firewall rules.
func (s settings) shared(t address.Target) []resource.Desired {
	c := s.Cluster
	if c == nil {
		return nil
	}
	at := func(part string) address.Resource { return address.Resource{Target: t, Part: part} }
	cluster := resource.Desired{Address: at("cluster"), Type: ClusterType, Values: s.clusterValues(c)}
	out := []resource.Desired{cluster}
	for _, name := range slices.Sorted(maps.Keys(c.NodePools)) {
		out = append(out, resource.Desired{
			Address: at(poolPart + name), Type: PoolType, Values: poolValues(name, c.NodePools[name]),
			DependsOn: []address.Resource{cluster.Address},
		})
	}
	for _, name := range slices.Sorted(maps.Keys(s.Firewalls)) {
		out = append(out, resource.Desired{
			Address: at("firewall-" + name), Type: FirewallType, Values: s.firewallValues(name, s.Firewalls[name]),
			DependsOn: []address.Resource{cluster.Address},
		})
	}
	return out
}

// poolPart begins the part of a pool's address.
const poolPart = "pool-"

func (s settings) clusterValues(c *schemas.GKECluster) cty.Value {
	mode := cmp.Or(c.Mode, "standard")
	workload := c.WorkloadIdentity == nil || *c.WorkloadIdentity || autopilot(c)
	return object(ClusterType, map[string]cty.Value{
		"name": cty.StringVal(s.Name), "location": cty.StringVal(s.Location), "mode": cty.StringVal(mode),
		"network": text(cmp.Or(c.Network, "default")), "subnetwork": text(c.Subnetwork),
		"pods_range": text(c.PodsRange), "services_range": text(c.ServicesRange),
		"private_nodes": cty.BoolVal(c.PrivateNodes), "control_plane_cidr": text(c.ControlPlaneCIDR),
		"release_channel": cty.StringVal(cmp.Or(c.ReleaseChannel, "regular")), "zones": list(c.Zones),
		"authorized_networks": mapping(every(c.AuthorizedNetworks)), "workload_identity": cty.BoolVal(workload),
		"maintenance": maintenanceValue(c.Maintenance), "labels": mapping(every(c.Labels)),
		"deletion_protection": cty.BoolVal(c.DeletionProtection == nil || *c.DeletionProtection),
		"ready":               cty.True,
	})
}

func poolValues(name string, p *schemas.GKENodePool) cty.Value {
	values := map[string]cty.Value{
		"name": cty.StringVal(name), "spot": cty.BoolVal(p.Spot), "service_account": text(p.ServiceAccount),
		"machine_type": cty.StringVal(cmp.Or(p.MachineType, "e2-medium")), "disk_size": number(p.DiskSize, 100),
		"zones": list(p.Zones), "labels": mapping(every(p.Labels)), "taints": taintValues(p.Taints), "tags": list(all(p.Tags)),
		"max_surge": number(p.MaxSurge, 1), "max_unavailable": number(p.MaxUnavailable, 0),
		"auto_repair":  cty.BoolVal(p.AutoRepair == nil || *p.AutoRepair),
		"auto_upgrade": cty.BoolVal(p.AutoUpgrade == nil || *p.AutoUpgrade),
		"ready":        cty.True,
	}
	if p.MaxNodes != nil {
		values["min_nodes"], values["max_nodes"] = number(p.MinNodes, 0), number(p.MaxNodes, 0)
	} else {
		// Without an autoscaler the bounds are gone, which is owned too.
		values["nodes"], values["max_nodes"] = number(p.Nodes, 1), cty.NumberIntVal(0)
	}
	return object(PoolType, values)
}

func (s settings) firewallValues(name string, f *schemas.GKEFirewall) cty.Value {
	return object(FirewallType, map[string]cty.Value{
		"name": cty.StringVal(objectName(s.Name, name)), "network": cty.StringVal(cmp.Or(s.Cluster.Network, "default")),
		"sources": list(f.Sources), "allow": list(f.Allow), "targets": list(all(f.Targets)), "priority": number(f.Priority, 1000),
	})
}

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// objectName is the name of an object outside of clusters (RFC 1035): as near to the
// names of the cluster and of what it is for as can be, and with a digest where
// that loses something.
func objectName(cluster, of string) string {
	const longest = 63
	name := "erlmcp-" + cluster + "-" + of
	clean := strings.Trim(notInNames.ReplaceAllString(strings.ToLower(name), "-"), "-")
	if clean == name && len(clean) <= longest {
		return clean
	}
	sum := sha256.Sum256([]byte(name))
	digest := hex.EncodeToString(sum[:4])
	return strings.TrimRight(clean[:min(len(clean), longest-1-len(digest))], "-") + "-" + digest
}
