package kubernetes

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net"
	"strconv"

	"github.com/zclconf/go-cty/cty"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/erlmcp/erlmcp/providers/document"
	"github.com/erlmcp/erlmcp/schemas"
)

// pathsKey is the key of a ConfigMap that says which file each other key holds.
const pathsKey = "paths"

// observeDocument adds what the pods of a Deployment are to run with, and whether
// they do.
func observeDocument(values map[string]cty.Value, deployment *unstructured.Unstructured, docs surroundings) {
	name := deployment.GetName()
	secret := docs.secrets.byName[documentName(name)]
	values["document"] = heldDocument(secret)
	values["beside"] = cty.BoolVal(docs.secrets.byName[documentName(besideName(name))] != nil)
	values["loaded"] = cty.BoolVal(secret != nil && loaded(deployment, secret))
	digests := map[string]string{}
	for _, o := range docs.filesOf(name) {
		var paths map[string]string
		if json.Unmarshal([]byte(textAt(o.Object, "data", pathsKey)), &paths) != nil {
			continue // what it holds is missing below
		}
		for key, path := range paths {
			content, err := base64.StdEncoding.DecodeString(textAt(o.Object, "binaryData", key))
			if err == nil && at(o.Object, "binaryData", key) != nil {
				sum := sha256.Sum256(content)
				digests[path] = hex.EncodeToString(sum[:])
			}
		}
	}
	values["files"] = document.Digests(digests)
}

// heldDocument is the document in a Secret: null when it is gone, cut or altered
// beyond reading, and so not what is wanted.
func heldDocument(secret *unstructured.Unstructured) cty.Value {
	null := cty.NullVal(schemas.Describe[schemas.Server]().Type())
	if secret == nil {
		return null
	}
	raw, err := base64.StdEncoding.DecodeString(textAt(secret.Object, "data", schemas.DocumentName))
	if err != nil {
		return null
	}
	v, err := schemas.Value(raw)
	if err != nil {
		return null
	}
	return v
}

// loaded reports whether the pods were seen to run with what the Secret holds.
func loaded(deployment, secret *unstructured.Unstructured) bool {
	revision, restart := secret.GetAnnotations()[AnnotationRevision], secret.GetAnnotations()[AnnotationRestart]
	return revision != "" && deployment.GetAnnotations()[AnnotationLoaded] == revision &&
		textAt(deployment.Object, "spec", "template", "metadata", "annotations", AnnotationRestart) == restart
}

// endpointAttributes are those of a Service that others refer to.
var endpointAttributes = []string{"url", "address", "port", "metrics_url"}

// clusterAddress is the name by which a Service is reached within the cluster.
func clusterAddress(name, namespace string) string { return name + "." + namespace + ".svc" }

// observeEndpoint adds where a Service answers: nothing while the cluster has not
// given it an address.
func observeEndpoint(values map[string]cty.Value, service *unstructured.Unstructured, node string) {
	address := ""
	switch textAt(service.Object, "spec", "type") {
	case "ClusterIP":
		address = clusterAddress(service.GetName(), service.GetNamespace())
	case "NodePort":
		address = node
	case "LoadBalancer":
		address = balancerAddress(service)
	}
	for name, v := range endpointOf(service.Object, address) {
		values[name] = v
	}
}

// balancerAddress is what a load balancer got, "" while it has got nothing.
func balancerAddress(service *unstructured.Unstructured) string {
	for _, i := range listAt(service.Object, "status", "loadBalancer", "ingress") {
		if a := cmp.Or(textAt(i, "ip"), textAt(i, "hostname")); a != "" {
			return a
		}
	}
	return ""
}

// endpointOf is where a Service answers that has the address.
func endpointOf(service fields, address string) map[string]cty.Value {
	out := map[string]cty.Value{}
	for _, name := range endpointAttributes {
		out[name] = cty.NullVal(typeOf(ServiceType).Attribute(name).Type)
	}
	said := func(name string) string { return textAt(service, "metadata", "annotations", name) }
	for _, p := range listAt(service, "spec", "ports") {
		port := intAt(p, "port")
		if textAt(service, "spec", "type") == "NodePort" {
			port = intAt(p, "nodePort")
		}
		host := net.JoinHostPort(address, strconv.FormatInt(port, 10))
		switch textAt(p, "name") {
		case "mcp":
			out["port"] = portValue(port)
			if address != "" {
				out["address"] = cty.StringVal(address)
				out["url"] = cty.StringVal(said(AnnotationScheme) + "://" + host + said(AnnotationPath))
			}
		case "metrics":
			if address != "" {
				out["metrics_url"] = cty.StringVal("http://" + host + said(AnnotationMetrics))
			}
		}
	}
	return out
}
