//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// greeter is a server of two pods that greets.
type greeter struct {
	w         *workspace
	namespace string
	registry  string
}

func newGreeter(t *testing.T, namespace string) *greeter {
	return &greeter{newCluster(t, ""), namespace, newRegistry(t).address}
}

// write puts the configuration down: what says where the image is, what the tool
// says, and what else stands in the server block.
func (g *greeter) write(image, text, more string) {
	if image == "" {
		image = `registry = "` + g.registry + `/erlmcp"`
	}
	g.w.write("main.mcp.hcl", fmt.Sprintf(`
target "kubernetes" "cluster" {
  namespace        = %q
  create_namespace = true
  %s
}

server "hello" {
  target = target.kubernetes.cluster
  scale { replicas = 2 }
  limits {
    memory = "64MB"
    cpu    = 0.4
  }
  tool "hello" {
    static { text = %q }
  }
  %s
}
`, g.namespace, image, text, more))
}

func (g *greeter) kubectl(args ...string) string {
	g.w.t.Helper()
	return tool(g.w.t, "kubectl", append([]string{"-n", g.namespace}, args...)...)
}

func (g *greeter) url() string {
	return "http://" + g.kubectl("get", "service", "hello", "-o", "jsonpath={.spec.clusterIP}") + ":8080/mcp"
}

// settled fails the test unless nothing is left to do and nothing is left over.
func (g *greeter) settled() {
	g.w.t.Helper()
	g.w.must(0, "plan", "-detailed-exitcode")
	g.w.must(0, "drift")
	if left := g.kubectl("get", "deployment,secret,configmap", "-l", "erlmcp.dev/server=hello-next", "-o", "name"); left != "" {
		g.w.t.Errorf("left beside the server:\n%s", left)
	}
	if s := g.kubectl("get", "service", "hello", "-o", "jsonpath={.spec.selector}"); s != `{"erlmcp.dev/server":"hello"}` {
		g.w.t.Errorf("the Service picks %s", s)
	}
}

const greets = `
  smoke "greets" {
    call    = "hello"
    require = strcontains(result.text, "Hello")
    retries = 1
  }`

// TestKubernetesRollback makes changes that must not reach anybody, while clients
// use the server.
func TestKubernetesRollback(t *testing.T) {
	g := newGreeter(t, "rollback")
	g.write("", "Hello one", greets)
	contains(t, g.w.must(0, "apply", "-auto-approve").stdout, `checking "greets" (1 of 1)`)
	g.settled()
	clients := startLoad(t, g.url())
	bad := `image = "` + g.registry + `/nothing:1"`
	broken := `
  tls {
    certificate_file = "/nowhere.pem"
    key_file         = "/nowhere.key"
  }`
	soon := `
  rollout { health_timeout = "12s" }`
	for _, c := range []struct {
		name, image, text, more, before string
		parts                           []string
	}{
		{"a failing check", "", "Goodbye", greets, greets, []string{"does not pass its checks", `check "greets" fails`, "the answer is: Goodbye", "Its log ends with", "The server was put back"}},
		{"a crashing document", "", "Hello one", soon + greets + broken, greets, []string{"does not stay up", "/nowhere.pem", "The server was put back"}},
		{"a bad image", bad, "Hello one", soon + greets, greets, []string{"cannot get its image", "The server was put back"}},
		{"a crashing document without checks", "", "Hello one", soon + broken, soon, []string{"does not stay up", "/nowhere.pem", "The server was put back"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g.write("", "Hello one", c.before)
			g.w.must(0, "apply", "-auto-approve")
			g.write(c.image, c.text, c.more)
			r := g.w.must(1, "apply", "-auto-approve")
			contains(t, strings.Join(strings.Fields(r.stderr), " "), c.parts...)
			contains(t, r.stdout, "was put back: it is again as revision")
			g.write("", "Hello one", c.before)
			g.w.must(0, "apply", "-auto-approve") // the image, which is not the server's, is taken up again
			g.settled()
		})
	}
	clients.end()
	if n := clients.saw("Hello one"); n != clients.calls.Load() {
		t.Errorf("%d of %d answers were those of the server as it should be", n, clients.calls.Load())
	}
	t.Run("to an earlier revision", func(t *testing.T) {
		g.write("", "Hello two", soon)
		g.w.must(0, "apply", "-auto-approve")
		contains(t, g.w.must(0, "history").stdout, "put back", "created")
		contains(t, g.w.must(0, "rollback", "-auto-approve", "-to", "1").stdout, "Back to what revision 1 left:")
		g.w.reaches(t, g.url(), "hello", "Hello one")
	})
	t.Run("all of it is gone", func(t *testing.T) {
		g.write("", "Hello one", soon+greets)
		g.kubectl("label", "namespace", g.namespace, "pod-security.kubernetes.io/enforce=privileged", "--overwrite")
		contains(t, g.w.must(2, "drift").stdout, "namespace", `"restricted" → "privileged"`)
		g.kubectl("delete", "namespace", g.namespace, "--wait=false") // what is in it may still be there
		contains(t, g.w.must(2, "drift").stdout, "/namespace  is gone", "/deployment  is gone", "/service  is gone")
		g.w.must(0, "apply", "-auto-approve")
		g.settled()
	})
}
