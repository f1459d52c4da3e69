//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// TestKubernetesRolling changes a server, step by step, while clients use it.
func TestKubernetesRolling(t *testing.T) {
	w := newCluster(t, "")
	images := newRegistry(t)
	write := func(workers int, text string) {
		w.write("main.mcp.hcl", fmt.Sprintf(`
target "kubernetes" "cluster" {
  namespace        = "rolling"
  create_namespace = true
  registry         = "%s/erlmcp"
}

server "hello" {
  target = target.kubernetes.cluster
  scale { replicas = 2 }
  limits {
    workers = %d
    memory  = "64MB"
    cpu     = 0.4
  }
  tool "hello" {
    static { text = "Hello %s" }
  }
}
`, images.address, workers, text))
	}
	write(4, "one")
	w.must(0, "apply", "-auto-approve")
	ip := tool(t, "kubectl", "-n", "rolling", "get", "service", "hello", "-o", "jsonpath={.spec.clusterIP}")
	url := "http://" + ip + ":8080/mcp"

	clients := startLoad(t, url)
	write(8, "one") // new pods
	w.must(0, "apply", "-auto-approve")
	write(8, "two") // a reload
	w.must(0, "apply", "-auto-approve")
	tool(t, "kubectl", "-n", "rolling", "wait", "--for=jsonpath={.status.replicas}=2", "deployment/hello", "--timeout=60s")
	clients.end()

	t.Run("scaled by hand, it is scaled back", func(t *testing.T) {
		tool(t, "kubectl", "-n", "rolling", "scale", "deployment/hello", "--replicas=3")
		contains(t, w.must(2, "drift").stdout, "spec.replicas", "2 → 3", "by kubectl")
		w.must(0, "apply", "-auto-approve")
		w.must(0, "plan", "-detailed-exitcode")
		tool(t, "kubectl", "-n", "rolling", "wait", "--for=jsonpath={.status.replicas}=2", "deployment/hello", "--timeout=60s")
	})
	t.Run("a disruption budget refuses to take two pods at once", func(t *testing.T) {
		names := strings.Fields(tool(t, "kubectl", "-n", "rolling", "get", "pods", "-l", "erlmcp.dev/server=hello", "-o", `jsonpath={range .items[?(@.status.phase=="Running")]}{.metadata.name} {end}`))
		refused := 0
		for _, name := range names {
			if err := evict(t, "rolling", name); err != nil {
				contains(t, err.Error(), "disruption budget")
				refused++
			}
		}
		if refused == 0 {
			t.Errorf("all of %v were evicted at once", names)
		}
	})
}
