package kubernetes

import (
	"sync"

	"github.com/zclconf/go-cty/cty"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/document"
)

// Manager is the field manager under which objects are applied.
const Manager = "erlmcp"

// The types of resources.
const (
	NamespaceType   = "kubernetes_namespace"
	ImageType       = "kubernetes_image"
	AccountType     = "kubernetes_service_account"
	DeploymentType  = "kubernetes_deployment"
	StatefulSetType = "kubernetes_stateful_set"
	ServiceType     = "kubernetes_service"
	RouteType       = "kubernetes_http_route"
	IngressType     = "kubernetes_ingress"
	MonitorType     = "kubernetes_pod_monitor"
	FrontendType    = "kubernetes_frontend_config" // GKE
	BackendType     = "kubernetes_backend_config"  // GKE
	AutoscalerType  = "kubernetes_autoscaler"
	DisruptionType  = "kubernetes_disruption_budget"
	NetworkType     = "kubernetes_network_policy"
)

// What objects bear for erlmcp. Labels cannot hold addresses, so those are
// annotations.
const (
	LabelLineage       = "erlmcp.dev/lineage"  // of the state that the object belongs to
	LabelServer        = "erlmcp.dev/server"   // name of the server's objects; pods bear it too
	AnnotationAddress  = "erlmcp.dev/address"  // of the resource
	AnnotationRevision = "erlmcp.dev/revision" // number of the apply that last changed the object
	// AnnotationRestart stands on the document's Secret and on the pods: the
	// Secret's revision that last changed something that needs new pods.
	AnnotationRestart = "erlmcp.dev/restart"
	// AnnotationLoaded stands on the Deployment: the revision of the Secret that
	// its pods have taken in.
	AnnotationLoaded = "erlmcp.dev/loaded"
	// AnnotationBeside stands on what is made for a change beside a server's own
	// objects, in place of AnnotationAddress: the address of the Deployment that is
	// changed.
	AnnotationBeside = "erlmcp.dev/beside"
	// These stand on the Service, and say of its URLs what ports do not.
	AnnotationScheme  = "erlmcp.dev/scheme"
	AnnotationPath    = "erlmcp.dev/path"
	AnnotationMetrics = "erlmcp.dev/metrics-path"
)

// labelName stands on all objects and pods of a server, also on those of a change.
const labelName = "app.kubernetes.io/name"

// routeGroup is that of the Gateway API.
const routeGroup = "gateway.networking.k8s.io"

// kind is a kind of Kubernetes object that a type of resource stands for.
type kind struct {
	schema.GroupVersionResource
	name string // "Deployment"
}

func (k kind) apiVersion() string { return k.GroupVersion().String() }

func kindOf(group, version, plural, name string) kind {
	return kind{schema.GroupVersionResource{Group: group, Version: version, Resource: plural}, name}
}

var (
	namespaces = kindOf("", "v1", "namespaces", "Namespace")
	secrets    = kindOf("", "v1", "secrets", "Secret")
	configMaps = kindOf("", "v1", "configmaps", "ConfigMap")
	pods       = kindOf("", "v1", "pods", "Pod")
	events     = kindOf("", "v1", "events", "Event")
	nodes      = kindOf("", "v1", "nodes", "Node")

	// kinds are those of the types of resources that are one object.
	kinds = map[string]kind{
		NamespaceType:   namespaces,
		AccountType:     kindOf("", "v1", "serviceaccounts", "ServiceAccount"),
		DeploymentType:  kindOf("apps", "v1", "deployments", "Deployment"),
		StatefulSetType: kindOf("apps", "v1", "statefulsets", "StatefulSet"),
		ServiceType:     kindOf("", "v1", "services", "Service"),
		RouteType:       kindOf(routeGroup, "v1", "httproutes", "HTTPRoute"),
		IngressType:     kindOf("networking.k8s.io", "v1", "ingresses", "Ingress"),
		FrontendType:    kindOf("networking.gke.io", "v1beta1", "frontendconfigs", "FrontendConfig"),
		BackendType:     kindOf("cloud.google.com", "v1", "backendconfigs", "BackendConfig"),
		MonitorType:     kindOf("monitoring.coreos.com", "v1", "podmonitors", "PodMonitor"),
		AutoscalerType:  kindOf("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler"),
		DisruptionType:  kindOf("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget"),
		NetworkType:     kindOf("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy"),
	}
)

var resourceTypes = sync.OnceValue(func() []*resource.Type {
	return []*resource.Type{
		objectType(NamespaceType, "The namespace of a target.", nil),
		{
			Name: ImageType, Doc: "The image of the runtime, made here and pushed to a registry.",
			Attributes: []resource.Attribute{
				{Name: "reference", Type: cty.String, Doc: "Repository and digest of the image."},
				{Name: "platform", Type: cty.String, Doc: "Operating system and architecture."},
			},
		},
		objectType(FrontendType, "How GKE's load balancer of an Ingress speaks to clients.", nil),
		objectType(BackendType, "How GKE's load balancer of an Ingress speaks to a server's pods.", nil),
		objectType(AccountType, "The identity of a server's pods.", nil),
		workloadType(DeploymentType, "The pods of a server, with its document and files.", resource.ImpactRolling),
		workloadType(StatefulSetType, "The pods of a server that keeps data, with its document and files.", resource.ImpactRestart),
		objectType(ServiceType, "The stable address of a server's pods.", reached,
			resource.Attribute{Name: "url", Type: cty.String, Doc: "URL of the MCP endpoint."},
			resource.Attribute{Name: "address", Type: cty.String, Doc: "IP address or host name of the endpoint."},
			resource.Attribute{Name: "port", Type: cty.Number, Doc: "Port of the endpoint."},
			resource.Attribute{Name: "metrics_url", Type: cty.String, Doc: "URL of the metrics, within the cluster."}),
		objectType(RouteType, "What leads requests from a Gateway to a server.", reached, wayAttributes()...),
		objectType(IngressType, "What leads requests from outside to a server.", reached, wayAttributes()...),
		objectType(MonitorType, "What has a Prometheus scrape a server's pods.", nil),
		objectType(AutoscalerType, "What moves the number of a server's pods.", nil),
		objectType(DisruptionType, "How many of a server's pods may be evicted at a time.", nil),
		objectType(NetworkType, "Which ports of a server's pods can be reached.", nil),
	}
})

// objectType describes a resource that is an object of the cluster.
func objectType(name, doc string, impact func(cty.Path) resource.Impact, more ...resource.Attribute) *resource.Type {
	t := &resource.Type{Name: name, Doc: doc, Follows: follows, Attributes: []resource.Attribute{
		{Name: "name", Type: cty.String, Replace: true, Doc: "Name of the object."},
		{Name: "namespace", Type: cty.String, Replace: true, Doc: "Namespace of the object."},
		{Name: "manifest", Type: cty.DynamicPseudoType, ImpactAt: impact, Doc: "The object's metadata and specification, in the fields that erlmcp sets."},
	}}
	t.Attributes = append(t.Attributes, more...)
	t.Attributes = append(t.Attributes, resource.Attribute{Name: "uid", Type: cty.String, Doc: "Identifier that the cluster gave it."})
	return t
}

// workloadType describes the pods of a server. Replaced is what users feel when
// pods are replaced.
func workloadType(name, doc string, replaced resource.Impact) *resource.Type {
	documents, files := document.Attribute(), document.FilesAttribute()
	documents.ImpactAt = func(p cty.Path) resource.Impact { // a reload, or new pods
		if impact := document.ImpactAt(p); impact <= resource.ImpactReload {
			return impact
		}
		return replaced
	}
	files.Impact = replaced // a volume does not say when it has changed
	return objectType(name, doc, rolled(replaced), documents, files,
		resource.Attribute{Name: "beside", Type: cty.Bool, Doc: "Whether pods of a change that did not come to its end stand beside the server's own."},
		resource.Attribute{Name: "loaded", Type: cty.Bool, Impact: replaced, Doc: "Whether the pods have taken in the document and files that stand in the cluster."})
}

// rolled is what users feel of a change of a workload: one of the pods' template
// replaces them.
func rolled(replaced resource.Impact) func(cty.Path) resource.Impact {
	return func(p cty.Path) resource.Impact {
		if len(p) >= 2 && p[0] == (cty.GetAttrStep{Name: "spec"}) && p[1] != (cty.GetAttrStep{Name: "template"}) {
			return resource.ImpactNone
		}
		if len(p) >= 1 && p[0] == (cty.GetAttrStep{Name: "metadata"}) {
			return resource.ImpactNone
		}
		return replaced
	}
}

// isWorkload reports whether resources of a type are the pods of a server.
func isWorkload(typ string) bool { return typ == DeploymentType || typ == StatefulSetType }

func wayAttributes() []resource.Attribute {
	return []resource.Attribute{
		{Name: "url", Type: cty.String, Doc: "URL of the MCP endpoint."},
		{Name: "address", Type: cty.String, Doc: "Host name of the endpoint."},
		{Name: "port", Type: cty.Number, Doc: "Port of the endpoint."},
	}
}

// reached is what users feel of a change of a Service: one of its specification
// moves where connections go.
func reached(p cty.Path) resource.Impact {
	if len(p) == 0 || p[0] == (cty.GetAttrStep{Name: "spec"}) {
		return resource.ImpactRestart
	}
	return resource.ImpactNone
}

// typeOf is the type of that name, or nil.
func typeOf(name string) *resource.Type {
	for _, t := range resourceTypes() {
		if t.Name == name {
			return t
		}
	}
	return nil
}
