package schemas

// Gateway is a Gateway by which a server is reached.
type Gateway struct {
	_ struct{} `doc:"A Gateway (Gateway API) that leads to the server, by an HTTPRoute. The steps of a canary are then weights of the route."`

	Name      string   `json:"name" required:"true" doc:"Name of the Gateway."`
	Namespace string   `json:"namespace,omitempty" doc:"Its namespace. Default: the target's."`
	Listener  string   `json:"listener,omitempty" doc:"Name of the listener. Default: every one that takes the route."`
	Hostnames []string `json:"hostnames" required:"true" nonempty:"true" doc:"Host names of the server. The first stands in its URL."`
	Scheme    string   `json:"scheme,omitempty" default:"https" enum:"https,http" doc:"How the listener is spoken to."`
}

// Ingress is an Ingress by which a server is reached.
type Ingress struct {
	_ struct{} `doc:"An Ingress that leads to the server."`

	Host        string            `json:"host" required:"true" doc:"Host name of the server."`
	Class       string            `json:"class,omitempty" doc:"IngressClass. Default: the cluster's."`
	TLSSecret   string            `json:"tls_secret,omitempty" doc:"Name of the Secret with the certificate for the host. Without one the Ingress speaks plain HTTP."`
	Annotations map[string]string `json:"annotations,omitempty" doc:"Annotations of the Ingress."`
}

// PodMonitor has a Prometheus operator scrape the pods.
type PodMonitor struct {
	_ struct{} `doc:"Has the Prometheus operator scrape the pods' metrics, by a PodMonitor instead of scrape annotations."`

	Interval Duration          `json:"interval,omitempty" doc:"How often. Default: as Prometheus is set."`
	Labels   map[string]string `json:"labels,omitempty" doc:"Labels by which a Prometheus picks its monitors."`
}

// Storage is where a server keeps data.
type Storage struct {
	_ struct{} `doc:"A persistent volume for each pod. The server is then a StatefulSet, whose pods are replaced one after another, each only when the one before has ended. Where receipts are kept, their folder is such a volume without this block too."`

	Path  string `json:"path,omitempty" doc:"Where the volume is, an absolute path. Default: receipts.folder, else \"/data\"."`
	Size  string `json:"size,omitempty" default:"1Gi" doc:"Its size."`
	Class string `json:"class,omitempty" doc:"StorageClass. Default: the cluster's."`
	Keep  bool   `json:"keep,omitempty" doc:"Whether the volumes stay when the server is removed."`
}
