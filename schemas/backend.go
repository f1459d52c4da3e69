package schemas

// Backends are the kinds of place where a state can lie, with the schemas of their
// blocks.
func Backends() map[string]*Block {
	return map[string]*Block{
		"local": Describe[LocalBackend](), "gcs": Describe[GCSBackend](), "kubernetes": Describe[KubernetesBackend](),
	}
}

// LocalBackend is the folder .erlmcp.
type LocalBackend struct {
	_ struct{} `doc:"Keeps the state in the folder .erlmcp beside the configuration, as without a backend block."`
}

// GCSBackend is a folder of a bucket of Google Cloud Storage.
type GCSBackend struct {
	_ struct{} `doc:"Keeps the state in a bucket of Google Cloud Storage."`

	Bucket                    string `json:"bucket" required:"true" doc:"Name of the bucket, which exists."`
	Prefix                    string `json:"prefix,omitempty" doc:"Folder in the bucket; one for each configuration that keeps its state there."`
	Credentials               string `json:"credentials,omitempty" doc:"Key file of a service account. Default: application default credentials."`
	ImpersonateServiceAccount string `json:"impersonate_service_account,omitempty" doc:"Service account to act as."`
	QuotaProject              string `json:"quota_project,omitempty" doc:"Project that requests are counted and billed to."`
	Endpoint                  string `json:"endpoint,omitempty" doc:"URL of the service, such as that of an emulator. One that begins with http:// is asked without credentials."`
}

// KubernetesBackend is a namespace of a Kubernetes cluster.
type KubernetesBackend struct {
	_ struct{} `doc:"Keeps the state in Secrets of a Kubernetes cluster, and locks it with a Lease."`

	Name       string `json:"name" required:"true" doc:"Name of the state; one for each configuration that keeps its state in the namespace. Lower-case letters, digits and dashes."`
	Namespace  string `json:"namespace,omitempty" default:"default" doc:"Namespace, which exists."`
	Kubeconfig string `json:"kubeconfig,omitempty" atmostone:"cluster" doc:"Kubeconfig file that says how to reach the cluster; exec credential plugins in it are run. Default: KUBECONFIG, else ~/.kube/config."`
	Context    string `json:"context,omitempty" doc:"Context of the kubeconfig. Default: its current one."`
	InCluster  bool   `json:"in_cluster,omitempty" atmostone:"cluster" doc:"Whether erlmcp itself runs in a pod of the cluster, and uses its service account."`
}
