package kubernetes

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// container is a pod with one container of that status.
func container(status fields) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: fields{
		"metadata": fields{"name": "p"},
		"status":   fields{"containerStatuses": []any{status}},
	}}
}

// What a wait says of a pod, and whether that will hardly pass on its own.
func TestPodTrouble(t *testing.T) {
	waits := func(reason, message string) fields {
		return fields{"state": fields{"waiting": fields{"reason": reason, "message": message}}}
	}
	ended := func(reason string, code int64) fields {
		return fields{"terminated": fields{"reason": reason, "exitCode": code}}
	}
	for name, c := range map[string]struct {
		pod   *unstructured.Unstructured
		says  string
		grave bool
	}{
		"no node": {&unstructured.Unstructured{Object: fields{"metadata": fields{"name": "p"}, "status": fields{"conditions": []any{
			fields{"type": "PodScheduled", "status": "False", "message": "0/3 nodes are available: 3 Insufficient memory."},
		}}}}, "finds no node: 0/3 nodes are available", false},
		"no image":    {container(waits("ImagePullBackOff", "not found")), "cannot get its image: not found", true},
		"starting":    {container(waits("ContainerCreating", "")), "ContainerCreating", false},
		"not healthy": {container(fields{"state": fields{"running": fields{}}, "ready": false}), "does not say yet that it is healthy", false},
		"healthy":     {container(fields{"state": fields{"running": fields{}}, "ready": true}), "", false},
		"killed by its probe": {container(fields{"state": fields{"running": fields{}}, "ready": false, "restartCount": int64(2),
			"lastState": ended("Error", 137)}), "was started again: exit code 137", true},
		"crashing": {container(fields{"state": fields{"waiting": fields{"reason": "CrashLoopBackOff", "message": "back-off"}}, "restartCount": int64(1),
			"lastState": ended("Error", 1)}), "does not stay up: exit code 1 (Error)", true},
		"out of memory": {container(fields{"state": fields{"waiting": fields{"reason": "CrashLoopBackOff"}}, "restartCount": int64(1),
			"lastState": ended("OOMKilled", 137)}), "it reached its memory limit", true},
		"ended":       {container(fields{"state": ended("Completed", 0)}), "ended: exit code 0", true},
		"ended again": {container(fields{"state": ended("Error", 1), "restartCount": int64(2)}), "does not stay up: exit code 1 (Error)", true},
	} {
		t.Run(name, func(t *testing.T) {
			got := podTrouble(c.pod)
			if got.grave != c.grave || (got.what == "") != (c.says == "") || !strings.Contains(got.what, c.says) {
				t.Errorf("got %q, grave %v", got.what, got.grave)
			}
		})
	}
}

// TestRefusedPods has a Deployment whose pods the cluster refuses, now or before
// its template was changed.
func TestRefusedPods(t *testing.T) {
	deployment := func(refused, present string) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: fields{"metadata": fields{"name": "d"}, "status": fields{"conditions": []any{
			fields{"type": "Progressing", "status": "True", "message": `ReplicaSet "` + present + `" is progressing.`},
			fields{"type": "ReplicaFailure", "status": "True", "message": `pods "` + refused + `-x" is forbidden: quota`},
		}}}}
	}
	starting := &unstructured.Unstructured{Object: fields{"metadata": fields{"name": "p"}, "status": fields{"containerStatuses": []any{
		fields{"state": fields{"running": fields{}}, "ready": false},
	}}}}
	for name, c := range map[string]struct {
		deployment *unstructured.Unstructured
		pods       []*unstructured.Unstructured
		says       string
	}{
		"of this template":                      {deployment("d-1", "d-1"), []*unstructured.Unstructured{starting}, "refuses the pods"},
		"of the template before":                {deployment("d-1", "d-2"), []*unstructured.Unstructured{starting}, "that it is healthy"},
		"of the template before, and none else": {deployment("d-1", "d-2"), nil, "refuses the pods"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := troubleOf(c.deployment, c.pods); !strings.Contains(got.what, c.says) {
				t.Errorf("got %q", got.what)
			}
		})
	}
}

func TestRolloutState(t *testing.T) {
	workload := func(generation int64, status fields) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: fields{
			"metadata": fields{"generation": generation}, "spec": fields{"replicas": int64(2)}, "status": status,
		}}
	}
	for name, c := range map[string]struct {
		o    *unstructured.Unstructured
		says string // "" when it is done
	}{
		"not seen yet":  {workload(2, fields{"observedGeneration": int64(1)}), "take notice"},
		"one is ready":  {workload(1, fields{"observedGeneration": int64(1), "updatedReplicas": int64(2), "availableReplicas": int64(1), "replicas": int64(2)}), "1 of 2 ready"},
		"one is old":    {workload(1, fields{"observedGeneration": int64(1), "updatedReplicas": int64(2), "availableReplicas": int64(2), "replicas": int64(3)}), "1 left"},
		"all are there": {workload(1, fields{"observedGeneration": int64(1), "updatedReplicas": int64(2), "availableReplicas": int64(2), "replicas": int64(2)}), ""},
	} {
		t.Run(name, func(t *testing.T) {
			if says, done := rollout(c.o); done != (c.says == "") || !strings.Contains(says, c.says) {
				t.Errorf("got %q, done %v", says, done)
			}
		})
	}
}
