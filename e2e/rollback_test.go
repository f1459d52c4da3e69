//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// checked is a server over TLS whose tool greets, with a check of the greeting.
const checked = `
target "docker" "local" { prefix = "erlmcp-checked" }

variable "token" {
  type      = string
  sensitive = true
}

server "hello" {
  target = target.docker.local
  listen { port = %d }
  metrics { enabled = false }
  tls {
    certificate = file("certs/server.pem")
    key         = file("certs/server.key")
  }
  resource "docs" { folder = "docs" }
  tool "greet" {
    input "name" { type = string }
    static { text = "%s, ${input.name}!" }
  }
  tool "ask" {
    http {
      url     = "http://127.0.0.1:9/"
      headers = { Authorization = "Bearer ${var.token}" }
    }
  }
  smoke "greets" {
    call    = "greet"
    with    = { name = "Ada" }
    require = result.text == "Hello, Ada!"
    retries = 1
  }
}
`

// TestChecksAndRollbackInDocker changes a container in place and for another one
// while its check fails: each time the previous one is back, with its files and
// secrets.
func TestChecksAndRollbackInDocker(t *testing.T) {
	w := newWorkspace(t, "")
	port := freePort(t)
	write := func(path, text string) {
		t.Helper()
		path = filepath.Join(w.dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	configure := func(port int, greeting, doc, token string) {
		write("main.mcp.hcl", fmt.Sprintf(checked, port, greeting))
		write("docs/tides.md", doc)
		write("secret.auto.mcpvars", fmt.Sprintf("token = %q\n", token))
	}
	works := func() {
		t.Helper()
		url := fmt.Sprintf("https://localhost:%d", port)
		contains(t, w.must(0, "call", "-ca", "certs/ca.pem", url, "greet", "name=Ada").stdout, "Hello, Ada!")
		contains(t, w.must(0, "call", "-ca", "certs/ca.pem", url, "resources/read", "uri=erlmcp://docs/tides.md").stdout, "The harbour")
	}
	configure(port, "Hello", "The harbour.", "s3cret-alpha")
	w.must(0, "cert")
	contains(t, w.must(0, "apply", "-auto-approve").stdout, `checking "greets" (1 of 1)`, "Applied: 4 created.")
	works()

	for name, next := range map[string]int{"in place": port, "by another container": freePort(t)} {
		t.Run(name, func(t *testing.T) {
			configure(next, "Goodbye", "The quay.", "s3cret-beta")
			r := w.must(1, "apply", "-auto-approve")
			contains(t, r.stdout, "server.hello on target.docker.local was put back: it is again as revision")
			contains(t, r.stderr, "does not pass its checks", "the answer is: Goodbye, Ada!", "Its log ends with:")
			works()
			configure(port, "Hello", "The harbour.", "s3cret-alpha")
			w.must(0, "plan", "-detailed-exitcode")
			w.must(0, "drift")
		})
	}
	t.Run("to an earlier revision", func(t *testing.T) {
		configure(port, "Hello", "The quay.", "s3cret-alpha")
		w.must(0, "apply", "-auto-approve")
		contains(t, w.must(0, "history").stdout, "1 updated", "1 failed, 1 put back", "4 created")
		contains(t, w.must(0, "rollback", "-auto-approve").stdout, "Back to what revision 1 left:", "Applied: 1 updated.")
		works()
		configure(port, "Hello", "The harbour.", "s3cret-alpha")
		w.must(0, "plan", "-detailed-exitcode")
	})
	state, err := os.ReadFile(filepath.Join(w.dir, ".erlmcp", "state.json"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(append(state, w.printed.Bytes()...), []byte("s3cret-")) {
		t.Error("a secret was printed or kept")
	}
}
