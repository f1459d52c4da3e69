package kubernetes

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"

	"github.com/zclconf/go-cty/cty"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/erlmcp/erlmcp/engine/resource"
)

var _ resource.Keeper = (*writer)(nil)

// Keep returns an object as it is, and copies the files of a Deployment out of
// their ConfigMaps. There is nothing to keep of a server that is not well.
func (w *writer) Keep(ctx context.Context, k resource.Key, to string) (cty.Value, []resource.File, error) {
	kind, ok := kinds[k.Type]
	if !ok {
		return cty.NilVal, nil, fmt.Errorf("%s is not a type of this provider", k.Type)
	}
	found, err := w.find(ctx, resource.Change{Address: k.Address, Type: k.Type, Prior: k.Prior}, kind)
	if err != nil || len(found) != 1 {
		return cty.NilVal, nil, err
	}
	docs := surroundings{}
	if isWorkload(k.Type) {
		if docs, err = w.documents(ctx, found[0].GetName()); err != nil {
			return cty.NilVal, nil, err
		}
	}
	r, err := observe(k.Type, found[0], k.Prior, docs)
	if err != nil || !isWorkload(k.Type) {
		return r.Values, nil, err
	}
	if r.Values.GetAttr("document").IsNull() || r.Values.GetAttr("loaded").False() || !serves(found[0]) {
		return cty.NilVal, nil, nil
	}
	files, err := keepFiles(docs.filesOf(found[0].GetName()), r.Values.GetAttr("files").AsValueMap(), to)
	if err != nil {
		return cty.NilVal, nil, fmt.Errorf("keep the files that are served now: %w", err)
	}
	values := r.Values.AsValueMap()
	values["beside"] = cty.False
	return cty.ObjectVal(values), files, nil
}

// serves reports whether a Deployment has a pod that answers, or wants none.
func serves(o *unstructured.Unstructured) bool {
	return intAt(o.Object, "spec", "replicas") == 0 || intAt(o.Object, "status", "availableReplicas") > 0
}

// keepFiles copies those files of ConfigMaps into a folder that are known by path.
func keepFiles(maps []*unstructured.Unstructured, digests map[string]cty.Value, to string) ([]resource.File, error) {
	root, err := os.OpenRoot(to)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	var out []resource.File
	for _, o := range maps {
		var paths map[string]string
		if json.Unmarshal([]byte(textAt(o.Object, "data", pathsKey)), &paths) != nil {
			continue // what it holds is missing below
		}
		for key, name := range paths {
			sum, known := digests[name]
			content, err := base64.StdEncoding.DecodeString(textAt(o.Object, "binaryData", key))
			if err != nil || !known {
				continue
			}
			if err := root.MkdirAll(path.Dir(name), 0o700); err != nil {
				return nil, err
			}
			if err := root.WriteFile(name, content, 0o600); err != nil {
				return nil, err
			}
			out = append(out, resource.File{Path: name, Source: filepath.Join(to, filepath.FromSlash(name)), SHA256: sum.AsString(), Size: int64(len(content))})
		}
	}
	if len(out) != len(digests) {
		return nil, fmt.Errorf("%d of %d files are in the cluster", len(out), len(digests))
	}
	return out, nil
}
