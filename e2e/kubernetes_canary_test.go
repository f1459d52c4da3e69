//go:build e2e

package e2e

import (
	"bufio"
	"context"
	"os"
	"strings"
	"sync"
	"testing"
)

const (
	canary = `
  rollout {
    strategy = "canary"
    canary {
      steps = [20, 50]
      hold  = "2s"
    }
  }`
	blueGreen = `
  rollout { strategy = "blue_green" }`
)

// TestKubernetesStrategies changes a server in the ways that need a second
// Deployment, while clients use it.
func TestKubernetesStrategies(t *testing.T) {
	g := newGreeter(t, "strategies")
	g.write("", "Hello one", greets+canary)
	g.w.must(0, "apply", "-auto-approve")
	clients := startLoad(t, g.url())

	t.Run("canary", func(t *testing.T) {
		g.write("", "Hello two", greets+canary)
		contains(t, g.w.must(2, "plan", "-detailed-exitcode").stdout, "a trial out of sight", "20% of the requests for 2s", "50% of the requests for 2s", "the new takes over")
		r := g.w.must(0, "apply", "-auto-approve")
		contains(t, r.stdout, "pods of the new version: 1, beside 2", "pods of the new version: 2, beside 2", "0.0% errors", "passed: 50% of the requests")
		g.settled()
	})
	t.Run("killed in the middle of a canary", func(t *testing.T) {
		g.write("", "Hello three", greets+canary)
		g.endAt(os.Kill, "updating, 50% of the requests", "watching it for")
		if s := g.kubectl("get", "service", "hello", "-o", "jsonpath={.spec.selector}"); s != `{"app.kubernetes.io/name":"hello"}` {
			t.Errorf("killed too late: the Service picks %s", s)
		}
		g.w.must(0, "apply", "-auto-approve")
		g.settled()
	})
	t.Run("stopped while a canary is watched", func(t *testing.T) {
		g.write("", "Hello stopped", greets+strings.Replace(canary, "2s", "1h", 1))
		contains(t, g.endAt(os.Interrupt, "updating, 20% of the requests", "watching it for"), "deployment: stands at 20% of the requests",
			"Stopped: 1 under way.", "The rollout of server.hello@kubernetes.cluster stands at 20% of the requests for 1h")
		g.write("", "Hello stopped", greets+canary)
		g.w.must(0, "apply", "-auto-approve")
		g.settled()
	})
	t.Run("blue-green", func(t *testing.T) {
		g.write("", "Hello four", greets+blueGreen)
		r := g.w.must(0, "apply", "-auto-approve")
		contains(t, r.stdout, "pods of the new version: 2, beside 2")
		g.settled()
	})
	t.Run("blue-green with a failing check", func(t *testing.T) {
		g.write("", "Goodbye", greets+blueGreen)
		contains(t, g.w.must(1, "apply", "-auto-approve").stderr, `check "greets" fails`)
		g.write("", "Hello four", greets+blueGreen)
		g.settled()
	})
	clients.end()
	for _, text := range []string{"Hello one", "Hello two", "Hello three", "Hello four"} {
		if clients.saw(text) == 0 {
			t.Errorf("no client saw %q", text)
		}
	}
	t.Run("a canary that answers with errors", func(t *testing.T) { g.failingCanary(t) })
}

// endAt ends an apply by a signal once it has printed the texts, one after another,
// and returns what it prints after that.
func (g *greeter) endAt(with os.Signal, texts ...string) string {
	g.w.t.Helper()
	cmd := g.w.command(g.w.t.Context(), "apply", "-auto-approve")
	out, err := cmd.StdoutPipe()
	if err != nil {
		g.w.t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout // both in one
	if err := cmd.Start(); err != nil {
		g.w.t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for len(texts) > 0 && lines.Scan() {
		if strings.Contains(lines.Text(), texts[0]) {
			texts = texts[1:]
		}
	}
	if err := cmd.Process.Signal(with); err != nil {
		g.w.t.Fatal(err)
	}
	var rest strings.Builder
	for lines.Scan() { // ends with the process
		rest.WriteString(lines.Text() + "\n")
	}
	_ = cmd.Wait() // which was ended before it was done
	if len(texts) > 0 {
		g.w.t.Fatalf("the apply did not print %q", texts)
	}
	return rest.String()
}

// failingCanary has clients of a canary get errors where those of the old version
// get answers.
func (g *greeter) failingCanary(t *testing.T) {
	const canary = canary + `
  kubernetes { sticky = false }`
	g.write("", "Hello four", canary)
	g.w.must(0, "apply", "-auto-approve")
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for n := range 8 {
		c := newCaller(g.url(), n)
		all.Go(func() {
			for ctx.Err() == nil {
				_, _ = c.modern(ctx) // that some fail is the point
			}
		})
	}
	g.write("", "BAD", canary)
	g.w.replaceIn("main.mcp.hcl", `static { text = "BAD" }`, `http { url = "http://127.0.0.1:9/" }`)
	r := g.w.must(1, "apply", "-auto-approve")
	stop()
	all.Wait()
	contains(t, strings.Join(strings.Fields(r.stderr), " "), "The new version answers with errors", "The server was put back")
	g.write("", "Hello four", canary)
	g.settled()
}
