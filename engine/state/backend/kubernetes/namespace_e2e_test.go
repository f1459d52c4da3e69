//go:build e2e

package kubernetes

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/erlmcp/erlmcp/engine/state/backend/contract"
	"github.com/erlmcp/erlmcp/engine/state/backend/remote"
	"github.com/erlmcp/erlmcp/schemas"
)

// TestKubernetesBackendContract holds the backend to what is promised of every one,
// on a real API server.
func TestKubernetesBackendContract(t *testing.T) {
	out, err := exec.Command("../../../../e2e/setup/kubernetes.sh", "up").Output()
	if err != nil {
		t.Fatalf("bring up a cluster: %v\n%s", err, out)
	}
	kubeconfig := strings.TrimSpace(string(out))
	kubectl := func(args ...string) string {
		out, err := exec.Command("kubectl", append([]string{"--kubeconfig=" + kubeconfig}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return strings.TrimSpace(string(out))
	}
	const namespace = "erlmcp-backend"
	kubectl("create", "namespace", namespace)
	defer kubectl("delete", "namespace", namespace)
	states := 0
	contract.Run(t, contract.Options{
		Lasts: 6 * time.Second, // the API server tells the time to a second
		Reach: func(t *testing.T) func() remote.Place {
			states++
			c := schemas.KubernetesBackend{Name: "state-" + string(rune('a'+states)), Namespace: namespace, Kubeconfig: kubeconfig}
			return func() remote.Place {
				n, err := Open(c)
				if err != nil {
					t.Fatal(err)
				}
				return n
			}
		},
	})
	for _, name := range strings.Fields(kubectl("--namespace="+namespace, "get", "secrets", "-o", "name")) {
		if strings.Contains(name, ".chunks") {
			t.Errorf("a part of a removed object was left: %s", name)
		}
	}
}
