//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/compute/apiv1/computepb"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/erlmcp/erlmcp/providers/gke/cloud"
)

const (
	gkeProject = "acme-prod"
	gkeCluster = "projects/acme-prod/locations/europe-west1/clusters/tools"
)

// newGoogle is a workspace of an example whose Google Cloud is one in this process,
// and whose cluster answers where that of e2e/setup/kubernetes.sh does.
func newGoogle(t *testing.T, example string, delay time.Duration) (*workspace, *cloud.Cloud) {
	t.Helper()
	w := newCluster(t, example)
	google := cloud.New(delay)
	at, stop, err := google.Listen()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		t.Fatal(err)
	}
	w.write("ca.pem", string(config.CAData))
	images := newRegistry(t)
	w.env = []string{"ERLMCP_VAR_project=" + gkeProject, "ERLMCP_VAR_registry=" + images.address + "/tools/erlmcp", "ERLMCP_VAR_bed_token=" + config.BearerToken}
	w.write("bed.mcp.hcl", "variable \"bed_token\" {\n  type = string\n  sensitive = true\n}\n")
	w.replaceIn("main.mcp.hcl", "  project          = var.project\n", fmt.Sprintf(`
  project            = var.project
  container_endpoint = %q
  compute_endpoint   = %q
  endpoint           = %q
  ca                 = file("ca.pem")
  token              = var.bed_token
`, at.GRPC, at.REST, config.Host))
	return w, google
}

// unprotect lets the cluster be deleted, so that the workspace can clean up.
func (w *workspace) unprotect() {
	w.t.Helper()
	w.replaceIn("main.mcp.hcl", "  cluster {\n", "  cluster {\n    deletion_protection = false\n")
}

// balance does what Google's controller does in a real cluster: it gives the
// Service the address that was reserved for it.
func balance(t *testing.T, google *cloud.Cloud, service string) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		// It answers once the Service is there, and again when it is made anew.
		for ctx.Err() == nil {
			name, err := exec.CommandContext(ctx, "kubectl", "--namespace=runbooks", "get", "service", service, "-o",
				`jsonpath={.metadata.annotations.networking\.gke\.io/load-balancer-ip-addresses}/{.status.loadBalancer.ingress[0].ip}`).Output()
			reserved, given, ok := strings.Cut(string(name), "/")
			if err != nil || !ok || reserved == "" || given != "" {
				await(ctx, 200*time.Millisecond)
				continue
			}
			var address string
			err = cloud.Object(google, "projects/acme-prod/regions/europe-west1/addresses/"+reserved, func(a *computepb.Address) { address = a.GetAddress() })
			if err != nil {
				continue
			}
			_ = exec.CommandContext(ctx, "kubectl", "--namespace=runbooks", "patch", "service", service, "--subresource=status", "--type=merge",
				fmt.Sprintf(`-p={"status":{"loadBalancer":{"ingress":[{"ip":%q}]}}}`, address)).Run()
		}
	}()
	return func() { cancel(); <-done }
}

// await pauses between two looks.
func await(ctx context.Context, pause time.Duration) {
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

func TestKubernetesOnGKE(t *testing.T) {
	w, google := newGoogle(t, "gke", 300*time.Millisecond)
	w.unprotect()
	defer balance(t, google, "runbooks")()

	plan := w.must(2, "plan", "-detailed-exitcode").stdout
	contains(t, plan, "target.gke.prod", "+ cluster  create", "+ pool-default  create", "+ firewall-health-checks  create", "+ address  create", "(known after apply)")

	t.Run("killed while the cluster is made, the next apply goes on", func(t *testing.T) { gkeKilled(t, w, google) })
	w.must(0, "plan", "-detailed-exitcode")
	url := w.must(0, "output", "-raw", "url").stdout
	if url = strings.TrimSpace(url); !strings.HasPrefix(url, "http://198.51.") {
		t.Errorf("the URL is %q, not that of the reserved address", url)
	}
	answer := func(t *testing.T) {
		t.Helper()
		w.reaches(t, url, "search query=restore", "backups.md", "Restore the database")
	}
	answer(t)

	t.Run("settings change in place", func(t *testing.T) {
		w.replaceIn("main.mcp.hcl", "max_nodes    = 3", "max_nodes    = 5")
		r := w.must(2, "plan", "-detailed-exitcode")
		contains(t, r.stdout, "max_nodes", "3 → 5")
		w.must(0, "apply", "-auto-approve")
		w.must(0, "plan", "-detailed-exitcode")
		answer(t)
	})
	t.Run("what cannot change is made anew, and the plan says so", func(t *testing.T) {
		w.replaceIn("main.mcp.hcl", "private_nodes   = true", "private_nodes   = false")
		contains(t, w.must(0, "plan").stdout, "replace", "private_nodes")
		w.replaceIn("main.mcp.hcl", "private_nodes   = false", "private_nodes   = true")
	})
	t.Run("protected, nothing is deleted", func(t *testing.T) {
		w.replaceIn("main.mcp.hcl", "deletion_protection = false", "deletion_protection = true")
		w.must(0, "apply", "-auto-approve")
		contains(t, w.must(1, "destroy", "-auto-approve").stderr, "is protected", "deletion_protection = false")
		answer(t)
		w.replaceIn("main.mcp.hcl", "deletion_protection = true", "deletion_protection = false")
		w.must(0, "apply", "-auto-approve")
	})
	t.Run("lost outside, the cluster is made again", func(t *testing.T) {
		google.Lose(gkeCluster)
		contains(t, w.must(2, "drift").stdout, "target.gke.prod/cluster", "is gone")
		contains(t, w.must(0, "plan").stdout, "create")
		w.must(0, "apply", "-auto-approve")
		w.must(0, "plan", "-detailed-exitcode")
		answer(t)
	})
	t.Run("destroy leaves nothing", func(t *testing.T) {
		w.must(0, "destroy", "-auto-approve")
		if left := google.Objects(""); len(left) > 0 {
			t.Errorf("left at Google: %v", left)
		}
		if left := tool(t, "kubectl", "get", "all,secret,configmap,pdb,hpa,networkpolicy,serviceaccount,namespace", "-A", "-l", "erlmcp.dev/lineage", "-o", "name"); left != "" {
			t.Errorf("left in the cluster:\n%s", left)
		}
	})
	_, token, _ := strings.Cut(strings.Join(w.env, "\n"), "ERLMCP_VAR_bed_token=")
	if token == "" || strings.Contains(w.printed.String(), token) {
		t.Error("the token was printed, or there was none")
	}
}

// TestKubernetesCanaryOnGKE changes a server little by little, in an Autopilot
// cluster and behind an Ingress, while clients use its Service.
func TestKubernetesCanaryOnGKE(t *testing.T) {
	w, google := newGoogle(t, "gke-canary", 200*time.Millisecond)
	w.unprotect()
	tool(t, "kubectl", "apply", "--server-side", "-f", "setup/gke-definitions.yaml")
	tool(t, "kubectl", "wait", "--for=condition=Established", "--timeout=30s", "-f", "setup/gke-definitions.yaml")
	w.env = append(w.env, "ERLMCP_VAR_domain=mcp.example.com", "ERLMCP_VAR_hold=1s")
	w.must(0, "apply", "-auto-approve")
	w.must(0, "plan", "-detailed-exitcode")
	contains(t, w.must(0, "output", "-raw", "url").stdout, "https://mcp.example.com/mcp")
	contains(t, kubectl(t, "get", "ingress", "greeter", "-o", "jsonpath={.metadata.annotations}"), `"kubernetes.io/ingress.global-static-ip-name":"erlmcp-tools-greeter"`, `"ingress.gcp.kubernetes.io/pre-shared-cert":"erlmcp-tools-greeter"`)
	contains(t, kubectl(t, "get", "frontendconfig", "greeter", "-o", "jsonpath={.spec.sslPolicy}"), "erlmcp-tools-greeter")
	contains(t, strings.Join(google.Objects(""), " "), "global/addresses/erlmcp-tools-greeter", "global/sslPolicies/erlmcp-tools-greeter", "global/sslCertificates/erlmcp-tools-greeter")

	clients := startLoad(t, "http://"+kubectl(t, "get", "service", "greeter", "-o", "jsonpath={.spec.clusterIP}")+":8080/mcp")
	w.replaceIn("main.mcp.hcl", `text = "Hello"`, `text = "Hello again"`)
	contains(t, w.must(2, "plan", "-detailed-exitcode").stdout, "a trial out of sight", "5% of the requests for 1s", "50% of the requests for 1s", "the new takes over")
	contains(t, w.must(0, "apply", "-auto-approve").stdout, "passed: 50% of the requests")
	w.must(0, "plan", "-detailed-exitcode")
	w.replaceIn("main.mcp.hcl", `text = "Hello again"`, `text = "Goodbye"`)
	contains(t, w.must(1, "apply", "-auto-approve").stderr, `check "says hello" fails`)
	w.replaceIn("main.mcp.hcl", `text = "Goodbye"`, `text = "Hello again"`)
	w.must(0, "plan", "-detailed-exitcode")
	clients.end()
	if clients.saw("Hello") == 0 || clients.saw("Hello again") == 0 {
		t.Error("not both versions were seen")
	}

	w.must(0, "destroy", "-auto-approve")
	if left := google.Objects(""); len(left) > 0 {
		t.Errorf("left at Google: %v", left)
	}
	if left := tool(t, "kubectl", "get", "all,ingress,frontendconfig,backendconfig,namespace", "-A", "-l", "erlmcp.dev/lineage", "-o", "name"); left != "" {
		t.Errorf("left in the cluster:\n%s", left)
	}
}

// gkeKilled kills an apply that waits for GKE, and applies again.
func gkeKilled(t *testing.T, w *workspace, google *cloud.Cloud) {
	google.Hold(true)
	waiting := make(chan struct{})
	looks := 0
	google.Fail(func(c cloud.Call) cloud.Fault {
		if c.Method == "GetOperation" {
			if looks++; looks == 2 {
				close(waiting)
			}
		}
		return cloud.Fault{}
	})
	cmd := w.command(t.Context(), "apply", "-auto-approve")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-waiting:
	case <-time.After(time.Minute):
		t.Errorf("the apply does not come to wait for GKE:\n%s", out.String())
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	google.Fail(nil)
	contains(t, w.must(0, "plan").stdout, "~ cluster", "interrupted apply")

	release := sync.OnceFunc(func() { go google.Hold(false) })
	google.Fail(func(c cloud.Call) cloud.Fault {
		if c.Method == "GetOperation" { // it is waited for
			release()
		}
		return cloud.Fault{}
	})
	r := w.must(0, "apply", "-auto-approve")
	google.Fail(nil)
	contains(t, r.stdout+r.stderr, "target.gke.prod/cluster: waiting for GKE to finish what was begun before: create cluster (operation-")
	if n := google.Calls("CreateCluster"); n != 1 {
		t.Errorf("the cluster was asked for %d times", n)
	}
}
