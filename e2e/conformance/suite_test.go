//go:build e2e

package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/erlmcp/erlmcp/engine/config"
	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server"
)

// The suite that is the gate, and the Node that runs it.
const (
	suite = "@modelcontextprotocol/conformance@0.2.0-alpha.12"
	node  = "node@22"
)

// check is one check of a scenario, as the suite writes it.
type check struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	Error  string `json:"errorMessage"`
}

// TestConformance runs each set of scenarios against a server of its own. No
// failure is expected, scored or not; a warning is a failure too.
func TestConformance(t *testing.T) {
	home := installed(t, "conformance-0.2.0-alpha.12", suite, node)
	for _, c := range []struct {
		name   string
		args   []string
		checks int // at least, so that a suite that runs nothing does not pass
	}{
		{"2025-11-25", []string{"--requirements", "2025-11-25"}, 60},
		{"2026-07-28", []string{"--requirements", "2026-07-28"}, 130},
		{"everything", []string{"--suite", "all"}, 150},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := t.TempDir()
			args := append([]string{
				filepath.Join(home, "node_modules", "@modelcontextprotocol", "conformance", "dist", "index.js"),
				"server", "--url", startFixture(t), "--output-dir", out,
			}, c.args...)
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, filepath.Join(home, "node_modules", ".bin", "node"), args...)
			printed, err := cmd.CombinedOutput()
			if err != nil {
				t.Errorf("the suite ended with %v:\n%s", err, printed)
			}
			count := judge(t, out)
			t.Logf("%v", count)
			if count["SUCCESS"] < c.checks {
				t.Errorf("%d checks succeeded, want at least %d", count["SUCCESS"], c.checks)
			}
		})
	}
}

// notOurs are the checks that may be skipped: those of an extension that the runtime
// does not offer (SEP-2640), and one that the suite skips for every server since
// SEP-2663.
var notOurs = regexp.MustCompile(`^sep-2640-|^tasks-status-notifications$`)

// judge reads the checks that the suite has written, reports those that did not
// succeed, and counts them by status.
func judge(t *testing.T, dir string) map[string]int {
	t.Helper()
	count := map[string]int{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() != "checks.json" {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var checks []check
		if err := json.Unmarshal(raw, &checks); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		for _, c := range checks {
			count[c.Status]++
			if c.Status == "FAILURE" || c.Status == "WARNING" || c.Status == "SKIPPED" && !notOurs.MatchString(c.ID) {
				t.Errorf("%s: %s %s: %s", filepath.Base(filepath.Dir(path)), c.Status, c.ID, c.Error)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return count
}

// startFixture serves the fixture until the test ends, and returns its URL.
func startFixture(t *testing.T) string {
	t.Helper()
	doc := fixture(t)
	var rt *server.Runtime
	var changing sync.Mutex
	change := func(tools, prompts bool) error {
		changing.Lock()
		defer changing.Unlock()
		doc = changed(doc, tools, prompts)
		return rt.Reload(doc, "")
	}
	var log bytes.Buffer
	rt, err := server.New(doc, server.Options{
		FilesDir: ".", Log: &log,
		Tools:   append(append(olderTools(), roundTools(change)...), taskTools()...),
		Prompts: roundPrompts(),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := rt.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := rt.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("the server's log:\n%s", log.String())
		}
	})
	return rt.URL()
}

// fixture is the document of fixture.mcp.hcl.
func fixture(t *testing.T) *schemas.Server {
	t.Helper()
	conf, diags := config.Load(".", config.Options{InPlace: true})
	if diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	in, diags := conf.Evaluate(conf.Instances()[0].Ref, &config.Exports{})
	if diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	raw, err := schemas.Encode(in.Document)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := schemas.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// changed is the document with a tool or prompt more, or without it when it was
// there.
func changed(doc *schemas.Server, tools, prompts bool) *schemas.Server {
	next := *doc
	const name = "comes_and_goes"
	if tools {
		next.Tools = toggled(doc.Tools, name, &schemas.Tool{Description: "Comes and goes", Static: &schemas.Static{Text: "here"}})
	}
	if prompts {
		next.Prompts = toggled(doc.Prompts, name, &schemas.Prompt{Description: "Comes and goes", Messages: []schemas.Message{{Role: "user", Text: "here"}}})
	}
	return &next
}

func toggled[V any](m map[string]V, name string, v V) map[string]V {
	next := maps.Clone(m)
	if _, there := next[name]; there {
		delete(next, name)
	} else {
		next[name] = v
	}
	return next
}

var plainName = regexp.MustCompile(`^[a-z0-9.-]+$`)

// installed installs npm packages in a folder of the cache, once, and returns the
// folder.
func installed(t *testing.T, name string, packages ...string) string {
	t.Helper()
	if !plainName.MatchString(name) {
		t.Fatalf("%q is not the name of a folder", name)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, "erlmcp", name)
	if _, err := os.Stat(filepath.Join(dir, "complete")); err == nil {
		return dir
	}
	npm, err := exec.LookPath("npm")
	if err != nil {
		t.Fatal("npm is missing; e2e/setup/npm.sh installs it")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(npm, append([]string{"install", "--prefix", dir, "--no-audit", "--no-fund", "--save-exact"}, packages...)...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("npm install: %v\n%s", err, out)
	}
	if err := os.WriteFile(filepath.Join(dir, "complete"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}
