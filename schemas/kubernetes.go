package schemas

// KubernetesTarget is a Kubernetes cluster.
type KubernetesTarget struct {
	_ struct{} `doc:"A Kubernetes cluster. Each server is a Deployment with its Service and what belongs to them, applied by the server side as the field manager erlmcp; its pods pass the restricted pod security standard."`

	Kubeconfig string `json:"kubeconfig,omitempty" kind:"path" atmostone:"cluster" doc:"Kubeconfig file that says how to reach the cluster; exec credential plugins in it are run. Default: KUBECONFIG, else ~/.kube/config."`
	Context    string `json:"context,omitempty" replace:"true" doc:"Context of the kubeconfig. Default: its current one."`
	InCluster  bool   `json:"in_cluster,omitempty" atmostone:"cluster" doc:"Whether erlmcp itself runs in a pod of the cluster, and uses its service account."`
	Endpoint   string `json:"endpoint,omitempty" replace:"true" atmostone:"cluster" doc:"URL of the API server, such as \"https://10.0.0.5:6443\", instead of a kubeconfig."`
	CA         string `json:"ca,omitempty" doc:"Certificates in PEM of the authority that signed the API server's, for endpoint."`
	Token      string `json:"token,omitempty" sensitive:"true" doc:"Bearer token for endpoint."`

	Namespace       string `json:"namespace,omitempty" default:"default" replace:"true" doc:"Namespace of the servers."`
	CreateNamespace bool   `json:"create_namespace,omitempty" doc:"Whether the namespace is made, held to the restricted pod security standard, and deleted with the last server. It must be this target's alone."`
	Prefix          string `json:"prefix,omitempty" doc:"What the names of objects begin with. Default: nothing; they are named after their servers."`

	Registry string `json:"registry,omitempty" atmostone:"image" doc:"Repository that the image of the runtime is pushed to, and pulled from by the cluster, such as \"europe-docker.pkg.dev/acme/tools/erlmcp\". Credentials are those of the Docker configuration of this machine."`
	Image    string `json:"image,omitempty" atmostone:"image" doc:"Image of the runtime that the cluster can pull already, instead of registry; best pinned by digest."`
	Arch     string `json:"arch,omitempty" default:"amd64" enum:"amd64,arm64" doc:"Processor architecture of the nodes."`

	Force bool `json:"force,omitempty" doc:"Whether fields that other managers own are taken from them. Otherwise such a conflict is an error that says who owns what."`
}

// Scale says how many copies of a server run.
type Scale struct {
	_ struct{} `doc:"How many copies of the server run, on targets that can run several of one. With max an autoscaler moves the number; without, it is fixed."`

	Replicas *int `json:"replicas,omitempty" min:"0" atmostone:"replicas" doc:"Fixed number of copies. Default: 1."`
	Min      *int `json:"min,omitempty" min:"1" doc:"Fewest copies, with max. Default: 1."`
	Max      *int `json:"max,omitempty" min:"1" atmostone:"replicas" doc:"Most copies."`
	CPU      *int `json:"cpu,omitempty" min:"1" max:"1000" unit:"percent" doc:"Processor use that the autoscaler aims at, in percent of what a copy requests: a quarter of limits.cpu. Default: 80, unless memory is given."`
	Memory   *int `json:"memory,omitempty" min:"1" max:"1000" unit:"percent" doc:"Memory use that the autoscaler aims at, in percent of limits.memory. Default: none."`

	Metrics map[string]*ScaleMetric `json:"metric,omitempty" label:"text"`
}

// ScaleMetric is a metric that an autoscaler aims at.
type ScaleMetric struct {
	_ struct{} `doc:"A metric of its own that the autoscaler aims at, by its name in the cluster's metrics API, such as \"erlmcp_queue_depth\". Needs max, and an adapter that serves the metric."`

	Source  string            `json:"source,omitempty" default:"pods" enum:"pods,external" doc:"Whether each pod has the metric, or it comes from outside of the cluster, such as the length of a queue."`
	Average string            `json:"average" required:"true" doc:"Average for each pod that the autoscaler aims at, such as \"10\" or \"500m\"."`
	Labels  map[string]string `json:"labels,omitempty" doc:"Labels of the metric, where its name alone does not tell."`
}

// Kubernetes is what only Kubernetes needs to know of a server.
type Kubernetes struct {
	_ struct{} `doc:"What only targets of the kind kubernetes need to know of a server."`

	ServiceType        string            `json:"service_type,omitempty" default:"ClusterIP" enum:"ClusterIP,NodePort,LoadBalancer" doc:"How the Service is reached: within the cluster, on a port of each node, or at an address of its own."`
	Sticky             *bool             `json:"sticky,omitempty" default:"true" doc:"Whether the Service sends a client's requests to one pod, where there may be several: sessions of the older protocol era live in one. Clients that are there already then stay with their pod also while a canary takes its share."`
	ServiceAnnotations map[string]string `json:"service_annotations,omitempty" doc:"Annotations of the Service."`
	AccountAnnotations map[string]string `json:"account_annotations,omitempty" doc:"Annotations of the ServiceAccount, such as those of workload identity."`
	PodAnnotations     map[string]string `json:"pod_annotations,omitempty" doc:"Annotations of the pods."`
	NodeSelector       map[string]string `json:"node_selector,omitempty" doc:"Labels that nodes must have."`
	PriorityClass      string            `json:"priority_class,omitempty" doc:"PriorityClass of the pods."`
	ImagePullSecrets   []string          `json:"image_pull_secrets,omitempty" doc:"Names of Secrets with which the image is pulled."`
	Spread             []string          `json:"spread,omitempty" doc:"Node labels over whose values copies are spread as evenly as can be. Default: \"kubernetes.io/hostname\" and \"topology.kubernetes.io/zone\" when there may be more than one copy."`

	Gateway     *Gateway      `json:"gateway,omitempty" atmostone:"way in"`
	Ingress     *Ingress      `json:"ingress,omitempty" atmostone:"way in"`
	PodMonitor  *PodMonitor   `json:"pod_monitor,omitempty"`
	Storage     *Storage      `json:"storage,omitempty"`
	Tolerations []*Toleration `json:"toleration,omitempty"`
	Patches     []*Patch      `json:"patch,omitempty"`
}

// Toleration is one toleration of the pods.
type Toleration struct {
	_ struct{} `doc:"A taint of nodes that the pods tolerate."`

	Key      string `json:"key,omitempty" doc:"Key of the taint. Default: every key."`
	Operator string `json:"operator,omitempty" default:"Equal" enum:"Equal,Exists" doc:"Whether the value counts, or only that the taint exists."`
	Value    string `json:"value,omitempty" doc:"Value of the taint."`
	Effect   string `json:"effect,omitempty" enum:"NoSchedule,PreferNoSchedule,NoExecute" doc:"Effect of the taint. Default: every effect."`
	Seconds  *int   `json:"seconds,omitempty" min:"0" doc:"How long a NoExecute taint is tolerated. Default: forever."`
}

// Patch changes an object in a way that the vocabulary does not model.
type Patch struct {
	_ struct{} `doc:"A change to the objects of one kind, for what this vocabulary does not model."`

	Kind  string `json:"kind" required:"true" enum:"Deployment,StatefulSet,Service,ServiceAccount,HorizontalPodAutoscaler,PodDisruptionBudget,NetworkPolicy,HTTPRoute,Ingress,PodMonitor" doc:"Kind of the objects."`
	Merge string `json:"merge" required:"true" kind:"value" doc:"What is merged into them, as JSON Merge Patch does it (RFC 7396): objects are merged, null removes, anything else takes the place of what was there. Write quantities in their canonical form."`
}
