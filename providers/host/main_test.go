package host

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/internal/reserve"
	"github.com/erlmcp/erlmcp/providers/artifact"
	"github.com/erlmcp/erlmcp/schemas"
)

// TestMain builds the real erlmcpd, which these tests run.
func TestMain(m *testing.M) {
	if os.Getenv(crashVariable) != "" {
		applyUntilKilled()
		return
	}
	os.Exit(withRuntime(m))
}

func withRuntime(m *testing.M) int {
	dir, err := os.MkdirTemp("", "erlmcp-host-test-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "erlmcpd")
	build := exec.Command("go", "build", "-trimpath", "-o", program, "github.com/erlmcp/erlmcp/cmd/erlmcpd")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("build erlmcpd: %v\n%s", err, out))
	}
	os.Setenv(artifact.Environment, program)
	return m.Run()
}

// site is a target of its own with one server.
type site struct {
	*testing.T
	provider *Provider
	root     string
	owner    resource.Owner
	progress []string
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{T: t, provider: New(), root: filepath.Join(t.TempDir(), "servers"), owner: resource.Owner{Lineage: "lineage of " + t.Name()}}
	t.Cleanup(func() {
		if err := s.delete(); err != nil {
			t.Errorf("clean up: %v", err)
		}
	})
	return s
}

func target(root string) resource.Target {
	return resource.Target{
		Address: address.Target{Kind: "host", Name: "here"},
		Config:  cty.ObjectVal(map[string]cty.Value{"root": cty.StringVal(root)}),
	}
}

func (s *site) desired(document string, files ...resource.File) resource.Desired {
	s.Helper()
	doc, err := schemas.Value([]byte(document))
	if err != nil {
		s.Fatal(err)
	}
	l, diags := s.provider.Lower(resource.Instance{Address: address.Server{Name: "docs"}, Target: target(s.root), Document: doc, Files: files})
	if diags.HasErrors() {
		s.Fatal(diags.Err())
	}
	return l.Resources[0]
}

func (s *site) change(d resource.Desired) resource.Change {
	return resource.Change{
		Address: d.Address, Type: d.Type, Desired: d.Values, Files: d.Files, Revision: 1,
		Progress: func(m string) { s.progress = append(s.progress, m) },
	}
}

func (s *site) tryApply(d resource.Desired) (cty.Value, error) {
	s.Helper()
	w, err := s.provider.OpenWriter(s.Context(), target(s.root), s.owner)
	if err != nil {
		s.Fatal(err)
	}
	defer w.Close()
	return w.Create(s.Context(), s.change(d))
}

func (s *site) apply(d resource.Desired) cty.Value {
	s.Helper()
	v, err := s.tryApply(d)
	if err != nil {
		s.Fatal(err)
	}
	return v
}

func (s *site) read() resource.Reading {
	s.Helper()
	r, err := s.provider.OpenReader(s.Context(), target(s.root), s.owner)
	if err != nil {
		s.Fatal(err)
	}
	defer r.Close()
	d := s.desired(`{"name":"docs"}`)
	got := r.Read(s.Context(), []resource.Key{{Address: d.Address, Type: d.Type}})[0]
	if got.Err != nil {
		s.Fatal(got.Err)
	}
	return got
}

func (s *site) delete() error {
	ctx := context.Background()
	w, err := s.provider.OpenWriter(ctx, target(s.root), s.owner)
	if err != nil {
		return err
	}
	defer w.Close()
	d := s.desired(`{"name":"docs"}`)
	return w.Delete(ctx, resource.Change{Address: d.Address, Type: d.Type, Prior: d.Values, Progress: func(string) {}})
}

func (s *site) folder() folder { return folder(filepath.Join(s.root, "docs")) }

// anyPort is a document that needs no port in particular.
func anyPort(title string) string {
	return fmt.Sprintf(`{"name":"docs","title":%q,"listen":{"port":0},"metrics":{"port":0},"resource":{"hello":{"text":"hi"}}}`, title)
}

func onPort(port int, more string) string {
	return fmt.Sprintf(`{"name":"docs","listen":{"port":%d},"metrics":{"enabled":false}%s}`, port, more)
}

// free is a port that nobody listens on, kept for the servers of the test.
func free(t *testing.T) int {
	t.Helper()
	port, release, err := reserve.Port()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	return port
}

func file(t *testing.T, path, content string) resource.File {
	t.Helper()
	source := filepath.Join(t.TempDir(), "source")
	if err := os.WriteFile(source, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(content))
	return resource.File{Path: path, Source: source, SHA256: hex.EncodeToString(sum[:]), Size: int64(len(content))}
}

func mustJSON(t *testing.T, path string, into any) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(b, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// brief is the values without the document, for failures to show.
func brief(v cty.Value) string {
	var out []string
	plain, _ := v.UnmarkDeep()
	for name, a := range plain.AsValueMap() {
		if name != "document" {
			out = append(out, fmt.Sprintf("%s=%#v", name, a))
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}
