package gke

import (
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/schemas"
)

// The types of resources.
const (
	ClusterType     = "gke_cluster"
	PoolType        = "gke_node_pool"
	FirewallType    = "gke_firewall"
	AddressType     = "gke_address"
	PolicyType      = "gke_ssl_policy"
	CertificateType = "gke_certificate"
)

var (
	texts     = cty.List(cty.String)
	textMap   = cty.Map(cty.String)
	taintType = schemas.Describe[schemas.GKETaint]().Type()
)

// fixed is an attribute that only a new object can change.
func fixed(name string, t cty.Type, doc string) resource.Attribute {
	return resource.Attribute{Name: name, Type: t, Doc: doc, Replace: true}
}

// changing is an attribute that changes in place, with what that does to servers.
func changing(name string, t cty.Type, impact resource.Impact, doc string) resource.Attribute {
	return resource.Attribute{Name: name, Type: t, Doc: doc, Impact: impact}
}

var resourceTypes = []*resource.Type{
	{
		Name: ClusterType, Doc: "A cluster of Google Kubernetes Engine.", Protected: protected, Follows: resource.Below("ready"),
		Attributes: []resource.Attribute{
			fixed("name", cty.String, "Name of the cluster."),
			fixed("location", cty.String, "Region or zone of the cluster."),
			fixed("mode", cty.String, "\"standard\" or \"autopilot\"."),
			sameEnd(fixed("network", cty.String, "VPC network.")),
			sameEnd(fixed("subnetwork", cty.String, "Subnetwork.")),
			fixed("pods_range", cty.String, "Name of the secondary range for pods."),
			fixed("services_range", cty.String, "Name of the secondary range for Services."),
			fixed("private_nodes", cty.Bool, "Whether nodes have private addresses only."),
			fixed("control_plane_cidr", cty.String, "Range of the control plane's addresses."),
			changing("release_channel", cty.String, resource.ImpactNone, "How soon GKE upgrades the cluster."),
			changing("zones", texts, resource.ImpactRolling, "Zones of the nodes, in order of their names."),
			changing("authorized_networks", textMap, resource.ImpactNone, "Networks that may reach the control plane: names and CIDRs."),
			changing("workload_identity", cty.Bool, resource.ImpactRolling, "Whether Kubernetes service accounts can act as Google ones."),
			changing("maintenance", cty.DynamicPseudoType, resource.ImpactNone, "When GKE may work on the cluster."),
			changing("labels", textMap, resource.ImpactNone, "Labels that erlmcp was told to set."),
			changing("deletion_protection", cty.Bool, resource.ImpactNone, "Whether erlmcp refuses to delete or replace the cluster."),
			changing("ready", cty.Bool, resource.ImpactNone, "Whether the cluster runs."),
			changing("endpoint", cty.String, resource.ImpactNone, "Address of the API server."),
			changing("id", cty.String, resource.ImpactNone, "Identifier that GKE gave it."),
		},
	},
	{
		Name: PoolType, Doc: "A node pool of a cluster.", GoesWith: ClusterType, Follows: resource.Below("ready"),
		Attributes: []resource.Attribute{
			fixed("name", cty.String, "Name of the pool."),
			fixed("spot", cty.Bool, "Whether nodes are spot machines."),
			fixed("service_account", cty.String, "Google service account of the nodes."),
			changing("machine_type", cty.String, resource.ImpactRolling, "Machine type of the nodes."),
			changing("disk_size", cty.Number, resource.ImpactRolling, "Size of the boot disk in GB."),
			changing("nodes", cty.Number, resource.ImpactRolling, "Fixed number of nodes in each zone."),
			changing("min_nodes", cty.Number, resource.ImpactNone, "Fewest nodes in each zone."),
			changing("max_nodes", cty.Number, resource.ImpactNone, "Most nodes in each zone."),
			changing("zones", texts, resource.ImpactRolling, "Zones of the nodes, in order of their names."),
			changing("labels", textMap, resource.ImpactNone, "Kubernetes labels of the nodes."),
			changing("taints", cty.List(taintType), resource.ImpactRolling, "Taints of the nodes."),
			changing("tags", texts, resource.ImpactNone, "Network tags of the nodes, in order."),
			changing("max_surge", cty.Number, resource.ImpactNone, "How many nodes an upgrade may add."),
			changing("max_unavailable", cty.Number, resource.ImpactNone, "How many nodes may be missing during an upgrade."),
			changing("auto_repair", cty.Bool, resource.ImpactNone, "Whether GKE repairs nodes."),
			changing("auto_upgrade", cty.Bool, resource.ImpactNone, "Whether GKE upgrades nodes."),
			changing("ready", cty.Bool, resource.ImpactNone, "Whether the pool runs."),
		},
	},
	{
		Name: FirewallType, Doc: "A firewall rule of a cluster's network.",
		Attributes: []resource.Attribute{
			fixed("name", cty.String, "Name of the rule."),
			sameEnd(fixed("network", cty.String, "VPC network.")),
			changing("sources", texts, resource.ImpactNone, "CIDRs that connections may come from, in order."),
			changing("allow", texts, resource.ImpactNone, "What is let in, in order."),
			changing("targets", texts, resource.ImpactNone, "Network tags of the machines that are meant, in order."),
			changing("priority", cty.Number, resource.ImpactNone, "Of several rules that fit, the lowest number counts."),
		},
	},
	{
		Name: AddressType, Doc: "A reserved address of a load balancer.",
		Attributes: []resource.Attribute{
			fixed("name", cty.String, "Name of the address."),
			fixed("region", cty.String, "Region of the address, \"global\" for one of none."),
			changing("address", cty.String, resource.ImpactNone, "The address itself."),
		},
	},
	{
		Name: PolicyType, Doc: "Which TLS a load balancer speaks.",
		Attributes: []resource.Attribute{
			fixed("name", cty.String, "Name of the policy."),
			changing("profile", cty.String, resource.ImpactNone, "Which cipher suites are on offer."),
			changing("min_tls", cty.String, resource.ImpactNone, "Oldest version of TLS."),
		},
	},
	{
		Name: CertificateType, Doc: "A certificate that Google issues and renews.",
		Attributes: []resource.Attribute{
			fixed("name", cty.String, "Name of the certificate."),
			fixed("domains", texts, "Host names, in order."),
			changing("status", cty.String, resource.ImpactNone, "How far Google is with it; \"ACTIVE\" once it is issued."),
		},
	},
}

// sameEnd compares by the last part of a URL: "default" is
// "projects/acme/global/networks/default".
func sameEnd(a resource.Attribute) resource.Attribute {
	a.Equal = func(x, y cty.Value) bool { return lastPart(x.AsString()) == lastPart(y.AsString()) }
	return a
}

func lastPart(path string) string { return path[strings.LastIndex(path, "/")+1:] }

// protected says why a cluster is not to be deleted.
func protected(found cty.Value) string {
	if v := found.GetAttr("deletion_protection"); v.IsNull() || v.False() {
		return ""
	}
	return "Write deletion_protection = false in its cluster block and apply that alone; then try again."
}

// typeOf is the type of that name, nil for one that is not of this package.
func typeOf(name string) *resource.Type {
	for _, t := range resourceTypes {
		if t.Name == name {
			return t
		}
	}
	return nil
}
