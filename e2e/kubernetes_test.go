//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"
)

// bed is the kubeconfig of the cluster that e2e/setup/kubernetes.sh brings up.
var bed = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("setup/kubernetes.sh", "up").Output()
	return strings.TrimSpace(string(out)), err
})

// newCluster is a workspace whose erlmcp reaches the cluster.
func newCluster(t *testing.T, example string) *workspace {
	t.Helper()
	kubeconfig, err := bed()
	if err != nil {
		t.Fatalf("bring up the cluster: %v", err)
	}
	t.Setenv("KUBECONFIG", kubeconfig)
	return newWorkspace(t, example)
}

// kubectl runs kubectl in the namespace of the example.
func kubectl(t *testing.T, args ...string) string {
	t.Helper()
	return tool(t, "kubectl", append([]string{"--namespace=runbooks"}, args...)...)
}

// images is a registry on loopback. It counts what is uploaded.
type images struct {
	address string
	uploads atomic.Int64
}

func newRegistry(t *testing.T) *images {
	i := &images{}
	holds := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/blobs/uploads/") {
			i.uploads.Add(1)
		}
		holds.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	i.address = strings.TrimPrefix(s.URL, "http://")
	return i
}

// clusterIP is the address of the example's Service.
func clusterIP(t *testing.T) string {
	return kubectl(t, "get", "service", "runbooks", "-o", "jsonpath={.spec.clusterIP}")
}

// reaches calls a tool of a server in the cluster until its answer holds all of that.
// A node learns of a Service a moment after it is there, and a connection from before
// leads nowhere for good.
func (w *workspace) reaches(t *testing.T, url, call string, parts ...string) {
	t.Helper()
	eventually(t, func() string {
		r := w.run(append([]string{"call", "-timeout=5s", url}, strings.Fields(call)...)...)
		for _, p := range parts {
			if r.code != 0 || !strings.Contains(r.stdout, p) {
				return fmt.Sprintf("%q is missing, exit %d\n%s", p, r.code, r)
			}
		}
		return ""
	})
}

// podNames are the pods of the example, once those that are to come have come; those
// that are going do not count.
func podNames(t *testing.T) string {
	kubectl(t, "rollout", "status", "deployment/runbooks", "--timeout=90s")
	const staying = `{{range .items}}{{if not .metadata.deletionTimestamp}}{{.metadata.name}} {{end}}{{end}}`
	return kubectl(t, "get", "pods", "-l", "erlmcp.dev/server=runbooks", "-o", "go-template="+staying)
}

// replaceIn changes a file of the workspace.
func (w *workspace) replaceIn(name, old, new string) {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	raw, err := os.ReadFile(path)
	if err != nil || !bytes.Contains(raw, []byte(old)) {
		w.t.Fatalf("%s does not hold %q (%v)", name, old, err)
	}
	w.write(name, strings.Replace(string(raw), old, new, 1))
}

func TestKubernetesExample(t *testing.T) {
	w := newCluster(t, "kubernetes")
	images := newRegistry(t)
	w.env = []string{"ERLMCP_VAR_registry=" + images.address + "/tools/erlmcp"}
	answers := func(t *testing.T) {
		t.Helper()
		w.reaches(t, "http://"+clusterIP(t)+":8080", "search query=restore", "backups.md", "Restore the database")
	}
	w.must(0, "apply", "-auto-approve")
	answers(t)
	w.must(0, "plan", "-detailed-exitcode")

	t.Run("what was declared is there", func(t *testing.T) {
		contains(t, kubectl(t, "get", "hpa", "runbooks", "-o", "jsonpath={.spec.minReplicas} {.spec.maxReplicas} {.spec.metrics[0].resource.target.averageUtilization}"), "2 6 70")
		contains(t, kubectl(t, "get", "networkpolicy", "runbooks", "-o", "jsonpath={.spec.ingress[0].ports[*].port}"), "8080 9090")
		contains(t, kubectl(t, "get", "pdb", "runbooks", "-o", "jsonpath={.spec.maxUnavailable}"), "1")
		contains(t, tool(t, "kubectl", "get", "namespace", "runbooks", "-o", "jsonpath={.metadata.labels}"), `"pod-security.kubernetes.io/enforce":"restricted"`)
		kubectl(t, "wait", "--for=condition=AbleToScale", "hpa/runbooks", "--timeout=60s")
		kubectl(t, "wait", "--for=jsonpath={.status.readyReplicas}=2", "deployment/runbooks", "--timeout=90s")
		w.must(0, "plan", "-detailed-exitcode") // the number of pods is the autoscaler's
	})
	t.Run("rendered manifests are what was applied", func(t *testing.T) {
		w.write("manifests.yaml", w.must(0, "render").stdout)
		tool(t, "kubectl", "diff", "-f", filepath.Join(w.dir, "manifests.yaml")) // exits with 1 when there is a difference
	})
	t.Run("drift is found, with who made it, and healed", func(t *testing.T) { kubernetesDrift(t, w, answers) })
	t.Run("what others add is theirs", func(t *testing.T) { kubernetesForeign(t, w) })
	t.Run("what others claim is taken only by force", func(t *testing.T) { kubernetesConflict(t, w) })
	t.Run("a change of the document is a reload", func(t *testing.T) {
		before := podNames(t)
		w.replaceIn("main.mcp.hcl", `"Runbooks"`, `"Runbooks of the night shift"`)
		contains(t, w.must(2, "plan", "-detailed-exitcode").stdout, "reload")
		w.must(0, "apply", "-auto-approve")
		w.must(0, "plan", "-detailed-exitcode")
		if after := podNames(t); after != before {
			t.Errorf("the pods are %s and were %s", after, before)
		}
		answers(t)
	})
	t.Run("a change that needs a start is a rollout", func(t *testing.T) {
		before := podNames(t)
		w.replaceIn("main.mcp.hcl", "limits {", "limits {\n    workers = 8")
		contains(t, w.must(2, "plan", "-detailed-exitcode").stdout, "rolling")
		w.must(0, "apply", "-auto-approve")
		w.must(0, "plan", "-detailed-exitcode")
		for _, name := range strings.Fields(before) {
			kubectl(t, "wait", "--for=delete", "pod/"+name, "--timeout=60s")
		}
		answers(t)
	})
	t.Run("a second push uploads nothing", func(t *testing.T) {
		uploads := images.uploads.Load()
		w.must(0, "apply", "-auto-approve", "-replace=target.kubernetes.cluster/image")
		if n := images.uploads.Load(); n != uploads {
			t.Errorf("the second push uploaded %d times", n-uploads)
		}
	})
	t.Run("destroy leaves nothing", func(t *testing.T) {
		w.must(0, "destroy", "-auto-approve")
		if left := tool(t, "kubectl", "get", "all,secret,configmap,pdb,hpa,networkpolicy,serviceaccount", "-A", "-l", "erlmcp.dev/server=runbooks", "-o", "name"); left != "" {
			t.Errorf("left in the cluster:\n%s", left)
		}
		if left := tool(t, "kubectl", "get", "namespace", "runbooks", "--ignore-not-found", "-o", "name"); left != "" {
			t.Errorf("left in the cluster: %s", left)
		}
	})
}

func kubernetesDrift(t *testing.T, w *workspace, answers func(*testing.T)) {
	document := func(text string) string {
		return fmt.Sprintf(`{"stringData":{"server.json":%q}}`, text)
	}
	for _, c := range []struct {
		name  string
		parts []string // of what drift prints
		do    []string // arguments of kubectl
	}{
		{"limits set", []string{"resources.limits.cpu", `"400m" → "200m"`, "by kubectl-set"}, []string{"set", "resources", "deployment/runbooks", "--limits=cpu=200m"}},
		{"a label changed", []string{`labels["erlmcp.dev/server"]`, `"runbooks" → "x"`, "by kubectl-label"}, []string{"label", "service", "runbooks", "erlmcp.dev/server=x", "--overwrite"}},
		{"a label removed", []string{`labels["app.kubernetes.io/name"]`}, []string{"label", "deployment", "runbooks", "app.kubernetes.io/name-"}},
		{"a port edited", []string{"ports[0].port", "8080 → 8888"}, []string{"patch", "service", "runbooks", "--type=json", `-p=[{"op":"replace","path":"/spec/ports/0/port","value":8888}]`}},
		{"the autoscaler edited", []string{"maxReplicas", "6 → 9", "by kubectl-patch"}, []string{"patch", "hpa", "runbooks", `-p={"spec":{"maxReplicas":9}}`}},
		{"the network policy opened", []string{"ingress[0].ports"}, []string{"patch", "networkpolicy", "runbooks", "--type=merge", `-p={"spec":{"ingress":[{}]}}`}},
		{"the disruption budget deleted", []string{"disruption", "is gone"}, []string{"delete", "pdb", "runbooks"}},
		{"the service deleted", []string{"service", "is gone"}, []string{"delete", "service", "runbooks"}},
		{"the deployment deleted", []string{"deployment", "is gone"}, []string{"delete", "deployment", "runbooks"}},
		{"the document edited", []string{"document.title", "Runbooks", "Mine", "by kubectl-patch"}, []string{"patch", "secret", "runbooks-document", "-p=" + document(`{"name":"runbooks","title":"Mine"}`)}},
		{"a file edited", []string{`files["runbooks/backups.md"]`, "by kubectl-patch"}, []string{"patch", "configmap", "runbooks-files-0", `-p={"binaryData":{"file-0":"eA=="}}`}},
		{"the document deleted", []string{"document"}, []string{"delete", "secret", "runbooks-document"}},
		{"the files deleted", []string{"files"}, []string{"delete", "configmap", "runbooks-files-0"}},
		{"the service account granted a token", []string{"automountServiceAccountToken", "false → true"}, []string{"patch", "serviceaccount", "runbooks", `-p={"automountServiceAccountToken":true}`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			kubectl(t, c.do...)
			contains(t, w.must(2, "drift").stdout, c.parts...)
			w.must(0, "apply", "-auto-approve")
			w.must(0, "drift")
			w.must(0, "plan", "-detailed-exitcode")
			answers(t)
		})
	}
}

func kubernetesForeign(t *testing.T, w *workspace) {
	kubectl(t, "annotate", "deployment", "runbooks", "example.com/team=infra")
	kubectl(t, "label", "service", "runbooks", "example.com/team=infra")
	kubectl(t, "scale", "deployment", "runbooks", "--replicas=3")
	w.must(0, "plan", "-detailed-exitcode")
	w.replaceIn("main.mcp.hcl", "max = 6", "max = 5")
	w.must(0, "apply", "-auto-approve")
	contains(t, kubectl(t, "get", "deployment", "runbooks", "-o", "jsonpath={.metadata.annotations}"), `"example.com/team":"infra"`)
	contains(t, kubectl(t, "get", "service", "runbooks", "-o", "jsonpath={.metadata.labels}"), `"example.com/team":"infra"`)
	contains(t, kubectl(t, "get", "deployment", "runbooks", "-o", "jsonpath={.spec.replicas}"), "3")
}

func kubernetesConflict(t *testing.T, w *workspace) {
	claim := exec.Command("kubectl", "--namespace=runbooks", "apply", "--server-side", "--field-manager=platform", "--force-conflicts", "-f", "-")
	claim.Stdin = strings.NewReader(`{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"runbooks"},"spec":{"revisionHistoryLimit":7}}`)
	if out, err := claim.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	contains(t, w.must(2, "drift").stdout, "revisionHistoryLimit", "by platform")
	contains(t, strings.Join(strings.Fields(w.must(1, "apply", "-auto-approve").stderr), " "), ".spec.revisionHistoryLimit belongs to \"platform\"", "force = true")
	w.replaceIn("main.mcp.hcl", "create_namespace = true", "create_namespace = true\n  force = true")
	w.must(0, "apply", "-auto-approve")
	w.must(0, "plan", "-detailed-exitcode")
	w.replaceIn("main.mcp.hcl", "\n  force = true", "")
}

// TestKubernetesTroubles shows what is said when pods do not come up.
func TestKubernetesTroubles(t *testing.T) {
	w := newCluster(t, "")
	images := newRegistry(t)
	write := func(target, server string) {
		w.write("main.mcp.hcl", `
target "kubernetes" "cluster" {
  namespace        = "troubles"
  create_namespace = true
`+target+`
}

server "frail" {
  target = target.kubernetes.cluster
  rollout { health_timeout = "10s" }
  tool "hello" {
    static { text = "Hello" }
  }
`+server+`
}
`)
	}
	pushed := `registry = "` + images.address + `/erlmcp"`
	for _, c := range []struct {
		name, target, server string
		parts                []string
	}{
		{"an image that is not there", `image = "` + images.address + `/nothing:1"`, "", []string{"The pods do not get ready", "cannot get its image", images.address + "/nothing:1"}},
		{"a document that crashes", pushed, `tls {
    certificate_file = "/nowhere.pem"
    key_file         = "/nowhere.key"
  }`, []string{"The pods do not get ready", "does not stay up", "/nowhere.pem"}},
		{"no node for it", pushed, `kubernetes {
    node_selector = { "example.com/gpu" = "yes" }
  }`, []string{"The pods do not get ready", "finds no node", "node affinity/selector"}},
		{"a patch with an unknown field", pushed, `kubernetes {
    patch {
      kind  = "Deployment"
      merge = { spec = { replicaz = 1 } }
    }
  }`, []string{"he cluster refuses an object", "replicaz"}},
		{"a patch that breaks the pod security standard", pushed, `kubernetes {
    patch {
      kind  = "Deployment"
      merge = { spec = { template = { spec = { hostNetwork = true } } } }
    }
  }`, []string{"The cluster refuses the pods", "hostNetwork"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			write(c.target, c.server)
			r := w.must(1, "apply", "-auto-approve")
			contains(t, strings.Join(strings.Fields(r.stderr), " "), c.parts...)
		})
	}
	t.Run("a probe that fails", func(t *testing.T) {
		write(pushed, "")
		containers := renderedContainers(t, w)
		containers[0]["readinessProbe"] = map[string]any{"httpGet": map[string]any{"path": "/nowhere", "port": "mcp"}, "periodSeconds": 1}
		raw, err := json.Marshal(containers)
		if err != nil {
			t.Fatal(err)
		}
		w.write("containers.json", string(raw))
		write(pushed, `kubernetes {
    patch {
      kind  = "Deployment"
      merge = { spec = { template = { spec = { containers = jsondecode(file("containers.json")) } } } }
    }
  }`)
		r := w.must(1, "apply", "-auto-approve")
		contains(t, strings.Join(strings.Fields(r.stderr), " "), "The pods do not get ready", "does not say yet that it is healthy", "Readiness probe failed", "404")
	})
	write(pushed, "")
	w.must(0, "apply", "-auto-approve")
	w.must(0, "plan", "-detailed-exitcode")

	t.Run("what others made is not taken", func(t *testing.T) {
		tool(t, "kubectl", "-n", "troubles", "create", "secret", "generic", "other-document", "--from-literal=mine=1")
		write(pushed, "}\nserver \"other\" {\n  target = target.kubernetes.cluster\n  tool \"hello\" {\n    static { text = \"Hello\" }\n  }\n")
		contains(t, strings.Join(strings.Fields(w.must(1, "apply", "-auto-approve").stderr), " "), "The name is taken", `Secret "other-document"`)
		tool(t, "kubectl", "-n", "troubles", "create", "deployment", "other", "--image=example.com/other", "--replicas=0")
		contains(t, strings.Join(strings.Fields(w.must(1, "plan").stderr), " "), "The name is taken", `Deployment "other"`)
		tool(t, "kubectl", "-n", "troubles", "delete", "deployment", "other")
		write(pushed, "")
		w.must(0, "apply", "-auto-approve")
		if s := tool(t, "kubectl", "-n", "troubles", "get", "secret", "other-document", "-o", "jsonpath={.data}{.metadata.labels}"); s != `{"mine":"MQ=="}` {
			t.Errorf("it has become %s", s)
		}
		tool(t, "kubectl", "-n", "troubles", "delete", "secret", "other-document")
	})
	t.Run("what the cluster takes for the same is no change", func(t *testing.T) {
		write(pushed, `scale {
    max = 2
  }
  kubernetes {
    patch {
      kind  = "HorizontalPodAutoscaler"
      merge = { spec = { metrics = [{ type = "Resource", resource = { name = "cpu", target = { type = "AverageValue", averageValue = "1000m" } } }] } }
    }
  }`)
		w.must(0, "apply", "-auto-approve")
		contains(t, tool(t, "kubectl", "-n", "troubles", "get", "hpa", "frail", "-o", "jsonpath={.spec.metrics[0].resource.target.averageValue}"), "1")
		w.must(0, "plan", "-detailed-exitcode")
	})
	t.Run("without the cluster a plan says that it is not verified", func(t *testing.T) {
		w.env = append(w.env, "KUBECONFIG="+filepath.Join(w.dir, "none"))
		defer func() { w.env = w.env[:len(w.env)-1] }()
		contains(t, w.must(2, "plan", "-detailed-exitcode").stdout, "Not verified", "target.kubernetes.cluster")
		w.must(1, "apply", "-auto-approve")
		w.must(1, "drift")
	})
}

// renderedContainers are the containers of the Deployment that would be applied.
func renderedContainers(t *testing.T, w *workspace) []map[string]any {
	t.Helper()
	for _, manifest := range strings.Split(w.must(0, "render").stdout, "\n---\n") {
		var o struct {
			Kind string
			Spec struct {
				Template struct {
					Spec struct{ Containers []map[string]any }
				}
			}
		}
		if err := yaml.Unmarshal([]byte(manifest), &o); err != nil {
			t.Fatal(err)
		}
		if o.Kind == "Deployment" {
			return o.Spec.Template.Spec.Containers
		}
	}
	t.Fatal("there is no Deployment")
	return nil
}

// TestKubernetesFleet counts what the API server is asked for a plan.
func TestKubernetesFleet(t *testing.T) {
	var asked atomic.Int64
	counting := countingKubeconfig(t, &asked)
	w := newCluster(t, "")
	w.env, w.limit = []string{"KUBECONFIG=" + counting}, 10*time.Minute
	images := newRegistry(t)
	w.write("main.mcp.hcl", `
target "kubernetes" "cluster" {
  namespace        = "fleet"
  create_namespace = true
  registry         = "`+images.address+`/erlmcp"
}

server "hello" {
  count  = 500
  target = target.kubernetes.cluster
  scale { replicas = 0 }
  tool "hello" {
    static { text = "Hello from ${count.index}" }
  }
}
`)
	w.must(0, "apply", "-auto-approve", "-parallelism=32")
	asked.Store(0)
	w.must(0, "plan", "-detailed-exitcode")
	if n := asked.Load(); n == 0 || n > 20 {
		t.Errorf("a plan of 500 servers asks the API server %d times, want 1 to 20", n)
	}
}

// countingKubeconfig leads to the cluster by way of a proxy that counts.
func countingKubeconfig(t *testing.T, asked *atomic.Int64) string {
	t.Helper()
	kubeconfig, err := bed()
	if err != nil {
		t.Fatal(err)
	}
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	config.QPS = -1
	transport, err := rest.TransportFor(config)
	if err != nil {
		t.Fatal(err)
	}
	to, err := url.Parse(config.Host)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewServer(&httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) {
		asked.Add(1)
		r.SetURL(to)
	}})
	t.Cleanup(proxy.Close)
	path := filepath.Join(t.TempDir(), "counting.kubeconfig")
	text := fmt.Sprintf("apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{name: c, cluster: {server: %q}}]\ncontexts: [{name: c, context: {cluster: c}}]\n", proxy.URL)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// evict asks for a pod to be moved elsewhere, as a drain of its node does.
func evict(t *testing.T, namespace, pod string) error {
	t.Helper()
	cmd := exec.Command("kubectl", "create", "--raw", "/api/v1/namespaces/"+namespace+"/pods/"+pod+"/eviction", "-f", "-")
	cmd.Stdin = strings.NewReader(fmt.Sprintf(`{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":%q,"namespace":%q}}`, pod, namespace))
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}
