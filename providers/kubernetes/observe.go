package kubernetes

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"

	"github.com/zclconf/go-cty/cty"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/erlmcp/erlmcp/providers/document"
	"github.com/erlmcp/erlmcp/schemas"
)

// pathsKey is the key of a ConfigMap that says which file each other key holds.
const pathsKey = "paths"

// observeDocument adds what the pods of a Deployment are to run with, and whether
// they do.
func observeDocument(values map[string]cty.Value, deployment *unstructured.Unstructured, docs documents) {
	name := deployment.GetName()
	secret := docs.secrets.byName[documentName(name)]
	values["document"] = heldDocument(secret)
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

// observeEndpoint adds where a Service answers. Its URLs hold paths of the
// document, which the Service does not know: those are as they were recorded.
func observeEndpoint(values map[string]cty.Value, service *unstructured.Unstructured, prior cty.Value) {
	if prior == cty.NilVal || prior.IsNull() {
		return
	}
	for _, name := range []string{"url", "address", "port", "metrics_url"} {
		values[name] = prior.GetAttr(name)
	}
}
