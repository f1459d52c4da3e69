//go:build e2e

package e2e

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/fsouza/fake-gcs-server/fakestorage"
)

// TestSharedStateInGCS and TestSharedStateInKubernetes kill an apply with SIGKILL
// and go on from another folder that has only the files, as another machine would.
func TestSharedStateInGCS(t *testing.T) {
	t.Parallel()
	s, err := fakestorage.NewServerWithOptions(fakestorage.Options{Scheme: "http", Host: "127.0.0.1", PublicHost: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	s.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: "states"})
	sharedState(t, fmt.Sprintf(`backend "gcs" {
    bucket   = "states"
    endpoint = %q
  }`, s.URL()))
}

func TestSharedStateInKubernetes(t *testing.T) {
	t.Parallel()
	kubeconfig, err := bed()
	if err != nil {
		t.Fatalf("bring up the cluster: %v", err)
	}
	t.Cleanup(func() {
		tool(t, "kubectl", "--kubeconfig="+kubeconfig, "delete", "secrets,leases", "-l", "erlmcp.dev/state=fleet")
	})
	sharedState(t, fmt.Sprintf(`backend "kubernetes" {
    name       = "fleet"
    kubeconfig = %q
  }`, kubeconfig))
}

func sharedState(t *testing.T, backend string) {
	world := filepath.Join(t.TempDir(), "world.json")
	machine := func() *workspace {
		w := newWorkspace(t, "")
		w.write("main.mcp.hcl", fmt.Sprintf(`
erlmcp {
  %s
}

target "sim" "world" {
  file    = %q
  latency = "200ms"
}

server "hello" {
  count  = 20
  target = target.sim.world
  listen { port = 8080 + count.index }
  metrics { enabled = false }
  tool "greet" {
    static { text = "Hello!" }
  }
}
`, backend, world))
		w.must(0, "init")
		return w
	}
	one, two := machine(), machine()

	// Killed with SIGKILL once something was created.
	victim := one.command(t.Context(), "apply", "-auto-approve", "-parallelism", "4")
	killOnceCreated(t, victim)
	if _, err := os.Stat(filepath.Join(one.dir, ".erlmcp", "state.json")); err == nil {
		t.Error("the state lies on the machine")
	}

	// The lock is still the dead one's, and the other is told whose.
	refused := two.must(1, "apply", "-auto-approve")
	contains(t, refused.stderr, "The state is locked", "apply by", fmt.Sprintf("process %d", victim.Process.Pid), "the lock ends in")

	// Who waits gets it, and goes on with what the journal tells.
	done := two.must(0, "apply", "-auto-approve", "-lock-timeout", "2m")
	contains(t, done.stdout, "Applied:")
	two.must(0, "plan", "-detailed-exitcode")
	one.must(0, "plan", "-detailed-exitcode")
	if n := strings.Count(one.must(0, "state", "list").stdout, "server.hello["); n != 20 {
		t.Errorf("%d servers are recorded", n)
	}
	src, err := os.ReadFile(world)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(src), `/process"`); n != 20 {
		t.Errorf("%d processes are in the world, of 20", n)
	}

	// Two at once from two machines: one works, the other is refused.
	slow := one.command(t.Context(), "apply", "-auto-approve", "-replace", "server.hello[0]")
	out, err := slow.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := slow.Start(); err != nil {
		t.Fatal(err)
	}
	awaitText(t, out, ": replacing", ": deleting", ": creating")
	signal := func(s os.Signal) {
		t.Helper()
		if err := slow.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
	}
	signal(syscall.SIGSTOP) // it works on for as long as the other takes to come
	contains(t, two.must(1, "apply", "-auto-approve").stderr, "The state is locked", fmt.Sprintf("process %d", slow.Process.Pid))
	signal(syscall.SIGCONT)
	if err := slow.Wait(); err != nil {
		t.Errorf("the first of two: %v", err)
	}
	two.must(0, "plan", "-detailed-exitcode")
}

// killOnceCreated starts a command and kills it when it says that something was
// created.
func killOnceCreated(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	awaitText(t, out, "process: created")
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
}

// awaitText reads what a command prints until it holds one of the texts.
func awaitText(t *testing.T, out io.Reader, texts ...string) {
	t.Helper()
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		for _, text := range texts {
			if strings.Contains(lines.Text(), text) {
				return
			}
		}
	}
	t.Fatalf("it ended without printing any of %q", texts)
}
