//go:build e2e

package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// TestDockerKeepsReceipts replaces the container of a server twice: the chain of
// its receipts goes on.
func TestDockerKeepsReceipts(t *testing.T) {
	const name = "erlmcp-receipts-kept"
	w := newWorkspace(t, "")
	configure := func(port int, more string) {
		w.write("main.mcp.hcl", fmt.Sprintf(`
target "docker" "receipts" {}
server "kept" {
  target = target.docker.receipts
  listen { port = %d }
  metrics { enabled = false }
  tool "hello" {
    static { text = "Hello!" }
  }
  %s
}`, port, more))
	}
	const kept = `receipts {
    folder     = "/var/lib/receipts"
    sign_every = "100ms"
  }`
	ids := map[string]bool{}
	for range 3 {
		port := freePort(t)
		configure(port, kept)
		w.must(0, "apply", "-auto-approve")
		w.must(0, "call", fmt.Sprintf("http://127.0.0.1:%d", port), "hello")
		ids[fmt.Sprint(inspect(t, name)["Id"])] = true
	}
	if len(ids) != 3 {
		t.Errorf("%d containers served, one after another; want 3", len(ids))
	}
	w.must(0, "plan", "-detailed-exitcode")
	w.must(0, "server", "stop", "kept")
	copied := filepath.Join(t.TempDir(), "receipts")
	tool(t, "docker", "cp", name+":/var/lib/receipts", copied)
	got := w.must(0, "receipts", "verify", "-key", filepath.Join(copied, "receipts.key.pub"), copied).stdout
	contains(t, got, "records 1 to", "3 calls, no refusals", "Closed")
	if n := strings.Count(got, "Chain "); n != 1 {
		t.Errorf("%d chains:\n%s", n, got)
	}
	w.must(2, "drift")

	// Without the block the data goes, and the plan says so.
	configure(freePort(t), "")
	contains(t, w.must(0, "plan").stdout, "- receipts  delete")
	w.must(0, "apply", "-auto-approve")
	if volumes := ours(t, w, "volume"); len(volumes) != 1 {
		t.Errorf("volumes: %v", volumes)
	}
}
