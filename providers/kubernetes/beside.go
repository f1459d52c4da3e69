package kubernetes

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/schemas"
)

// besideName is the name of what a change of a server is tried in, beside the
// server's own objects.
func besideName(name string) string { return name + "-next" }

// putBeside carries out a partial stage: pods of what is new stand beside the
// server's own, and get their part of the requests.
func (w *writer) putBeside(ctx context.Context, c resource.Change, i intent) (cty.Value, error) {
	live, err := w.get(ctx, i.kind, i.namespace, i.name)
	if err != nil {
		return cty.NilVal, err
	}
	if live == nil {
		return cty.NilVal, fmt.Errorf("%s %s is gone; plan again", i.kind.name, i.name)
	}
	copies := copiesBeside(c, intAt(live.Object, "spec", "replicas"), w.routed(i))
	if copies > 0 {
		err = w.stand(ctx, c, i, copies)
	}
	if err == nil && c.Stage.Kind == resource.Shift {
		c.Progress(fmt.Sprintf("pods of the new version: %d, beside %d", copies, intAt(live.Object, "spec", "replicas")))
		err = w.route(ctx, c, i, c.Stage.Percent)
	}
	if err != nil {
		return w.left(ctx, c, i, err)
	}
	return w.observe(ctx, c, i)
}

// copiesBeside is how many pods of what is new there are, beside so many of the
// server's own. Without weights it is their number that shares out requests.
func copiesBeside(c resource.Change, own int64, weighted bool) int64 {
	percent := int64(c.Stage.Percent)
	switch {
	case own == 0:
		return 0
	case c.Rollout.Strategy == resource.BlueGreen || percent >= 100:
		return own
	case c.Stage.Kind == resource.Trial:
		return 1
	case weighted:
		return max(1, (percent*own+99)/100)
	}
	return max(1, (percent*own+(100-percent)/2)/(100-percent))
}

// stand brings up the pods, and waits until they are ready.
func (w *writer) stand(ctx context.Context, c resource.Change, i intent, copies int64) error {
	if c.Stage.Kind == resource.Trial { // an apply that was cut off may have left them in use
		if err := w.route(ctx, c, i, 0); err != nil {
			return err
		}
	}
	n, err := w.besideIntent(c, copies)
	if err != nil {
		return err
	}
	parts, err := n.parts(c.Desired.GetAttr("document"), c.Files)
	if err != nil {
		return err
	}
	all := append(parts, n)
	for _, p := range all {
		if err := w.besideFree(ctx, c, p); err != nil {
			return err
		}
	}
	for _, p := range all {
		w.signBeside(p.body, c)
		if _, err := w.apply(ctx, p); err != nil {
			return err
		}
	}
	return w.awaitPods(ctx, c, n.kind, n.name)
}

// besideIntent is the Deployment of what is new: the desired one under another
// name, so that no selector of the server's own objects picks its pods.
func (w *writer) besideIntent(c resource.Change, copies int64) (intent, error) {
	i, err := w.intent(c)
	if err != nil {
		return i, err
	}
	own := i.name
	i.name, i.before = besideName(own), i.body
	inside(inside(i.body, "metadata"), "labels")[LabelServer] = i.name
	i.kind = kinds[DeploymentType]
	spec := inside(i.body, "spec")
	stateless(spec)
	spec["replicas"] = copies
	spec["selector"] = fields{"matchLabels": fields{LabelServer: i.name}}
	template := inside(spec, "template")
	inside(inside(template, "metadata"), "labels")[LabelServer] = i.name
	token, err := contentToken(c)
	if err != nil {
		return i, err
	}
	inside(inside(template, "metadata"), "annotations")[AnnotationRestart] = token
	pod := inside(template, "spec")
	for _, constraint := range listAt(pod, "topologySpreadConstraints") {
		constraint["labelSelector"] = spec["selector"]
	}
	renameVolumes(pod, own, i.name)
	return i, nil
}

// renameVolumes has the pods' volumes hold the documents and files under another
// name.
func renameVolumes(pod fields, own, next string) {
	rename := func(o fields, key string) {
		if name := textAt(o, key); name == documentName(own) || strings.HasPrefix(name, own+"-files-") {
			o[key] = next + strings.TrimPrefix(name, own)
		}
	}
	for _, volume := range listAt(pod, "volumes") {
		if secret, ok := volume["secret"].(fields); ok {
			rename(secret, "secretName")
		}
		for _, source := range listAt(volume, "projected", "sources") {
			if files, ok := source["configMap"].(fields); ok {
				rename(files, "name")
			}
		}
	}
}

// contentToken stands for document and files: pods that hold them already are not
// made anew.
func contentToken(c resource.Change) (string, error) {
	raw, err := schemas.Encode(c.Desired.GetAttr("document"))
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	sum.Write(raw)
	for _, f := range c.Files {
		fmt.Fprintln(sum, f.Path, f.SHA256)
	}
	return hex.EncodeToString(sum.Sum(nil)[:8]), nil
}

func (c *cluster) signBeside(body fields, change resource.Change) {
	c.sign(body, change, map[string]string{AnnotationBeside: change.Address.String()})
	delete(inside(inside(body, "metadata"), "annotations"), AnnotationAddress)
}

// besideFree refuses to take what belongs to somebody else for the change.
func (w *writer) besideFree(ctx context.Context, c resource.Change, n intent) error {
	o, err := w.get(ctx, n.kind, n.namespace, n.name)
	if err != nil || o == nil || w.isBeside(o, c) {
		return err
	}
	d := diag.Errorf("the name is taken", "The change is to be tried beside the server as %s %q, and the cluster has one of that name already, which is another server's.", n.kind.name, n.name).
		Fix("Give that server another name, or this one.")
	d.Address = c.Address.String()
	return d
}

func (c *cluster) isBeside(o *unstructured.Unstructured, change resource.Change) bool {
	return o.GetLabels()[LabelLineage] == c.owner.Lineage && o.GetAnnotations()[AnnotationBeside] == change.Address.String()
}

// removeBeside takes down what a change was tried in, the Secret last: by that it
// is seen.
func (w *writer) removeBeside(ctx context.Context, c resource.Change, name string) error {
	only := "" // all, where the name is not known
	if name != "" {
		only = besideName(name)
	}
	for _, k := range []kind{kinds[DeploymentType], kinds[ServiceType], configMaps, secrets} {
		all, err := w.list(ctx, k, w.Namespace, only)
		if err != nil {
			return err
		}
		for _, o := range all.byName {
			if !w.isBeside(o, c) {
				continue
			}
			uid, propagation := o.GetUID(), metav1.DeletePropagationBackground // its pods go on their own
			err := w.in(k, o.GetNamespace()).Delete(ctx, o.GetName(), metav1.DeleteOptions{
				PropagationPolicy: &propagation, Preconditions: &metav1.Preconditions{UID: &uid},
			})
			if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
				return fmt.Errorf("delete %s %s: %w", k.name, o.GetName(), err)
			}
		}
	}
	return nil
}
