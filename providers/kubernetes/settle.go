package kubernetes

import (
	"cmp"
	"context"
	"fmt"
	"sort"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/document"
)

const (
	deleteTimeout = 3 * time.Minute
	readyTimeout  = 5 * time.Minute // without anything getting on
	rolloutLimit  = time.Hour       // of all pods of a server
	addressLimit  = 5 * time.Minute
	// patience is how long pods may be in trouble that might pass: a registry that
	// hiccups, a server that starts before what it needs.
	patience = 20 * time.Second
	// puzzling is how long nothing gets on until the cluster's own warnings are
	// looked up, which say what a pod's status does not.
	puzzling = 5 * time.Second
)

// awaitPods waits until the Deployment's pods are the new ones and ready, and
// says what it waits for.
func (w *writer) awaitPods(ctx context.Context, c resource.Change, k kind, name string) error {
	var since time.Time // when the trouble began
	told, last, moved := "", trouble{}, time.Now()
	shown := ""
	limit := cmp.Or(c.Rollout.HealthTimeout, readyTimeout)
	late := func() error {
		if last.what == "" {
			last.what = "after " + limit.String() + " it still says: " + told
		}
		return w.unwell(ctx, c, last)
	}
	return w.await(ctx, c.Progress, rolloutLimit, func() (bool, error) {
		o, err := w.get(ctx, k, w.Namespace, name)
		if err == nil && o == nil {
			err = fmt.Errorf("%s %s is gone again", k.name, name)
		}
		if err != nil {
			moved, since, shown = time.Now(), time.Time{}, "" // what is not seen may get on
			return false, err
		}
		state, ready := rollout(o)
		if ready {
			return true, nil
		}
		all, err := w.podsOf(ctx, name)
		if err != nil {
			return false, err
		}
		last = troubleOf(o, newest(all))
		message := strings.TrimSuffix(state+": "+last.what, ": ")
		if message != told {
			told, moved = message, time.Now()
		}
		if last.pod != nil && last.what != "" && !last.grave && time.Since(moved) > puzzling {
			message = strings.TrimSuffix(message+". "+w.warning(ctx, last.pod), ". ")
		}
		if message != shown {
			shown = message
			c.Progress(message)
		}
		switch {
		case time.Since(moved) > limit:
			return false, late()
		case !last.grave:
			since = time.Time{}
		case since.IsZero():
			since = time.Now()
		case time.Since(since) > min(patience, limit):
			return false, w.unwell(ctx, c, last)
		}
		return false, nil
	}, late)
}

// rollout says how far a Deployment is, and whether it is done.
func rollout(o *unstructured.Unstructured) (string, bool) {
	want, ok := at(o.Object, "spec", "replicas").(int64)
	if !ok {
		want = 1
	}
	status := func(name string) int64 { return intAt(o.Object, "status", name) }
	updated, available, all := status("updatedReplicas"), status("availableReplicas"), status("replicas")
	switch {
	case status("observedGeneration") < o.GetGeneration():
		return "waiting for the cluster to take notice", false
	case updated < want || available < want:
		return fmt.Sprintf("waiting for pods: %d of %d ready", min(updated, available), want), false
	case all > updated:
		return fmt.Sprintf("waiting until old pods are gone: %d left", all-updated), false
	}
	return "", true
}

// trouble is why pods are not ready.
type trouble struct {
	what  string
	grave bool // it will hardly pass on its own
	pod   *unstructured.Unstructured
	ended bool // the log of the run before is the one to look at
}

// podsOf are the pods of a server.
func (w *writer) podsOf(ctx context.Context, name string) ([]*unstructured.Unstructured, error) {
	l, err := w.in(pods, w.Namespace).List(ctx, metav1.ListOptions{LabelSelector: LabelServer + "=" + name})
	if err != nil {
		return nil, fmt.Errorf("list pods: %w", err)
	}
	out := make([]*unstructured.Unstructured, len(l.Items))
	for i := range l.Items {
		out[i] = &l.Items[i]
	}
	sort.Slice(out, func(i, j int) bool { return out[i].GetName() < out[j].GetName() })
	return out, nil
}

// newest are the pods of the template that was made last.
func newest(all []*unstructured.Unstructured) []*unstructured.Unstructured {
	template := func(p *unstructured.Unstructured) string {
		return cmp.Or(p.GetLabels()["pod-template-hash"], p.GetLabels()["controller-revision-hash"])
	}
	latest := ""
	var when time.Time
	for _, p := range all {
		if t := p.GetCreationTimestamp().Time; latest == "" || t.After(when) {
			latest, when = template(p), t
		}
	}
	var out []*unstructured.Unstructured
	for _, p := range all {
		if template(p) == latest && p.GetDeletionTimestamp() == nil {
			out = append(out, p)
		}
	}
	return out
}

// troubleOf is the gravest trouble of a Deployment and its pods.
func troubleOf(deployment *unstructured.Unstructured, all []*unstructured.Unstructured) trouble {
	d := denied(deployment)
	if d.what != "" && d.current {
		return d.trouble
	}
	var first trouble
	for _, p := range all {
		t := podTrouble(p)
		if t.grave {
			return t
		}
		if first.what == "" {
			first = t
		}
	}
	return cmp.Or(first, d.trouble)
}

// denial is that the cluster does not take pods of a Deployment.
type denial struct {
	trouble
	current bool // they are of its present template, as far as can be told
}

// denied reads the conditions of a Deployment. One about an earlier template
// stays until that has no pods left to be made; which template is the present one
// is told by the message about its progress, which names the ReplicaSet.
func denied(deployment *unstructured.Unstructured) denial {
	out := denial{current: true}
	var message, present string
	for _, c := range listAt(deployment.Object, "status", "conditions") {
		switch {
		case textAt(c, "type") == "ReplicaFailure" && textAt(c, "status") == "True":
			message = textAt(c, "message")
			out.trouble = trouble{what: "the cluster refuses the pods: " + message, grave: true}
		case textAt(c, "type") == "Progressing":
			if quoted := strings.Split(textAt(c, "message"), `"`); len(quoted) == 3 {
				present = quoted[1]
			}
		}
	}
	if present != "" && strings.Contains(message, deployment.GetName()+"-") {
		out.current = strings.Contains(message, present)
	}
	return out
}

// podTrouble is why a pod is not ready.
func podTrouble(p *unstructured.Unstructured) trouble {
	t := trouble{pod: p}
	for _, c := range listAt(p.Object, "status", "conditions") {
		if textAt(c, "type") == "PodScheduled" && textAt(c, "status") == "False" {
			t.what = "pod " + p.GetName() + " finds no node: " + textAt(c, "message")
			return t // a node may be on its way
		}
	}
	for _, c := range listAt(p.Object, "status", "containerStatuses") {
		reason, message := textAt(c, "state", "waiting", "reason"), textAt(c, "state", "waiting", "message")
		switch reason {
		case "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull":
			t.what, t.grave = "pod "+p.GetName()+" cannot get its image: "+message, true
		case "CrashLoopBackOff", "RunContainerError", "CreateContainerConfigError", "CreateContainerError":
			t.what, t.grave, t.ended = "pod "+p.GetName()+" does not stay up: "+endOf(c, message), true, intAt(c, "restartCount") > 0
		case "":
			if at(c, "state", "terminated") != nil {
				how := " ended: "
				if intAt(c, "restartCount") > 0 { // as it is between two tries
					how = " does not stay up: "
				}
				t.what, t.grave = "pod "+p.GetName()+how+endOf(c, ""), true
			} else if ready, _ := c["ready"].(bool); !ready {
				t.what = "pod " + p.GetName() + " runs and does not say yet that it is healthy"
				if intAt(c, "restartCount") > 0 {
					t.what, t.grave, t.ended = "pod "+p.GetName()+" was started again: "+endOf(c, ""), true, true
				}
			}
		default:
			t.what = "pod " + p.GetName() + ": " + strings.TrimSuffix(reason+", "+message, ", ")
		}
	}
	return t
}

// endOf says how a container ended the last time.
func endOf(status fields, otherwise string) string {
	for _, state := range []string{"state", "lastState"} {
		if at(status, state, "terminated") == nil {
			continue
		}
		reason := textAt(status, state, "terminated", "reason")
		if reason == "OOMKilled" {
			return "it was killed since it reached its memory limit"
		}
		return fmt.Sprintf("exit code %d (%s)", intAt(status, state, "terminated", "exitCode"), reason)
	}
	return otherwise
}

// unwell says what became of pods that do not get ready, with what the cluster
// and the server say of it.
func (w *writer) unwell(ctx context.Context, c resource.Change, t trouble) error {
	ctx = context.WithoutCancel(ctx)
	detail := strings.ToUpper(t.what[:1]) + strings.TrimSuffix(t.what[1:], ".") + "."
	if t.pod != nil {
		if said := w.warning(ctx, t.pod); said != "" && !strings.Contains(detail, said) {
			detail += " The cluster says: " + said
		}
		if log := document.Excerpt(w.log(ctx, t.pod, t.ended), c.Desired); log != "" {
			detail += " Its log ends with:\n" + log
		}
	}
	d := diag.Errorf("the pods do not get ready", "%s", detail).
		Fix("Correct the configuration and apply again. Pods that were ready before still serve, where there were any.")
	d.Address = c.Address.String()
	return d
}

// warning is the last warning that the cluster gave about a pod, "" when there is
// none.
func (w *writer) warning(ctx context.Context, p *unstructured.Unstructured) string {
	l, err := w.in(events, p.GetNamespace()).List(ctx, metav1.ListOptions{
		FieldSelector: "type=Warning,involvedObject.uid=" + string(p.GetUID()), Limit: 50,
	})
	if err != nil {
		return ""
	}
	said, when := "", ""
	for i := range l.Items {
		o := l.Items[i].Object
		if t := textAt(o, "lastTimestamp"); t >= when {
			said, when = textAt(o, "reason")+": "+textAt(o, "message"), t
		}
	}
	return said
}

// awaitAddress waits until a load balancer has an address.
func (w *writer) awaitAddress(ctx context.Context, c resource.Change, i intent) error {
	return w.await(ctx, c.Progress, addressLimit, func() (bool, error) {
		o, err := w.get(ctx, i.kind, i.namespace, i.name)
		if err != nil || o == nil {
			return false, err
		}
		if balancerAddress(o) != "" {
			return true, nil
		}
		c.Progress("waiting for the address of the load balancer")
		return false, nil
	}, func() error {
		d := diag.Errorf("the load balancer has no address", "The Service %s has got none within %s.", i.name, addressLimit).
			Fix("See what the cluster says: kubectl describe service %s -n %s.", i.name, i.namespace)
		d.Address = c.Address.String()
		return d
	})
}

// streamClient is a client for what is not an object, such as a log.
func (c *cluster) streamClient() (rest.Interface, error) {
	return plainClient(c.config)
}
