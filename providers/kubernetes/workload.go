package kubernetes

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/zclconf/go-cty/cty"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/document"
	"github.com/erlmcp/erlmcp/schemas"
)

// putWorkload brings the Secret, the ConfigMaps and the Deployment of a server to
// what is desired, and waits until its pods run with it.
//
// The Secret comes first and gets a new revision with every change of document or
// files. Only when the pods have taken it in does the Deployment say so: an apply
// that is cut off anywhere between is seen.
func (w *writer) putWorkload(ctx context.Context, c resource.Change, i intent) (cty.Value, error) {
	d, err := w.delivery(ctx, c, i)
	if err != nil {
		return cty.NilVal, err
	}
	if err := w.deliver(ctx, c, i, d); err != nil {
		return w.left(ctx, c, i, err)
	}
	before, err := w.get(ctx, i.kind, i.namespace, i.name)
	if err != nil {
		return w.left(ctx, c, i, err)
	}
	if err := w.handOver(ctx, i, before); err != nil {
		return w.left(ctx, c, i, err)
	}
	on := inside(inside(i.body, "metadata"), "annotations")
	delete(on, AnnotationLoaded)
	inside(inside(inside(inside(i.body, "spec"), "template"), "metadata"), "annotations")[AnnotationRestart] = d.restart
	if _, err := w.apply(ctx, i); err != nil {
		return w.left(ctx, c, i, err)
	}
	if err := w.awaitPods(ctx, c, i.kind, i.name); err != nil {
		return w.left(ctx, c, i, err)
	}
	if !d.seen(before) {
		if err := w.reload(ctx, c, i.name, d); err != nil {
			return w.left(ctx, c, i, err)
		}
	}
	on[AnnotationLoaded] = d.revision
	if _, err := w.apply(ctx, i); err != nil {
		return w.left(ctx, c, i, err)
	}
	if err := w.standAlone(ctx, c, i); err != nil {
		return w.left(ctx, c, i, err)
	}
	return w.observe(ctx, c, i)
}

// standAlone gives the server's own pods all requests, and takes down those that a
// change was tried in, if there are any.
func (w *writer) standAlone(ctx context.Context, c resource.Change, i intent) error {
	beside, err := w.get(ctx, secrets, i.namespace, documentName(besideName(i.name)))
	if err != nil || beside == nil || !w.isBeside(beside, c) {
		return err
	}
	if err := w.route(ctx, c, i, 0); err != nil {
		return err
	}
	return w.removeBeside(ctx, c, i.name)
}

// handOver keeps the number of pods as it is when erlmcp is about to leave it to an
// autoscaler: a field that nobody owns any more goes back to its default, which
// is 1.
func (w *writer) handOver(ctx context.Context, i intent, live *unstructured.Unstructured) error {
	if live == nil || at(i.body, "spec", "replicas") != nil {
		return nil
	}
	owners, err := ownersOf(live)
	if err != nil || !ours(owners).Has(fieldpath.MakePathOrDie("spec", "replicas")) {
		return err
	}
	raw, err := json.Marshal(intent{kind: i.kind, namespace: i.namespace, name: i.name,
		body: fields{"spec": fields{"replicas": at(live.Object, "spec", "replicas")}}}.object())
	if err != nil {
		return err
	}
	force := true
	_, err = w.in(i.kind, i.namespace).Patch(ctx, i.name, types.ApplyPatchType, raw,
		metav1.PatchOptions{FieldManager: Manager + "-autoscaled", Force: &force})
	if err != nil {
		return fmt.Errorf("leave the number of pods to the autoscaler: %w", err)
	}
	return nil
}

// delivery is what the pods are to run with.
type delivery struct {
	document []byte
	// revision names this content, restart the last one that needs new pods.
	revision, restart string
	fresh             bool // the cluster does not hold it yet
}

// seen reports whether the pods had taken in the delivery before.
func (d delivery) seen(deployment *unstructured.Unstructured) bool {
	return !d.fresh && deployment != nil && deployment.GetAnnotations()[AnnotationLoaded] == d.revision
}

// delivery compares what is desired with what the cluster holds.
func (w *writer) delivery(ctx context.Context, c resource.Change, i intent) (delivery, error) {
	var d delivery
	var err error
	if d.document, err = schemas.Encode(c.Desired.GetAttr("document")); err != nil {
		return d, err
	}
	secret, err := w.get(ctx, secrets, i.namespace, documentName(i.name))
	if err != nil {
		return d, err
	}
	token := make([]byte, 4)
	_, _ = rand.Read(token) // never fails
	next := strconv.Itoa(c.Revision) + "." + hex.EncodeToString(token)
	if secret == nil {
		d.revision, d.restart, d.fresh = next, next, true
		return d, nil
	}
	held := map[string]cty.Value{}
	docs, err := w.documents(ctx, i.name)
	if err != nil {
		return d, err
	}
	deployment := &unstructured.Unstructured{Object: fields{"metadata": fields{"name": i.name}}}
	observeDocument(held, deployment, docs)
	changed := document.Changed(typeOf(c.Type), object(typeOf(c.Type), held), c.Desired)
	impact := max(changed["document"], changed["files"])
	d.revision, d.restart = secret.GetAnnotations()[AnnotationRevision], secret.GetAnnotations()[AnnotationRestart]
	// That of the Deployment whose place a StatefulSet takes would go with it.
	others := secret.GetAnnotations()[AnnotationAddress] != c.Address.String()
	if impact > resource.ImpactNone || d.revision == "" || others {
		d.revision, d.fresh = next, true
	}
	if impact > resource.ImpactReload || d.restart == "" {
		d.restart = next
	}
	return d, nil
}

// deliver puts the document and the files into the cluster.
func (w *writer) deliver(ctx context.Context, c resource.Change, i intent, d delivery) error {
	if !d.fresh {
		return nil
	}
	parts, err := i.parts(c.Desired.GetAttr("document"), c.Files)
	if err != nil {
		return err
	}
	for _, p := range parts {
		if err := w.partFree(ctx, c, p); err != nil {
			return err
		}
	}
	var files []string
	for n, p := range parts {
		var marks map[string]string
		if n == 0 { // the Secret, which comes first
			marks = map[string]string{AnnotationRevision: d.revision, AnnotationRestart: d.restart}
		} else {
			files = append(files, p.name)
		}
		w.sign(p.body, c, marks)
		if _, err := w.apply(ctx, p); err != nil {
			return err
		}
	}
	return w.prune(ctx, c, i, files)
}

// partFree refuses to put a part of a server, such as its document, into an object
// that is somebody else's. One without the label of its owner is the server's if it
// says so otherwise: labels are lost by hand.
func (w *writer) partFree(ctx context.Context, c resource.Change, p intent) error {
	o, err := w.get(ctx, p.kind, p.namespace, p.name)
	if err != nil || o == nil {
		return err
	}
	lineage, on := o.GetLabels()[LabelLineage], o.GetAnnotations()
	if on[AnnotationBeside] == "" && (lineage == w.owner.Lineage || lineage == "" && on[AnnotationAddress] == c.Address.String()) {
		return nil
	}
	return w.taken(c.Address, p, o)
}

// fileObject is the content of a ConfigMap: files, and which path each key stands
// for.
func fileObject(files []resource.File) (fields, error) {
	data, err := fileData(files)
	if err != nil {
		return nil, err
	}
	paths := map[string]string{}
	for n, f := range files {
		paths[fileKey(n)] = f.Path
	}
	raw, err := json.Marshal(paths)
	if err != nil {
		return nil, err
	}
	return fields{"binaryData": data, "data": fields{pathsKey: string(raw)}}, nil
}

// prune removes ConfigMaps of the server that hold none of its files any more.
func (w *writer) prune(ctx context.Context, c resource.Change, i intent, keep []string) error {
	all, err := w.list(ctx, configMaps, i.namespace, i.name)
	if err != nil {
		return err
	}
	for _, o := range all.byAddress[c.Address.String()] {
		if !slices.Contains(keep, o.GetName()) {
			if err := w.remove(ctx, c, configMaps, o); err != nil {
				return err
			}
		}
	}
	return nil
}

// removeDocuments removes the Secret and the ConfigMaps of a server.
func (w *writer) removeDocuments(ctx context.Context, c resource.Change) error {
	for _, k := range []kind{secrets, configMaps} {
		all, err := w.list(ctx, k, w.Namespace, nameIn(c.Prior))
		if err != nil {
			return err
		}
		for _, o := range all.byAddress[c.Address.String()] {
			if err := w.remove(ctx, c, k, o); err != nil {
				return err
			}
		}
	}
	return nil
}

// reload makes pods take in a document that was changed under them.
func (w *writer) reload(ctx context.Context, c resource.Change, name string, d delivery) error {
	sum := sha256.Sum256(d.document)
	want := hex.EncodeToString(sum[:])
	running, err := w.podsOf(ctx, name)
	if err != nil {
		return err
	}
	for _, p := range running {
		if p.GetDeletionTimestamp() != nil || textAt(p.Object, "status", "phase") != "Running" {
			continue
		}
		if err := w.reloadPod(ctx, c, p, d, want); err != nil {
			now, getErr := w.get(ctx, pods, p.GetNamespace(), p.GetName())
			if getErr == nil && (now == nil || now.GetDeletionTimestamp() != nil) {
				continue // it went meanwhile
			}
			return fmt.Errorf("reload pod %s: %w", p.GetName(), err)
		}
	}
	return nil
}
