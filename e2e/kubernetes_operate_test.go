//go:build e2e

package e2e

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// TestKubernetesServerCommands looks after a server of two pods.
func TestKubernetesServerCommands(t *testing.T) {
	w := newCluster(t, "kubernetes")
	images := newRegistry(t)
	w.env = []string{"ERLMCP_VAR_registry=" + images.address + "/tools/erlmcp"}
	w.must(0, "apply", "-auto-approve")
	kubectl(t, "wait", "--for=jsonpath={.status.readyReplicas}=2", "deployment/runbooks", "--timeout=90s")

	var list []struct {
		Address string
		Units   []struct {
			Name, Place string
			Ready       bool
			Server      struct{ URL, State string }
		}
	}
	if err := json.Unmarshal([]byte(w.must(0, "server", "status", "-json").stdout), &list); err != nil {
		t.Fatal(err)
	}
	if len(list) != 1 || len(list[0].Units) != 2 {
		t.Fatalf("the status is %+v", list)
	}
	first, second := list[0].Units[0], list[0].Units[1]
	for _, u := range list[0].Units {
		if !u.Ready || u.Place != "n1" || u.Server.State != "running" || !strings.HasPrefix(u.Name, "runbooks-") {
			t.Errorf("a pod is %+v", u)
		}
	}
	contains(t, w.must(0, "server", "status", "runbooks").stdout, "2 of 2 ready", "✓ "+first.Name+"  running", "on n1")
	contains(t, w.must(0, "server", "ping").stdout, first.Name+") answers.", second.Name+") answers.")
	contains(t, w.must(0, "server", "reload", "-unit="+second.Name).stdout, second.Name+") has loaded its document again.")
	contains(t, w.must(1, "server", "ping", "-unit=nobody").stderr, "No such unit")
	contains(t, w.must(1, "server", "stop", "-unit="+first.Name).stderr, "Pods are not stopped one by one")

	logs := w.must(0, "server", "logs", "runbooks", "-tail=-1").stdout
	contains(t, logs, "── "+first.Name, "── "+second.Name, "serving: name=runbooks")
	eventually(t, func() string { // a node writes its pods' logs a moment later
		if line := w.must(0, "server", "logs", "-unit="+second.Name, "-tail=1").stdout; !strings.Contains(line, "reloaded") {
			return "the last line is " + line
		}
		return ""
	})
	w.must(0, "server", "profile", "-unit="+first.Name, "-kind=goroutine", "-out=g.pprof")
	contains(t, tool(t, "go", "tool", "pprof", "-top", filepath.Join(w.dir, "g.pprof")), "Type: goroutine")

	t.Run("a pod whose server was killed is seen", func(t *testing.T) {
		// The process of a container is 1 within it, and cannot be killed from there.
		pid := tool(t, "bash", "-c", "for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline 2>/dev/null | grep -q '^/erlmcpd run' && grep -q "+podUID(t, first.Name)+" $p/cgroup && basename $p; done; true")
		tool(t, "kill", "-KILL", strings.Fields(pid)[0])
		eventually(t, func() string {
			status := w.must(0, "server", "status").stdout
			if !strings.Contains(status, "started again once") || !strings.Contains(status, "ended last with exit code 137") || !strings.Contains(status, "2 of 2 ready") {
				return status
			}
			return ""
		})
	})
}

// podUID is a pod's identifier as it stands in the names of control groups.
func podUID(t *testing.T, pod string) string {
	return kubectl(t, "get", "pod", pod, "-o", "jsonpath={.metadata.uid}")
}
