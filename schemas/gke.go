package schemas

// GKETarget is a cluster of Google Kubernetes Engine.
type GKETarget struct {
	_ struct{} `doc:"A cluster of Google Kubernetes Engine, and the servers in it. With a cluster block erlmcp makes the cluster and keeps it as it is written; without one it uses a cluster that exists. Servers become what they become on a target of the kind kubernetes."`

	Project  string `json:"project" required:"true" replace:"true" doc:"Project that the cluster belongs to."`
	Location string `json:"location" required:"true" replace:"true" doc:"Region (\"europe-west1\") or zone (\"europe-west1-b\") of the cluster. In a region, control plane and nodes stand in several zones."`
	Name     string `json:"name" required:"true" replace:"true" doc:"Name of the cluster."`

	Cluster   *GKECluster             `json:"cluster,omitempty"`
	Firewalls map[string]*GKEFirewall `json:"firewall,omitempty" label:"dns"`

	Credentials       string `json:"credentials,omitempty" kind:"path" doc:"File with credentials: a service account's key, or a configuration of workload identity federation. Default: application default credentials."`
	Impersonate       string `json:"impersonate_service_account,omitempty" doc:"Service account to act as, such as \"deployer@acme.iam.gserviceaccount.com\"."`
	QuotaProject      string `json:"quota_project,omitempty" doc:"Project whose quota the requests count against. Default: that of the credentials."`
	ContainerEndpoint string `json:"container_endpoint,omitempty" doc:"Where the API of GKE answers: https:// and http:// for REST, grpcs:// and grpc:// for gRPC. Without TLS (http, grpc) no credentials are sent. Default: grpcs://container.googleapis.com:443."`
	ComputeEndpoint   string `json:"compute_endpoint,omitempty" doc:"Where the API of Compute Engine answers: https:// or http://. Without TLS no credentials are sent. Default: https://compute.googleapis.com."`

	PrivateEndpoint bool   `json:"private_endpoint,omitempty" atmostone:"endpoint" doc:"Whether the cluster's API server is reached at its private address."`
	Endpoint        string `json:"endpoint,omitempty" atmostone:"endpoint" doc:"URL of the cluster's API server, where it is reached otherwise than GKE says, such as through a proxy."`
	CA              string `json:"ca,omitempty" doc:"Certificates in PEM of the authority that signed the API server's. Default: what GKE says."`
	Token           string `json:"token,omitempty" sensitive:"true" doc:"Bearer token for the API server. Default: the access token of the credentials."`

	Namespace       string `json:"namespace,omitempty" default:"default" replace:"true" doc:"Namespace of the servers."`
	CreateNamespace bool   `json:"create_namespace,omitempty" doc:"Whether the namespace is made, held to the restricted pod security standard, and deleted with the last server. It must be this target's alone."`
	Prefix          string `json:"prefix,omitempty" doc:"What the names of objects in the cluster begin with. Default: nothing; they are named after their servers."`

	Registry string `json:"registry,omitempty" exactlyone:"image" doc:"Repository in Artifact Registry that the image of the runtime is pushed to, and pulled from by the cluster, such as \"europe-docker.pkg.dev/acme/tools/erlmcp\". To hosts of Google the target's own credentials are given, to others those of the Docker configuration of this machine."`
	Image    string `json:"image,omitempty" exactlyone:"image" doc:"Image of the runtime that the cluster can pull already, instead of registry; best pinned by digest."`
	Arch     string `json:"arch,omitempty" default:"amd64" enum:"amd64,arm64" doc:"Processor architecture of the nodes."`

	Force bool `json:"force,omitempty" doc:"Whether fields that other managers own are taken from them. Otherwise such a conflict is an error that says who owns what."`
}

// GKECluster is a cluster that erlmcp makes.
type GKECluster struct {
	_ struct{} `doc:"Makes the cluster, and changes it when this block changes: in place where GKE can, anew where it cannot, which the plan says."`

	Mode               string            `json:"mode,omitempty" default:"standard" enum:"standard,autopilot" doc:"Who runs the nodes: you, in node pools, or GKE. A change makes a new cluster."`
	ReleaseChannel     string            `json:"release_channel,omitempty" default:"regular" enum:"rapid,regular,stable,extended,none" doc:"How soon GKE upgrades the cluster. Autopilot needs one."`
	Zones              []string          `json:"zones,omitempty" nonempty:"true" doc:"Zones of the nodes. Default: GKE's choice in a region, and the cluster's own zone otherwise."`
	Network            string            `json:"network,omitempty" doc:"VPC network. A change makes a new cluster. Default: \"default\"."`
	Subnetwork         string            `json:"subnetwork,omitempty" doc:"Subnetwork. A change makes a new cluster. Default: that of the region."`
	PodsRange          string            `json:"pods_range,omitempty" doc:"Name of the subnetwork's secondary range for pods. A change makes a new cluster. Default: one that GKE makes."`
	ServicesRange      string            `json:"services_range,omitempty" doc:"Name of the subnetwork's secondary range for Services. A change makes a new cluster. Default: one that GKE makes."`
	PrivateNodes       bool              `json:"private_nodes,omitempty" doc:"Whether nodes have private addresses only. A change makes a new cluster."`
	ControlPlaneCIDR   string            `json:"control_plane_cidr,omitempty" doc:"Range of 16 addresses for the control plane of a cluster with private nodes, such as \"172.16.0.0/28\". A change makes a new cluster. Default: GKE's choice."`
	AuthorizedNetworks map[string]string `json:"authorized_networks,omitempty" doc:"Networks that may reach the control plane: names and CIDRs. Default: all."`
	WorkloadIdentity   *bool             `json:"workload_identity,omitempty" default:"true" doc:"Whether Kubernetes service accounts can act as Google ones (pool PROJECT.svc.id.goog). Always so on Autopilot."`
	Labels             map[string]string `json:"labels,omitempty" doc:"Labels of the cluster, besides those that erlmcp sets (erlmcp-…). What others add stays."`
	DeletionProtection *bool             `json:"deletion_protection,omitempty" default:"true" doc:"Whether erlmcp refuses to delete or replace the cluster. To delete it, write false and apply first."`

	Maintenance *GKEMaintenance         `json:"maintenance,omitempty"`
	NodePools   map[string]*GKENodePool `json:"node_pool,omitempty" label:"dns"`
}

// GKEMaintenance says when GKE may work on a cluster.
type GKEMaintenance struct {
	_ struct{} `doc:"When GKE may upgrade and repair the cluster. Default: any time."`

	Daily      string `json:"daily,omitempty" exactlyone:"window" doc:"Time of day (UTC) from which there are four hours each day, such as \"03:00\"."`
	Recurrence string `json:"recurrence,omitempty" exactlyone:"window" doc:"How the window from start to end comes again (RFC 5545), such as \"FREQ=WEEKLY;BYDAY=SA,SU\"."`
	Start      string `json:"start,omitempty" doc:"Begin of the first window (RFC 3339), with recurrence."`
	End        string `json:"end,omitempty" doc:"End of the first window (RFC 3339), with recurrence."`

	Exclusions map[string]*GKEExclusion `json:"exclusion,omitempty" label:"dns"`
}

// GKEExclusion is a time without maintenance.
type GKEExclusion struct {
	_ struct{} `doc:"A time without maintenance."`

	Start string `json:"start" required:"true" doc:"Begin (RFC 3339)."`
	End   string `json:"end" required:"true" doc:"End (RFC 3339)."`
	Scope string `json:"scope,omitempty" default:"no_upgrades" enum:"no_upgrades,no_minor_upgrades,no_minor_or_node_upgrades" doc:"What does not happen meanwhile."`
}

// GKENodePool is a node pool of a Standard cluster.
type GKENodePool struct {
	_ struct{} `doc:"Nodes that are alike. A Standard cluster has at least one pool."`

	MachineType    string            `json:"machine_type,omitempty" default:"e2-medium" doc:"Machine type of the nodes. A change rolls them."`
	DiskSize       *int              `json:"disk_size,omitempty" default:"100" min:"10" max:"65536" unit:"GB" doc:"Size of the boot disk. A change rolls the nodes."`
	Spot           bool              `json:"spot,omitempty" doc:"Whether nodes are spot machines: cheap, and taken away at any time. A change makes a new pool."`
	ServiceAccount string            `json:"service_account,omitempty" doc:"Google service account of the nodes. A change makes a new pool. Default: that of Compute Engine."`
	Nodes          *int              `json:"nodes,omitempty" min:"0" max:"1000" atmostone:"size" doc:"Fixed number of nodes in each zone. Default: 1."`
	MinNodes       *int              `json:"min_nodes,omitempty" min:"0" max:"1000" doc:"Fewest nodes in each zone, with max_nodes. Default: 0."`
	MaxNodes       *int              `json:"max_nodes,omitempty" min:"1" max:"1000" atmostone:"size" doc:"Most nodes in each zone. The cluster autoscaler moves the number."`
	Zones          []string          `json:"zones,omitempty" nonempty:"true" doc:"Zones of the nodes. Default: those of the cluster."`
	Labels         map[string]string `json:"labels,omitempty" doc:"Kubernetes labels of the nodes."`
	Tags           []string          `json:"tags,omitempty" doc:"Network tags of the nodes, which firewall rules name as targets."`
	MaxSurge       *int              `json:"max_surge,omitempty" default:"1" min:"0" max:"100" doc:"How many nodes an upgrade may add for its time."`
	MaxUnavailable *int              `json:"max_unavailable,omitempty" default:"0" min:"0" max:"100" doc:"How many nodes may be missing during an upgrade."`
	AutoRepair     *bool             `json:"auto_repair,omitempty" default:"true" doc:"Whether GKE repairs nodes that are not well. Needed in a release channel."`
	AutoUpgrade    *bool             `json:"auto_upgrade,omitempty" default:"true" doc:"Whether GKE upgrades the nodes. Needed in a release channel."`

	Taints []*GKETaint `json:"taint,omitempty"`
}

// GKETaint keeps pods off nodes.
type GKETaint struct {
	_ struct{} `doc:"A taint of the nodes: pods that do not tolerate it stay away."`

	Key    string `json:"key" required:"true" doc:"Key of the taint."`
	Value  string `json:"value,omitempty" doc:"Value of the taint."`
	Effect string `json:"effect,omitempty" default:"NoSchedule" enum:"NoSchedule,PreferNoSchedule,NoExecute" doc:"What becomes of pods that do not tolerate it."`
}

// GKEFirewall is a firewall rule of the cluster's network.
type GKEFirewall struct {
	_ struct{} `doc:"A firewall rule of the cluster's network that lets connections in."`

	Sources  []string `json:"sources" required:"true" nonempty:"true" doc:"CIDRs that connections may come from."`
	Allow    []string `json:"allow" required:"true" nonempty:"true" doc:"What is let in: protocols, and ports where they have any, such as \"tcp:8080\", \"tcp:30000-32767\" or \"icmp\"."`
	Targets  []string `json:"targets,omitempty" doc:"Network tags of the machines that are meant. Default: all of the network."`
	Priority *int     `json:"priority,omitempty" default:"1000" min:"0" max:"65535" doc:"Of several rules that fit, the one with the lowest number counts."`
}

// GKE is what only GKE needs to know of a server.
type GKE struct {
	_ struct{} `doc:"How clients outside of the cluster reach the server, on targets of the kind gke."`

	StaticAddress bool          `json:"static_address,omitempty" atmostone:"entrance" doc:"Whether the server has a load balancer (TCP) with a reserved address, which stays when the server is made anew."`
	Domain        string        `json:"domain,omitempty" atmostone:"entrance" doc:"Host name under which an HTTPS load balancer serves the server, with a reserved address and a certificate that Google issues and renews. Point the name to the address: the certificate is issued once it does."`
	SSLPolicy     *GKESSLPolicy `json:"ssl_policy,omitempty"`
}

// GKESSLPolicy says which TLS a load balancer speaks.
type GKESSLPolicy struct {
	_ struct{} `doc:"Which TLS the HTTPS load balancer speaks, with domain."`

	Profile string `json:"profile,omitempty" default:"MODERN" enum:"COMPATIBLE,MODERN,RESTRICTED" doc:"Which cipher suites are on offer."`
	MinTLS  string `json:"min_tls,omitempty" default:"1.2" enum:"1.0,1.1,1.2" doc:"Oldest version of TLS. TLS 1.3 is always on offer."`
}
