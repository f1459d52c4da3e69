//go:build e2e

package docker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/internal/reserve"
	"github.com/erlmcp/erlmcp/providers/artifact"
)

// These tests need a Docker engine, whose volumes lie on this machine for those
// that edit them.

func TestMain(m *testing.M) {
	os.Exit(withRuntime(m))
}

// withRuntime builds erlmcpd and has the provider ship it.
func withRuntime(m *testing.M) int {
	dir, err := os.MkdirTemp("", "erlmcp-docker-test-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "erlmcpd")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, "github.com/erlmcp/erlmcp/cmd/erlmcpd")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if out, err := build.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("build erlmcpd: %v\n%s", err, out))
	}
	os.Setenv(artifact.Environment, program)
	return m.Run()
}

// world is a target with a server, applied and looked at as the engine would.
type world struct {
	*testing.T
	provider *Provider
	owner    resource.Owner
	target   map[string]cty.Value
	revision int
	api      *client.Client
	progress []string // of the last apply
}

func newWorld(t *testing.T) *world {
	t.Helper()
	api, err := client.New(client.FromEnv)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { api.Close() })
	name := strings.ToLower(strings.NewReplacer("/", "-", "_", "-").Replace(t.Name()))
	w := &world{T: t, provider: New(), owner: resource.Owner{Lineage: t.Name() + time.Now().String()}, api: api,
		target: map[string]cty.Value{"prefix": cty.StringVal("erlmcp-" + name)}}
	t.Cleanup(w.destroy)
	return w
}

func (w *world) instance(document string, files ...resource.File) resource.Instance {
	in := instance(w.T, document, w.target)
	in.Files = files
	return in
}

func (w *world) lower(in resource.Instance) []resource.Desired {
	w.Helper()
	l, diags := w.provider.Lower(in)
	if diags.HasErrors() {
		w.Fatal(diags.Err())
	}
	return l.Resources
}

func (w *world) read(in resource.Instance) []resource.Reading {
	w.Helper()
	r, err := w.provider.OpenReader(w.Context(), in.Target, w.owner)
	if err != nil {
		w.Fatal(err)
	}
	defer r.Close()
	var keys []resource.Key
	for _, d := range w.lower(in) {
		keys = append(keys, resource.Key{Address: d.Address, Type: d.Type})
	}
	out := r.Read(w.Context(), keys)
	for _, x := range out {
		if x.Err != nil {
			w.Fatal(x.Err)
		}
	}
	return out
}

// apply makes the world as the configuration says, and fails the test when it
// cannot. Creating what is there already brings it to what is desired.
func (w *world) apply(in resource.Instance) map[string]cty.Value {
	w.Helper()
	out, err := w.tryApply(in)
	if err != nil {
		w.Fatal(err)
	}
	return out
}

func (w *world) tryApply(in resource.Instance) (map[string]cty.Value, error) {
	w.Helper()
	writer, err := w.provider.OpenWriter(w.Context(), in.Target, w.owner)
	if err != nil {
		return nil, err
	}
	defer writer.Close()
	w.revision++
	w.progress = nil
	out := map[string]cty.Value{}
	for _, d := range w.lower(in) {
		v, err := writer.Create(w.Context(), resource.Change{
			Address: d.Address, Type: d.Type, Desired: d.Values, Files: d.Files, Revision: w.revision,
			Progress: func(s string) { w.progress = append(w.progress, s) },
		})
		if err != nil {
			return out, err
		}
		out[d.Address.Part] = v
	}
	return out, nil
}

// destroy deletes all that the tests may have made, and checks that nothing is left.
func (w *world) destroy() {
	w.remove(w.instance(`{"name":"x"}`))
	prefix := w.target["prefix"].AsString()
	images, err := w.api.ImageList(context.Background(), client.ImageListOptions{Filters: client.Filters{}.Add("reference", prefix+"/runtime")})
	if err != nil || len(images.Items) > 0 {
		w.Errorf("images left: %v %v", images.Items, err)
	}
}

// remove deletes the resources of an instance.
func (w *world) remove(in resource.Instance) {
	w.Helper()
	ctx := context.Background() // that of the test may have ended
	writer, err := w.provider.OpenWriter(ctx, in.Target, w.owner)
	if err != nil {
		w.Fatal(err)
	}
	defer writer.Close()
	resources := w.lower(in)
	for i := len(resources) - 1; i >= 0; i-- {
		d := resources[i]
		if err := writer.Delete(ctx, resource.Change{Address: d.Address, Type: d.Type, Progress: func(string) {}}); err != nil {
			w.Errorf("delete %s: %v", d.Address, err)
		}
	}
}

// id is the container's, whether it runs or not.
func (w *world) id() string {
	w.Helper()
	name := w.target["prefix"].AsString() + "-local-weather.eu"
	c, err := w.api.ContainerInspect(w.Context(), name, client.ContainerInspectOptions{})
	if err != nil {
		w.Fatal(err)
	}
	return c.Container.ID
}

func (w *world) get(url string) string {
	w.Helper()
	resp, err := http.Get(url)
	if err != nil {
		w.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		w.Fatal(err)
	}
	return string(b)
}

const anyPort = `{"name":"weather","title":%q,"listen":{"port":0},"metrics":{"port":0},
	"resource":{"hello":{"text":"hi"}}}`

func doc(title string) string { return fmt.Sprintf(anyPort, title) }

func file(t *testing.T, path, content string) resource.File {
	t.Helper()
	source := filepath.Join(t.TempDir(), "source")
	if err := os.WriteFile(source, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(content))
	return resource.File{Path: path, Source: source, SHA256: hex.EncodeToString(sum[:]), Size: int64(len(content))}
}

func TestLifecycle(t *testing.T) {
	w := newWorld(t)
	v := w.apply(w.instance(doc("one"), file(t, "docs/a.md", "alpha"), file(t, "docs/b.md", "beta")))["container"]
	base := strings.TrimSuffix(v.GetAttr("url").AsString(), "/mcp")
	if got := w.get(base + "/health"); !strings.Contains(got, "healthy") {
		t.Errorf("health = %s", got)
	}
	if got := w.get(v.GetAttr("metrics_url").AsString()); !strings.Contains(got, "erlmcp_requests_total") {
		t.Errorf("metrics = %.200s", got)
	}
	id := w.id()

	// A change that can be taken in while running keeps the container and its port.
	again := w.apply(w.instance(doc("two"), file(t, "docs/a.md", "alpha two")))["container"]
	if w.id() != id || !again.GetAttr("url").RawEquals(v.GetAttr("url")) || strings.Join(w.progress, ", ") != "reloading" {
		t.Errorf("a change of a title did %q; url %#v", w.progress, again.GetAttr("url"))
	}

	// A fixed port is another binding, and another container.
	port := freePort(t)
	v = w.apply(w.instance(fmt.Sprintf(`{"name":"weather","listen":{"port":%d},"metrics":{"enabled":false}}`, port)))["container"]
	if w.id() == id {
		t.Error("another port is published by the same container")
	}
	if got := v.GetAttr("url").AsString(); got != fmt.Sprintf("http://127.0.0.1:%d/mcp", port) {
		t.Errorf("url = %s", got)
	}
}

// freePort is a TCP port that nobody uses; see [reserve.Fixed].
func freePort(t *testing.T) int {
	t.Helper()
	port, err := reserve.Fixed()
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func TestHardening(t *testing.T) {
	w := newWorld(t)
	w.apply(w.instance(doc("x")))
	c, err := w.api.ContainerInspect(w.Context(), w.id(), client.ContainerInspectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	h := c.Container.HostConfig
	for what, ok := range map[string]bool{
		"read-only root":      h.ReadonlyRootfs,
		"no capabilities":     len(h.CapDrop) == 1 && h.CapDrop[0] == "ALL" && len(h.CapAdd) == 0,
		"no new privileges":   len(h.SecurityOpt) == 1 && h.SecurityOpt[0] == "no-new-privileges",
		"a user":              c.Container.Config.User == "65532:65532",
		"a memory limit":      h.Memory == 256<<20,
		"a processor limit":   h.NanoCPUs == 1e9,
		"a process limit":     *h.PidsLimit == 256,
		"a health check":      c.Container.Config.Healthcheck.Test[0] == "CMD",
		"a restart policy":    h.RestartPolicy.Name == "unless-stopped",
		"no bind mount":       len(h.Binds) == 0,
		"a label of lineage":  c.Container.Config.Labels[LabelLineage] == w.owner.Lineage,
		"a label of revision": c.Container.Config.Labels[LabelRevision] == "1",
	} {
		if !ok {
			t.Errorf("the container lacks %s", what)
		}
	}
	img, err := w.api.ImageInspect(w.Context(), c.Container.Image)
	if err != nil {
		t.Fatal(err)
	}
	if limit := int64(25 << 20); img.Size >= limit {
		t.Errorf("the image has %d bytes, more than %d", img.Size, limit)
	}
	t.Logf("the image has %.1f MB", float64(img.Size)/(1<<20))
}

func edit(path, old, new string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	changed := strings.Replace(string(b), old, new, 1)
	if changed == string(b) {
		return fmt.Errorf("%s does not hold %q: %s", path, old, b)
	}
	return os.WriteFile(path, []byte(changed), 0o640)
}

func TestForeignObjectsStay(t *testing.T) {
	w := newWorld(t)
	prefix := w.target["prefix"].AsString()
	for _, c := range []struct {
		name         string
		make, remove []string
	}{
		{"network", []string{"network", "create", prefix + "-local"}, []string{"network", "rm", prefix + "-local"}},
		{"volume", []string{"volume", "create", prefix + "-local-weather.eu"}, []string{"volume", "rm", prefix + "-local-weather.eu"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if out, err := exec.Command("docker", c.make...).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			_, err := w.tryApply(w.instance(doc("x")))
			var d *diag.Diagnostic
			if !errors.As(err, &d) || d.Summary != "the name is taken" {
				t.Errorf("error = %v", err)
			}
			if out, err := exec.Command("docker", c.remove...).CombinedOutput(); err != nil {
				t.Errorf("it did not stay: %v: %s", err, out)
			}
		})
	}
}

func TestPortInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	w := newWorld(t)
	in := w.instance(fmt.Sprintf(`{"name":"weather","listen":{"port":0},"metrics":{"port":%d}}`, port))
	_, err = w.tryApply(in)
	diags := diag.FromError(err)
	if len(diags) != 1 || diags[0].Summary != "port in use" ||
		!strings.Contains(diags[0].Detail, fmt.Sprintf("Port %d on 127.0.0.1", port)) || !strings.Contains(diags[0].Remedy, "metrics { port") {
		t.Fatalf("error = %v", err)
	}
	for i, r := range w.read(in) {
		if d := w.lower(in)[i]; d.Address.Part == "container" && r.Exists {
			t.Error("a container is left")
		}
	}
	l.Close()
	w.apply(in)
}

func TestUnhealthyServerIsReportedWithItsLogAndWithoutSecrets(t *testing.T) {
	w := newWorld(t)
	in := w.instance(`{"name":"weather","listen":{"port":0},"metrics":{"port":0},
		"tls":{"certificate":"no certificate","key":"S3CRET-KEY"},"sensitive":["/tls/key"]}`)
	_, err := w.tryApply(in)
	if err == nil || !strings.Contains(err.Error(), "does not become healthy") || !strings.Contains(err.Error(), "Its log ends with") {
		t.Fatalf("error = %v", err)
	}
	if strings.Contains(err.Error(), "S3CRET") {
		t.Errorf("the error holds the secret: %v", err)
	}
}

func TestABadDocumentIsTakenBack(t *testing.T) {
	w := newWorld(t)
	old := w.apply(w.instance(doc("x"), file(t, "a.txt", "content")))["container"]
	for _, c := range []struct{ name, document, want string }{
		{"one that the server refuses when it reloads",
			`{"name":"weather","listen":{"port":0},"metrics":{"port":0},"resource":{"r":{"file":"/nowhere/x"}}}`, "the server refuses its new document"},
		{"one that the server cannot start with",
			`{"name":"weather","listen":{"port":0},"metrics":{"port":0},"tls":{"certificate":"none","key":"none"}}`, "the server does not become healthy"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := w.tryApply(w.instance(c.document))
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "runs again as it did before") {
				t.Errorf("error = %v, want %q, and that it was put back", err, c.want)
			}
			in := w.instance(doc("x"))
			for i, d := range w.lower(in) {
				if d.Address.Part != "container" {
					continue
				}
				now := w.read(in)[i].Values
				for _, attribute := range []string{"document", "files", "running", "loaded"} {
					if !now.GetAttr(attribute).RawEquals(old.GetAttr(attribute)) {
						t.Errorf("%s was %#v and is %#v", attribute, old.GetAttr(attribute), now.GetAttr(attribute))
					}
				}
				if got := w.get(strings.TrimSuffix(now.GetAttr("url").AsString(), "/mcp") + "/health"); !strings.Contains(got, "healthy") {
					t.Errorf("health = %s", got)
				}
			}
		})
	}
}

func TestANewRuntimeReplacesTheOldOne(t *testing.T) {
	w := newWorld(t)
	w.apply(w.instance(doc("x")))
	id, old := w.id(), w.image()

	b, err := os.ReadFile(os.Getenv(artifact.Environment))
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "erlmcpd")
	if err := os.WriteFile(program, append(b, 0), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv(artifact.Environment, program)
	w.provider = New()
	w.apply(w.instance(doc("x")))
	if w.id() == id || w.image() == old {
		t.Error("the old runtime is still in use")
	}
	if _, err := w.api.ImageInspect(t.Context(), old); !errdefs.IsNotFound(err) {
		t.Errorf("the old image is still there: %v", err)
	}
}

// image is the digest of the image that the container runs.
func (w *world) image() string {
	w.Helper()
	c, err := w.api.ContainerInspect(w.Context(), w.id(), client.ContainerInspectOptions{})
	if err != nil {
		w.Fatal(err)
	}
	return c.Container.Image
}

func TestNoEngine(t *testing.T) {
	in := instance(t, doc("x"), map[string]cty.Value{"host": cty.StringVal("unix:///nowhere/docker.sock")})
	_, err := New().OpenReader(t.Context(), in.Target, resource.Owner{Lineage: "x"})
	diags := diag.FromError(err)
	if len(diags) != 1 || diags[0].Summary != "no Docker engine" || !strings.Contains(diags[0].Detail, "unix:///nowhere/docker.sock") || diags[0].Remedy == "" {
		t.Errorf("error = %v", err)
	}
}

func TestAReaderCannotChangeAnything(t *testing.T) {
	in := instance(t, doc("x"), map[string]cty.Value{})
	r, err := New().OpenReader(t.Context(), in.Target, resource.Owner{Lineage: "x"})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.(*reader).api.VolumeCreate(t.Context(), client.VolumeCreateOptions{}); err == nil || !strings.Contains(err.Error(), "by a reader") {
		t.Errorf("error = %v", err)
	}
}
