//go:build e2e

package e2e

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// kubeconfigOf is one with a context of that name and a user with the fields.
func kubeconfigOf(name, host, ca, user string) string {
	return fmt.Sprintf(`apiVersion: v1
kind: Config
clusters: [{name: %[1]s, cluster: {server: %[2]q, certificate-authority-data: %[3]q}}]
users: [{name: %[1]s, user: %[4]s}]
contexts: [{name: %[1]s, context: {cluster: %[1]s, user: %[1]s}}]
`, name, host, ca, user)
}

// TestKubernetesConnections reaches a cluster in each way that a target can name.
func TestKubernetesConnections(t *testing.T) {
	kubeconfig, err := bed()
	if err != nil {
		t.Fatal(err)
	}
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	if err := rest.LoadTLSFiles(config); err != nil {
		t.Fatal(err)
	}
	token, ca, host := config.BearerToken, config.CAData, config.Host
	write := func(w *workspace, way string) {
		w.write("main.mcp.hcl", `
variable "token" {
  type      = string
  sensitive = true
  default   = ""
}
target "kubernetes" "cluster" {
  image = "example.com/erlmcp:1"
  `+way+`
}
server "hello" {
  target = target.kubernetes.cluster
  tool "hello" {
    static { text = "Hello" }
  }
}
`)
	}
	pem := "<<-PEM\n" + strings.TrimSpace(string(ca)) + "\n    PEM\n"
	data := base64.StdEncoding.EncodeToString(ca)
	for _, c := range []struct{ name, way, says string }{
		{"a kubeconfig and a context", "kubeconfig = \"own.kubeconfig\"\n  context = \"own\"", ""},
		{"exec credentials", "kubeconfig = \"exec.kubeconfig\"\n  context = \"exec\"", ""},
		{"endpoint, CA and token", "endpoint = \"" + host + "\"\n  token = var.token\n  ca = " + pem, ""},
		{"a context that is not there", "kubeconfig = \"own.kubeconfig\"\n  context = \"other\"", "no way to the cluster"},
		{"a wrong token", "endpoint = \"" + host + "\"\n  token = \"wrong\"\n  ca = " + pem, "no access to the cluster"},
		{"an authority that did not sign", "kubeconfig = \"strange.kubeconfig\"\n  context = \"strange\"", "no cluster"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := &workspace{t: t, dir: t.TempDir(), printed: &bytes.Buffer{}, limit: time.Minute}
			w.env = []string{"KUBECONFIG=/nonexistent", "ERLMCP_VAR_token=" + token}
			w.write("own.kubeconfig", kubeconfigOf("own", host, data, "{token: "+token+"}"))
			w.write("credential.json", `{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"`+token+`"}}`)
			w.write("exec.kubeconfig", kubeconfigOf("exec", host, data,
				"{exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: cat, args: ["+filepath.Join(w.dir, "credential.json")+"]}}"))
			w.write("strange.kubeconfig", fmt.Sprintf("apiVersion: v1\nkind: Config\nclusters: [{name: s, cluster: {server: %q}}]\ncontexts: [{name: strange, context: {cluster: s}}]\n", host))
			write(w, c.way)
			r := w.run("drift") // which says so where it cannot look
			if c.says == "" && r.code != 0 || !strings.Contains(strings.ToLower(r.stdout+r.stderr), c.says) {
				t.Errorf("exit %d, want %q\n%s", r.code, c.says, r)
			}
			if strings.Contains(r.stdout+r.stderr, token) {
				t.Error("the token is printed")
			}
			if c.says == "" {
				contains(t, w.must(2, "plan", "-detailed-exitcode").stdout, "to create")
			}
		})
	}
	t.Run("from within the cluster", func(t *testing.T) {
		w := &workspace{t: t, dir: t.TempDir(), printed: &bytes.Buffer{}, limit: time.Minute}
		write(w, "in_cluster = true")
		tool(t, "kubectl", "--kubeconfig", kubeconfig, "create", "serviceaccount", "planner")
		t.Cleanup(func() {
			tool(t, "kubectl", "--kubeconfig", kubeconfig, "delete", "serviceaccount/planner", "clusterrolebinding/planner")
		})
		tool(t, "kubectl", "--kubeconfig", kubeconfig, "create", "clusterrolebinding", "planner", "--clusterrole=edit", "--serviceaccount=default:planner")
		w.write("token", tool(t, "kubectl", "--kubeconfig", kubeconfig, "create", "token", "planner"))
		w.write("ca.crt", string(ca))
		at, err := url.Parse(host)
		if err != nil {
			t.Fatal(err)
		}
		// What a pod has in a folder of its own, this process has in a mount of its own.
		const script = `mount -t tmpfs tmpfs /run && mkdir -p /run/secrets/kubernetes.io/serviceaccount &&
cp token ca.crt /run/secrets/kubernetes.io/serviceaccount/ && exec "$0" plan -detailed-exitcode`
		cmd := exec.Command("unshare", "--mount", "sh", "-c", script, filepath.Join(repository(t), "bin", "erlmcp"))
		cmd.Dir = w.dir
		cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=" + w.dir, "KUBERNETES_SERVICE_HOST=" + at.Hostname(), "KUBERNETES_SERVICE_PORT=" + at.Port()}
		out, err := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != 2 {
			t.Fatalf("exit %d (%v)\n%s", code, err, out)
		}
		contains(t, string(out), "to create")
	})
}
