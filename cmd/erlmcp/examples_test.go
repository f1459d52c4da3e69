package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/erlmcp/erlmcp/examples"
)

// plannable says how each example is tried: with which variables, and by which
// command. Those on Docker need an engine: e2e/docker_test.go plans them.
var plannable = map[string]struct {
	vars string
	args []string
}{
	"canary":      {vars: "image=registry.example.com/tools/erlmcp:1", args: []string{"plan"}},
	"ci":          {args: []string{"render"}}, // ci_test.go plans it, with a bucket
	"docker":      {args: []string{"validate"}},
	"edge":        {vars: "arch=amd64", args: []string{"validate"}},
	"federation":  {vars: "partner_token=t archive_password=p", args: []string{"plan"}},
	"fleet":       {args: []string{"plan"}},
	"gateway":     {args: []string{"plan"}},
	"gke":         {vars: "project=acme-prod", args: []string{"plan"}},
	"gke-canary":  {vars: "project=acme-prod domain=mcp.example.com", args: []string{"plan"}},
	"gke-private": {vars: "project=acme-prod", args: []string{"plan"}},
	"guarded":     {vars: "ops_sha256=" + strings.Repeat("0a", 32) + " ci_sha256=" + strings.Repeat("0b", 32), args: []string{"plan"}},
	"hardened":    {vars: "batch_key=0123456789abcdef state_key=0123456789abcdef", args: []string{"plan"}},
	"intranet":    {args: []string{"plan"}},
	"kubernetes":  {vars: "registry=registry.example.com/tools/erlmcp", args: []string{"plan"}},
	"museum":      {args: []string{"plan"}},
	"observed":    {args: []string{"plan"}},
	"openapi":     {vars: "token=t", args: []string{"plan"}},
	"platform":    {args: []string{"render"}}, // its state is in a cluster
	"public":      {args: []string{"plan"}},
	"quickstart":  {args: []string{"plan"}},
	"telemetry":   {vars: "collector_key=k elastic_key=k", args: []string{"plan"}},
}

// TestEachExampleCanBePlanned copies each example as a user does, and finds it
// canonical, valid, and of one mind with its README.
func TestEachExampleCanBePlanned(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range exampleNames() {
		t.Run(name, func(t *testing.T) {
			how, ok := plannable[name]
			if !ok {
				t.Fatal("nothing says how it is tried")
			}
			dir := t.TempDir()
			t.Chdir(dir)
			for key, value := range map[string]string{
				"ERLMCP_RUNTIME": self, // nothing is shipped
				"HOME":           dir, "KUBECONFIG": filepath.Join(dir, "none"), "GOOGLE_APPLICATION_CREDENTIALS": filepath.Join(dir, "none"),
			} {
				t.Setenv(key, value)
			}
			succeeds(t, "init", "-example", name)
			if uses(t, dir, `file("certs/`) {
				succeeds(t, "cert")
			}
			for _, v := range strings.Fields(how.vars) {
				key, value, _ := strings.Cut(v, "=")
				t.Setenv("ERLMCP_VAR_"+key, value)
			}
			succeeds(t, "fmt", "-check")
			succeeds(t, "validate")
			if out := succeeds(t, how.args...); how.args[0] == "plan" && !strings.Contains(out, "to create.") {
				t.Errorf("the plan makes nothing:\n%s", out)
			}
			if !uses(t, dir, "# "+name+"\n") {
				t.Error("README.md has another title")
			}
		})
	}
}

func succeeds(t *testing.T, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(args, strings.NewReader(""), &out, &errs); code != exitOK {
		t.Fatalf("erlmcp %s: exit %d\n%s%s", strings.Join(args, " "), code, &out, &errs)
	}
	return out.String()
}

// uses says whether a file of the folder holds the text.
func uses(t *testing.T, dir, text string) bool {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(files, func(f fs.DirEntry) bool {
		data, err := os.ReadFile(filepath.Join(dir, f.Name()))
		return err == nil && strings.Contains(string(data), text)
	})
}

// written are the kinds of file that people write; an example that was tried leaves
// others behind.
var written = []string{".hcl", ".md", ".yaml", ".yml", ".tmpl", ".png", ".wav"}

// TestEachExampleIsShipped fails for a file of an example that erlmcp init would
// not write.
func TestEachExampleIsShipped(t *testing.T) {
	err := filepath.WalkDir(examplesDir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Dir(path) == filepath.Clean(examplesDir) || !slices.Contains(written, filepath.Ext(path)) {
			return err
		}
		name, err := filepath.Rel(examplesDir, path)
		if err != nil {
			return err
		}
		if _, err := fs.Stat(examples.Files, filepath.ToSlash(name)); err != nil {
			t.Errorf("examples.go does not embed it: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
