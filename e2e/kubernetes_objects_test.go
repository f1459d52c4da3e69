//go:build e2e

package e2e

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// objects are servers that use what a cluster has to offer.
const objects = `
target "kubernetes" "cluster" {
  namespace        = "objects"
  create_namespace = true
  registry         = "REGISTRY/erlmcp"
}

server "front" {
  target = target.kubernetes.cluster
  limits { cpu = 0.2 }
  scale {
    min = 1
    max = 3
    metric "erlmcp_queue_depth" { average = "10" }
  }
  rollout {
    strategy = "canary"
    canary {
      steps = [10, 50]
      hold  = "1s"
    }
  }
  kubernetes {
    priority_class      = "calm"
    node_selector       = { "kubernetes.io/hostname" = "n1" }
    account_annotations = { "iam.gke.io/gcp-service-account" = "mcp@acme.iam.gserviceaccount.com" }
    image_pull_secrets  = ["pull"]
    spread              = ["kubernetes.io/hostname"]
    toleration {
      key      = "gpu"
      operator = "Exists"
    }
    gateway {
      name      = "edge"
      hostnames = ["front.example.com"]
    }
    pod_monitor { interval = "30s" }
  }
  tool "hello" {
    static { text = "Hello one" }
  }
}

server "door" {
  target = target.kubernetes.cluster
  limits { cpu = 0.2 }
  kubernetes {
    ingress {
      host       = "door.example.com"
      tls_secret = "cert"
    }
  }
  tool "hello" {
    static { text = "Hello one" }
  }
}

server "node" {
  target = target.kubernetes.cluster
  limits { cpu = 0.2 }
  kubernetes { service_type = "NodePort" }
  tool "hello" {
    static { text = "Hello one" }
  }
}

server "balanced" {
  target = target.kubernetes.cluster
  limits { cpu = 0.2 }
  kubernetes { service_type = "LoadBalancer" }
  tool "hello" {
    static { text = "Hello one" }
  }
}

server "ledger" {
  target = target.kubernetes.cluster
  limits { cpu = 0.2 }
  receipts { folder = "/var/lib/receipts" }
  kubernetes {
    storage { size = "10Mi" }
  }
  tool "hello" {
    static { text = "Hello one" }
  }
  smoke "greets" { call = "hello" }
}

output "urls" {
  value = [server.front.url, server.door.url, server.node.url, server.balanced.url]
}
`

// volume is where the ledger's data lies: the cluster of the test makes none by
// itself.
const volume = `
apiVersion: v1
kind: PersistentVolume
metadata: {name: ledger}
spec:
  capacity: {storage: 10Mi}
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: Retain
  hostPath: {path: FOLDER}
  claimRef: {namespace: objects, name: data-ledger-0}
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: calm}
value: 10
`

func TestKubernetesObjects(t *testing.T) {
	w := newCluster(t, "")
	tool(t, "setup/definitions.sh")
	folder := t.TempDir()
	if err := os.Chmod(folder, 0o777); err != nil { // the pods' user is not this one
		t.Fatal(err)
	}
	w.write("volume.yaml", strings.Replace(volume, "FOLDER", folder, 1))
	tool(t, "kubectl", "apply", "-f", filepath.Join(w.dir, "volume.yaml"))
	t.Cleanup(func() { tool(t, "kubectl", "delete", "--wait=false", "-f", filepath.Join(w.dir, "volume.yaml")) })
	get := func(args ...string) string {
		t.Helper()
		return tool(t, "kubectl", append([]string{"-n", "objects", "get"}, args...)...)
	}
	w.write("main.mcp.hcl", strings.Replace(objects, "REGISTRY", newRegistry(t).address, 1))
	giveAddress(t)
	w.must(0, "apply", "-auto-approve")
	w.must(0, "plan", "-detailed-exitcode")

	t.Run("they are as declared", func(t *testing.T) {
		contains(t, get("deployment", "front", "-o", "json"), `"priorityClassName": "calm"`, `"kubernetes.io/hostname": "n1"`, `"name": "pull"`, `"key": "gpu"`, `"topologyKey": "kubernetes.io/hostname"`)
		contains(t, get("serviceaccount", "front", "-o", "json"), `"iam.gke.io/gcp-service-account": "mcp@acme.iam.gserviceaccount.com"`)
		contains(t, get("hpa", "front", "-o", "jsonpath={.spec.metrics[*].pods.metric.name} {.spec.metrics[*].pods.target.averageValue}"), "erlmcp_queue_depth 10")
		contains(t, get("podmonitor", "front", "-o", "jsonpath={.spec.podMetricsEndpoints[0]}"), `"interval":"30s"`, `"port":"metrics"`)
		contains(t, get("ingress", "door", "-o", "jsonpath={.spec.rules[0].http.paths[0].backend.service}"), `"name":"door"`)
		contains(t, get("pvc", "data-ledger-0", "-o", "jsonpath={.status.phase}"), "Bound")
		files, err := filepath.Glob(filepath.Join(folder, "*"))
		if err != nil || len(files) == 0 {
			t.Errorf("no receipts in the volume: %v (%v)", files, err)
		}
	})
	t.Run("servers are reached where outputs say", func(t *testing.T) {
		urls := w.must(0, "output", "-json", "urls").stdout
		contains(t, urls, "https://front.example.com/mcp", "https://door.example.com/mcp", "http://10.99.0.1:", "http://198.51.100.7:8080/mcp")
		at := urls[strings.Index(urls, "http://10.99.0.1:"):]
		w.reaches(t, strings.TrimSuffix(at[:strings.IndexAny(at, `",`)], "/mcp"), "hello", "Hello one")
	})
	t.Run("a server that keeps data is looked after", func(t *testing.T) {
		contains(t, w.must(0, "server", "status", "ledger").stdout, "server.ledger@kubernetes.cluster  ready", "✓ ledger-0  running")
		contains(t, w.must(0, "server", "logs", "ledger").stdout, "serving: name=ledger")
	})
	t.Run("rendered manifests are what was applied", func(t *testing.T) {
		w.write("manifests.yaml", w.must(0, "render").stdout)
		tool(t, "kubectl", "diff", "-f", filepath.Join(w.dir, "manifests.yaml"))
	})
	t.Run("the steps of a canary are weights of the route", func(t *testing.T) {
		weights := watchWeights(t)
		if now := next(t, weights); now != "100" { // from here on each change is seen
			t.Fatalf("the weights are %q before the canary", now)
		}
		w.replaceIn("main.mcp.hcl", `static { text = "Hello one" }`, `static { text = "Hello two" }`)
		w.must(0, "apply", "-auto-approve")
		w.must(0, "plan", "-detailed-exitcode")
		for _, want := range []string{"90 10", "50 50", "100"} {
			if got := next(t, weights); got != want {
				t.Errorf("the weights are %q, want %q", got, want)
			}
		}
		if left := get("service", "-l", "erlmcp.dev/server=front-next", "-o", "name"); left != "" {
			t.Errorf("left behind: %s", left)
		}
	})
	t.Run("a pod is replaced with its data", func(t *testing.T) {
		w.replaceIn("main.mcp.hcl", "server \"ledger\" {\n  target = target.kubernetes.cluster\n  limits { cpu = 0.2 }", "server \"ledger\" {\n  target = target.kubernetes.cluster\n  limits {\n    cpu     = 0.2\n    workers = 3\n  }")
		contains(t, w.must(2, "plan", "-detailed-exitcode").stdout, "restart: connections are lost", "a trial out of sight")
		w.must(0, "apply", "-auto-approve")
		w.must(0, "plan", "-detailed-exitcode")
	})
	t.Run("what cannot change in place is replaced", func(t *testing.T) {
		w.replaceIn("main.mcp.hcl", `size = "10Mi"`, `size = "20Mi"`)
		contains(t, w.must(2, "plan", "-detailed-exitcode").stdout, "statefulset  replace", "the target cannot change it in place")
		w.replaceIn("main.mcp.hcl", `size = "20Mi"`, `size = "10Mi"`)
		w.replaceIn("main.mcp.hcl", "kubernetes {\n    ingress", "kubernetes {\n    patch {\n      kind  = \"Service\"\n      merge = { spec = { clusterIP = \"10.96.77.77\" } }\n    }\n    ingress")
		contains(t, w.must(0, "apply", "-auto-approve").stdout, "1 replaced")
		w.must(0, "plan", "-detailed-exitcode")
	})
	t.Run("a server that keeps data no longer is a Deployment", func(t *testing.T) {
		w.replaceIn("main.mcp.hcl", "  receipts { folder = \"/var/lib/receipts\" }\n  kubernetes {\n    storage { size = \"10Mi\" }\n  }\n", "")
		w.must(0, "apply", "-auto-approve")
		w.must(0, "plan", "-detailed-exitcode")
	})
}

// giveAddress gives the Service its address, as a cloud's load balancer does.
func giveAddress(t *testing.T) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		patch := `{"status":{"loadBalancer":{"ingress":[{"ip":"198.51.100.7"}]}}}`
		for t.Context().Err() == nil {
			if exec.Command("kubectl", "-n", "objects", "patch", "service", "balanced", "--subresource=status", "-p", patch).Run() == nil {
				return
			}
			select {
			case <-time.After(200 * time.Millisecond):
			case <-t.Context().Done():
			}
		}
	}()
	t.Cleanup(func() { <-done })
}

// watchWeights tells the weights of the route whenever they change.
func watchWeights(t *testing.T) <-chan string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "kubectl", "-n", "objects", "get", "httproute", "front", "-w", "-o", `jsonpath={.spec.rules[0].backendRefs[*].weight}{"\n"}`)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() }) // it is killed with the test's context
	seen := make(chan string, 100)
	go func() {
		last := ""
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if line := lines.Text(); line != last {
				last = line
				seen <- line
			}
		}
	}()
	return seen
}

func next(t *testing.T, seen <-chan string) string {
	t.Helper()
	select {
	case s := <-seen:
		return s
	case <-time.After(30 * time.Second):
		return "nothing more"
	}
}
