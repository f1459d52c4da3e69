package kubernetes

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/erlmcp/erlmcp/engine/resource"
)

// live is a Deployment that erlmcp applied, after others had a hand in it.
const live = `{
  "apiVersion": "apps/v1", "kind": "Deployment",
  "metadata": {
    "name": "x", "namespace": "n", "uid": "u",
    "labels": {"erlmcp.dev/lineage": "l", "app": "x", "team": "infra"},
    "managedFields": [
      {"manager": "erlmcp", "operation": "Apply", "apiVersion": "apps/v1", "fieldsType": "FieldsV1", "fieldsV1": {
        "f:metadata": {"f:labels": {"f:erlmcp.dev/lineage": {}, "f:app": {}}},
        "f:spec": {"f:template": {"f:spec": {
          "f:containers": {"k:{\"name\":\"erlmcp\"}": {".": {}, "f:name": {}, "f:image": {}, "f:args": {}}},
          "f:tolerations": {}}}}}},
      {"manager": "kubectl-edit", "operation": "Update", "apiVersion": "apps/v1", "fieldsType": "FieldsV1", "fieldsV1": {
        "f:metadata": {"f:labels": {"f:team": {}}},
        "f:spec": {"f:replicas": {}, "f:template": {"f:spec": {"f:containers": {
          "k:{\"name\":\"sidecar\"}": {".": {}, "f:name": {}, "f:image": {}}}}}}}}
    ]
  },
  "spec": {
    "replicas": 7, "progressDeadlineSeconds": 600,
    "template": {"spec": {
      "containers": [
        {"name": "sidecar", "image": "s"},
        {"name": "erlmcp", "image": "i", "args": ["a", "b"], "terminationMessagePath": "/dev/termination-log"}],
      "tolerations": [{"key": "a"}, {"key": "b"}]}}
  }
}`

func TestOnlyFieldsOfErlmcpAreCompared(t *testing.T) {
	object := func(text string) fields {
		var o fields
		if err := json.Unmarshal([]byte(text), &o); err != nil {
			t.Fatal(err)
		}
		return numbers(o).(fields)
	}
	o := &unstructured.Unstructured{}
	if err := json.Unmarshal([]byte(live), &o.Object); err != nil {
		t.Fatal(err)
	}
	o.Object = numbers(o.Object).(fields)
	const owned = `{"metadata":{"labels":{"app":"x"}},"spec":{"template":{"spec":{
		"containers":[{"name":"erlmcp","image":"i","args":["a","b"]}],"tolerations":[{"key":"a"},{"key":"b"}]}}}}`
	for _, c := range []struct {
		name, prior, want string
		authors           map[string]string
	}{
		{"what erlmcp applied", "", owned, map[string]string{}},
		{
			"and what it had set, though others changed it", `{"spec":{"replicas":3}}`,
			`{"metadata":{"labels":{"app":"x"}},"spec":{"replicas":7,"template":{"spec":{
				"containers":[{"name":"erlmcp","image":"i","args":["a","b"]}],"tolerations":[{"key":"a"},{"key":"b"}]}}}}`,
			map[string]string{"manifest.spec.replicas": "kubectl-edit"},
		},
		{"what it had set and is gone is not there", `{"spec":{"paused":true}}`, owned, map[string]string{}},
		{"a list without keys is one value", `{"spec":{"template":{"spec":{"tolerations":[{"key":"a"}]}}}}`, owned, map[string]string{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			owners, err := ownersOf(o)
			if err != nil {
				t.Fatal(err)
			}
			p := &projection{owners: owners, mine: ours(owners)}
			set := p.mine
			if c.prior != "" {
				set = set.Union(fieldsOf(object(c.prior)))
			}
			got := withoutBookkeeping(p.project(o.DeepCopy().Object, set))
			if diff := cmp.Diff(object(c.want), got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			authors := map[string]string{}
			for _, a := range p.authors {
				authors["manifest."+resource.FormatPath(a.path)] = a.manager
			}
			if diff := cmp.Diff(c.authors, authors); diff != "" {
				t.Errorf("authors (-want +got)\n%s", diff)
			}
		})
	}
}

func TestConflictsThatAreEditsOfWhatErlmcpAppliedAreNone(t *testing.T) {
	before := fields{"spec": fields{"replicas": int64(3), "template": fields{"containers": []any{fields{"name": "erlmcp", "image": "i"}}}}}
	for _, c := range []struct {
		name string
		clash
		foreign bool
	}{
		{"a field edited", clash{".spec.replicas", "kubectl-edit", true}, false},
		{"an item's field edited", clash{`.spec.template.containers[name="erlmcp"].image`, "kubectl-edit", true}, false},
		{"a field that another applies", clash{".spec.replicas", "platform", false}, true},
		{"a field that erlmcp never set", clash{".spec.paused", "kubectl-edit", true}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := len(foreign([]clash{c.clash}, before)) > 0; got != c.foreign {
				t.Errorf("foreign: %v", got)
			}
		})
	}
	if len(foreign([]clash{{".spec.replicas", "kubectl-edit", true}}, nil)) == 0 {
		t.Error("without a record, an edit is taken for drift")
	}
}

func TestMovedPortsGiveWay(t *testing.T) {
	live := fields{"spec": fields{"ports": []any{fields{"name": "mcp", "port": int64(8888)}, fields{"name": "other", "port": int64(1)}}}}
	want := fields{"spec": fields{"ports": []any{fields{"name": "mcp", "port": int64(8080)}}}}
	if !dropMoved(live, want) {
		t.Fatal("nothing is dropped")
	}
	if diff := cmp.Diff(fields{"spec": fields{"ports": []any{fields{"name": "other", "port": int64(1)}}}}, live); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if dropMoved(live, want) {
		t.Error("something is dropped twice")
	}
}
