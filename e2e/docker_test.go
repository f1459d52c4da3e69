//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const container = "erlmcp-local-runbooks"

// ours lists Docker's objects of one kind that a workspace's applies made. An
// image is the same for everybody, and belongs to a target by its tag.
func ours(t *testing.T, w *workspace, kind string) []string {
	t.Helper()
	if kind == "image" {
		return strings.Fields(tool(t, "docker", "images", "-q", "--no-trunc", "erlmcp/runtime"))
	}
	var state struct{ Lineage string }
	if err := json.Unmarshal([]byte(w.must(0, "show", "-json").stdout), &state); err != nil {
		t.Fatal(err)
	}
	args := map[string][]string{
		"container": {"ps", "-aq", "--no-trunc"},
		"network":   {"network", "ls", "-q"},
		"volume":    {"volume", "ls", "-q"},
	}[kind]
	return strings.Fields(tool(t, "docker", append(args, "--filter", "label=dev.erlmcp.lineage="+state.Lineage)...))
}

func inspect(t *testing.T, name string) map[string]any {
	t.Helper()
	var list []map[string]any
	if err := json.Unmarshal([]byte(tool(t, "docker", "inspect", name)), &list); err != nil {
		t.Fatal(err)
	}
	return list[0]
}

func TestDockerExample(t *testing.T) {
	w := newWorkspace(t, "docker")
	w.must(0, "cert")
	w.must(0, "apply", "-auto-approve")
	answer := w.must(0, "call", "-ca", "certs/ca.pem", "https://localhost:8443", "search", "query=restore")
	contains(t, answer.stdout, "backups.md", "Restore the database")
	w.must(0, "plan", "-detailed-exitcode")

	t.Run("the container is hardened", func(t *testing.T) { hardened(t, inspect(t, container)) })

	for _, c := range []struct {
		name, attribute string
		break_          func()
	}{
		{"stopped", "running", func() { tool(t, "docker", "stop", container) }},
		{"removed", "is gone", func() { tool(t, "docker", "rm", "-f", container) }},
		{"given more memory", "memory", func() { tool(t, "docker", "update", "--memory", "200m", "--memory-swap", "200m", container) }},
		{"given another processor limit", "cpu", func() { tool(t, "docker", "update", "--cpus", "0.5", container) }},
		{"its document edited", "document.title", func() { editDocument(t, w) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.break_()
			d := w.must(2, "drift")
			contains(t, d.stdout, c.attribute)
			w.must(0, "apply", "-auto-approve")
			w.must(0, "drift")
			w.must(0, "plan", "-detailed-exitcode")
			w.must(0, "call", "-ca", "certs/ca.pem", "https://localhost:8443", "search", "query=restore")
		})
	}

	t.Run("no secret is kept or shown", func(t *testing.T) { noSecret(t, w) })

	w.must(0, "destroy", "-auto-approve")
	for _, kind := range []string{"container", "network", "volume", "image"} {
		if left := ours(t, w, kind); len(left) > 0 {
			t.Errorf("destroy left %s %v", kind, left)
		}
	}
}

func hardened(t *testing.T, c map[string]any) {
	host := c["HostConfig"].(map[string]any)
	conf := c["Config"].(map[string]any)
	if host["ReadonlyRootfs"] != true {
		t.Error("the root file system can be written")
	}
	if got := fmt.Sprint(host["CapDrop"]); !strings.Contains(strings.ToUpper(got), "ALL") {
		t.Errorf("capabilities dropped: %v", got)
	}
	if host["CapAdd"] != nil {
		t.Errorf("capabilities added: %v", host["CapAdd"])
	}
	if got := fmt.Sprint(host["SecurityOpt"]); !strings.Contains(got, "no-new-privileges") {
		t.Errorf("security options: %v", got)
	}
	if user := fmt.Sprint(conf["User"]); user == "" || user == "0" || strings.HasPrefix(user, "0:") || user == "root" {
		t.Errorf("user %q", user)
	}
	if host["Privileged"] != false {
		t.Error("the container is privileged")
	}
	if got := host["Memory"]; got != float64(128<<20) {
		t.Errorf("memory %v", got)
	}
	if got := host["NanoCpus"]; got != float64(1e9) {
		t.Errorf("cpu %v", got)
	}
	if got, _ := host["PidsLimit"].(float64); got <= 0 {
		t.Errorf("process limit %v", host["PidsLimit"])
	}
	if conf["Healthcheck"] == nil {
		t.Error("no health check")
	}
	// Docker asks the binary in its own time: first after ten seconds.
	waitFor(t, "Docker finds the server healthy", time.Minute, func() bool {
		health := tool(t, "docker", "inspect", "-f", "{{.State.Health.Status}}", container)
		if health == "unhealthy" {
			t.Fatalf("health: %s", tool(t, "docker", "inspect", "-f", "{{json .State.Health}}", container))
		}
		return health == "healthy"
	})
}

// editDocument edits the runtime document where it lies on the engine's disk.
func editDocument(t *testing.T, w *workspace) {
	t.Helper()
	var path string
	for _, v := range ours(t, w, "volume") {
		mount := tool(t, "docker", "volume", "inspect", "-f", "{{.Mountpoint}}", v)
		filepath.WalkDir(mount, func(p string, d fs.DirEntry, err error) error {
			if err == nil && d.Name() == "server.json" {
				path = p
			}
			return nil
		})
	}
	if path == "" {
		t.Fatal("no runtime document in any volume")
	}
	doc, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	edited := bytes.Replace(doc, []byte(`"Runbooks"`), []byte(`"Somebody was here"`), 1)
	if bytes.Equal(doc, edited) {
		t.Fatalf("nothing to edit in %s", doc)
	}
	if err := os.WriteFile(path, edited, 0o640); err != nil {
		t.Fatal(err)
	}
}

// noSecret searches everything that erlmcp wrote or printed for the TLS key.
func noSecret(t *testing.T, w *workspace) {
	w.must(0, "plan", "-out", "saved.plan", "-replace", "server.runbooks")
	w.must(0, "plan", "-json")
	w.must(0, "show", "-json")
	w.must(0, "show", "saved.plan")
	key, err := os.ReadFile(filepath.Join(w.dir, "certs", "server.key"))
	if err != nil {
		t.Fatal(err)
	}
	secret := []byte(strings.Split(string(key), "\n")[1])
	if len(secret) < 40 {
		t.Fatalf("no secret to look for in %q", key)
	}
	if bytes.Contains(w.printed.Bytes(), secret) {
		t.Error("erlmcp printed the private key")
	}
	files := 0
	filepath.WalkDir(w.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if d != nil && d.Name() == "certs" {
				return fs.SkipDir
			}
			return err
		}
		files++
		if content, _ := os.ReadFile(path); bytes.Contains(content, secret) {
			t.Errorf("the private key stands in %s", path)
		}
		return nil
	})
	if files < 5 {
		t.Errorf("only %d files were searched", files)
	}
	if logs := tool(t, "docker", "logs", container); strings.Contains(logs, string(secret)) {
		t.Error("the server logged its private key")
	}
	if strings.Contains(tool(t, "docker", "inspect", container), string(secret)) {
		t.Error("the container's settings hold the private key")
	}
}

// TestKilledApplyConvergesInDocker ends an apply with SIGKILL at random moments,
// over and over, and then lets one finish.
func TestKilledApplyConvergesInDocker(t *testing.T) {
	w := newWorkspace(t, "docker")
	w.must(0, "cert")
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 8 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(100+random.IntN(4000))*time.Millisecond)
		cmd := w.command(ctx, "apply", "-auto-approve")
		cmd.WaitDelay = time.Second
		_ = cmd.Run() // killed when the time is over
		cancel()
	}
	w.must(0, "apply", "-auto-approve")
	w.must(0, "plan", "-detailed-exitcode")
	w.must(0, "call", "-ca", "certs/ca.pem", "https://localhost:8443", "search", "query=restore")
	for kind, want := range map[string]int{"container": 1, "network": 1, "volume": 1, "image": 1} {
		if got := ours(t, w, kind); len(got) != want {
			t.Errorf("%d of kind %s: %v", len(got), kind, got)
		}
	}
}

func TestDockerPicksAPort(t *testing.T) {
	w := newWorkspace(t, "")
	w.write("main.mcp.hcl", `
target "docker" "local" {}
server "any" {
  target = target.docker.local
  listen { port = 0 }
  metrics { enabled = false }
  tool "hello" {
    input "name" { type = string }
    static { text = "Hello, ${input.name}!" }
  }
}
output "url" { value = server.any.url }
`)
	contains(t, w.must(0, "plan").stdout, "(known after apply)")
	w.must(0, "apply", "-auto-approve")
	url := strings.TrimSpace(w.must(0, "output", "-raw", "url").stdout)
	contains(t, w.must(0, "call", url, "hello", "name=Ada").stdout, "Hello, Ada!")
	w.must(0, "plan", "-detailed-exitcode")
}

func TestNoDockerDaemon(t *testing.T) {
	w := newWorkspace(t, "")
	w.write("main.mcp.hcl", `
target "docker" "absent" { host = "unix:///nonexistent/docker.sock" }
server "any" {
  target = target.docker.absent
  tool "hello" {
    static { text = "Hello" }
  }
}
`)
	r := w.must(1, "apply", "-auto-approve")
	contains(t, r.stderr, "/nonexistent/docker.sock")
	if strings.Count(r.stderr, "error:") != 1 {
		t.Errorf("not one clear error:\n%s", r.stderr)
	}
}
