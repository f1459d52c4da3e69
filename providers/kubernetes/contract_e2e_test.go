//go:build e2e

package kubernetes

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/contract"
	"github.com/erlmcp/erlmcp/schemas"
)

const contractNamespace = "erlmcp-contract"

// bed is the kubeconfig of the cluster that e2e/setup/kubernetes.sh brings up.
var bed = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("../../e2e/setup/kubernetes.sh", "up").Output()
	return strings.TrimSpace(string(out)), err
})

func kubectl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command("kubectl", append([]string{"--namespace=" + contractNamespace}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// still is the provider for servers without pods, so that nothing has to start.
// Its writers' requests go through the gate.
type still struct {
	*Provider
	t    *testing.T
	gate func(next http.RoundTripper, q *http.Request) (*http.Response, error)
}

func (p *still) Lower(in resource.Instance) (resource.Lowered, diag.List) {
	none := body[schemas.Scale](p.t, map[string]cty.Value{"replicas": number(0)})
	in.Placement = body[schemas.Placement](p.t, map[string]cty.Value{"scale": none})
	l, diags := p.Provider.Lower(in)
	for i := range l.Resources {
		l.Resources[i].Stages = nil // there is nothing to try without pods
	}
	return l, diags
}

func (p *still) OpenWriter(ctx context.Context, t resource.Target, owner resource.Owner) (resource.Writer, error) {
	c, err := p.connect(ctx, nil, t, owner, func(next http.RoundTripper) http.RoundTripper {
		return tripper(func(q *http.Request) (*http.Response, error) { return p.gate(next, q) })
	})
	if err != nil {
		return nil, err
	}
	return &answering{&writer{cluster: c}}, nil
}

// answering has checks run although no pod runs that they could reach.
type answering struct{ *writer }

func (*answering) Reach(context.Context, resource.Change) (resource.Route, error) {
	return resource.Route{URL: "http://127.0.0.1:8080/mcp"}, nil
}

type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(q *http.Request) (*http.Response, error) { return f(q) }

func changes(q *http.Request) bool {
	return q.Method != http.MethodGet && q.URL.Query().Get("dryRun") == ""
}

// TestKubernetesContract holds the provider to what the engine expects of any.
func TestKubernetesContract(t *testing.T) {
	kubeconfig, err := bed()
	if err != nil {
		t.Fatalf("bring up the cluster: %v", err)
	}
	t.Setenv("KUBECONFIG", kubeconfig)
	// One for all: a namespace takes its time to go.
	kubectl(t, "create", "namespace", contractNamespace)
	t.Cleanup(func() { kubectl(t, "delete", "namespace", contractNamespace, "--wait=false") })
	var frozen atomic.Bool
	c := contract.Case{
		Provider: &still{New(), t, func(next http.RoundTripper, q *http.Request) (*http.Response, error) {
			if frozen.Load() && changes(q) {
				t.Errorf("%s %s while frozen", q.Method, q.URL.Path)
			}
			return next.RoundTrip(q)
		}},
		Target: instance(t, `{"name":"contract"}`, map[string]cty.Value{
			"namespace": cty.StringVal(contractNamespace),
		}, nil).Target,
		Document: contractDocument(t, "One", "64MB"),
		Updated:  contractDocument(t, "Two", "128MB"),
		Files:    []resource.File{contractFile(t)},
		Objects:  contractObjects,
		Freeze:   frozen.Store,
		LoseReply: func(t *testing.T, n int) (resource.Provider, func() bool) {
			var seen atomic.Int64
			p := &still{New(), t, func(next http.RoundTripper, q *http.Request) (*http.Response, error) {
				r, err := next.RoundTrip(q)
				if err == nil && changes(q) && seen.Add(1) == int64(n) {
					r.Body.Close()
					return nil, errors.New("the reply is lost")
				}
				return r, err
			}}
			return p, func() bool { return seen.Load() >= int64(n) }
		},
		Fixed: map[string]string{"service.address": "it follows from the name"},
	}
	for _, part := range []string{"account", "network", "deployment", "service"} {
		c.Fixed[part+".name"] = "objects cannot be renamed"
		c.Fixed[part+".namespace"] = "objects cannot be moved"
	}
	contractDrifts(&c)
	c.Foreign = func(t *testing.T, _ contract.Values) {
		kubectl(t, "annotate", "deployment", "contract", "example.com/team=infra")
		kubectl(t, "patch", "deployment", "contract", `-p={"spec":{"minReadySeconds":3}}`)
	}
	c.Still = func(t *testing.T, _ contract.Values) {
		got := kubectl(t, "get", "deployment", "contract", "-o", `jsonpath={.metadata.annotations.example\.com/team} {.spec.minReadySeconds}`)
		if got != "infra 3" {
			t.Errorf("what others set has become %q", got)
		}
	}
	contract.Run(t, c)
}

func contractDocument(t *testing.T, title, memory string) cty.Value {
	t.Helper()
	v, err := schemas.Value(fmt.Appendf(nil, `{"name":"contract","title":%q,"instructions":"for-contract-eyes-only","sensitive":["/instructions"],
		"limits":{"memory":%q},"resource":{"hello":{"text":"hi"}}}`, title, memory))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func contractFile(t *testing.T) resource.File {
	t.Helper()
	const content = "content"
	path := filepath.Join(t.TempDir(), "a.txt")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(content))
	return resource.File{Path: "docs/a.txt", Source: path, SHA256: hex.EncodeToString(sum[:]), Size: int64(len(content))}
}

// contractObjects lists the owner's objects. Secrets and ConfigMaps belong to
// their Deployment, and count where there is none.
func contractObjects(t *testing.T, lineage string) []string {
	t.Helper()
	selector := "--selector=" + LabelLineage + "=" + lineage
	list := func(kinds string) []string {
		return strings.Fields(kubectl(t, "get", kinds, "-A", selector, "-o", `jsonpath={range .items[*]}{.kind}/{.metadata.name}/{.metadata.uid}{"\n"}{end}`))
	}
	out := list("deployment,service,serviceaccount,networkpolicy,hpa,pdb")
	for _, line := range out {
		if strings.HasPrefix(line, "Deployment/") {
			return out
		}
	}
	return append(out, list("secret,configmap")...)
}

// leaveBeside leaves what a change that was cut off would leave.
func leaveBeside(t *testing.T, _ contract.Values) {
	var o fields
	if err := json.Unmarshal([]byte(kubectl(t, "get", "secret", "contract-document", "-o", "json")), &o); err != nil {
		t.Fatal(err)
	}
	meta, next := o["metadata"].(fields), besideName("contract")
	labels, annotations := meta["labels"].(fields), meta["annotations"].(fields)
	labels[LabelServer], annotations[AnnotationBeside] = next, annotations[AnnotationAddress]
	delete(annotations, AnnotationAddress)
	o["metadata"] = fields{"name": documentName(next), "labels": labels, "annotations": annotations}
	raw, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "secret.json")
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	kubectl(t, "create", "-f", file)
}

func contractDrifts(c *contract.Case) {
	drift := func(part, attribute, name string, args ...string) {
		c.Drifts = append(c.Drifts, contract.Drift{Name: name, Part: part, Attribute: attribute, Do: func(t *testing.T, _ contract.Values) {
			kubectl(t, args...)
		}})
	}
	const port = `-p=[{"op":"replace","path":"/spec/ports/0/port","value":8888}]`
	drift("account", "manifest", "the account gets a token", "patch", "serviceaccount", "contract", `-p={"automountServiceAccountToken":true}`)
	drift("account", "", "the account is gone", "delete", "serviceaccount", "contract")
	drift("network", "manifest", "the policy is opened", "patch", "networkpolicy", "contract", "--type=merge", `-p={"spec":{"ingress":[{}]}}`)
	drift("network", "", "the policy is gone", "delete", "networkpolicy", "contract")
	drift("deployment", "manifest", "the image is changed", "set", "image", "deployment/contract", "erlmcp=example.com/other")
	drift("deployment", "manifest", "an argument is added", "patch", "deployment", "contract", "--type=json", `-p=[{"op":"add","path":"/spec/template/spec/containers/0/args/-","value":"-x"}]`)
	drift("deployment", "manifest", "it is scaled", "scale", "deployment", "contract", "--replicas=1")
	drift("deployment", "document", "the document is edited", "patch", "secret", "contract-document", `-p={"stringData":{"server.json":"{\"name\":\"contract\",\"title\":\"Mine\"}"}}`)
	drift("deployment", "document", "the document is gone", "delete", "secret", "contract-document")
	drift("deployment", "document", "the document is cut", "patch", "secret", "contract-document", `-p={"stringData":{"server.json":"{\"name\":"}}`)
	drift("deployment", "files", "the files are gone", "delete", "configmap", "contract-files-0")
	drift("deployment", "files", "a file is edited", "patch", "configmap", "contract-files-0", `-p={"binaryData":{"file-0":"eA=="}}`)
	c.Drifts = append(c.Drifts, contract.Drift{Name: "an apply was cut off while it tried a change", Part: "deployment", Attribute: "beside", Do: leaveBeside})
	drift("deployment", "loaded", "an apply was cut off before the pods had it", "annotate", "deployment", "contract", AnnotationLoaded+"-")
	drift("deployment", "", "the deployment is gone", "delete", "deployment", "contract")
	drift("service", "manifest", "its port is edited", "patch", "service", "contract", "--type=json", port)
	drift("service", "port", "its port is edited, which moves the endpoint", "patch", "service", "contract", "--type=json", port)
	drift("service", "url", "its path is edited", "annotate", "service", "contract", AnnotationPath+"=/x", "--overwrite")
	drift("service", "metrics_url", "its metrics' path is edited", "annotate", "service", "contract", AnnotationMetrics+"=/x", "--overwrite")
	drift("service", "", "the service is gone", "delete", "service", "contract")
}
