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

	"github.com/moby/moby/client"
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/resource"
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
	if os.Getenv("STUBTMP") != "" {
		program = os.Getenv("STUBTMP")
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
	changed  []string // what the last apply did
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

// drift is where the world differs from the configuration, "part attribute".
func (w *world) drift(in resource.Instance) []string {
	w.Helper()
	var out []string
	now := w.read(in)
	for i, d := range w.lower(in) {
		if !now[i].Exists {
			out = append(out, d.Address.Part+" missing")
			continue
		}
		for _, x := range w.differences(d, now[i].Values) {
			out = append(out, d.Address.Part+" "+resource.FormatPath(x.Path))
		}
	}
	return out
}

func (w *world) differences(d resource.Desired, actual cty.Value) []resource.Difference {
	w.Helper()
	typ := map[string]*resource.Type{}
	for _, t := range w.provider.Types() {
		typ[t.Name] = t
	}
	var owned []string
	for _, a := range typ[d.Type].Attributes {
		if !d.Values.GetAttr(a.Name).IsNull() {
			owned = append(owned, a.Name)
		}
	}
	key := []byte("key")
	before, err := resource.Redact(actual, key)
	if err != nil {
		w.Fatal(err)
	}
	after, err := resource.Redact(d.Values, key)
	if err != nil {
		w.Fatal(err)
	}
	return resource.Diff(typ[d.Type], before, after, owned)
}

// apply makes the world as the configuration says, and fails the test when it
// cannot.
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
	w.changed = nil
	out := map[string]cty.Value{}
	now := w.read(in)
	for i, d := range w.lower(in) {
		c := resource.Change{Address: d.Address, Type: d.Type, Desired: d.Values, Prior: now[i].Values, Files: d.Files,
			Revision: w.revision, Progress: func(s string) { w.Log(d.Address.Part, s) }}
		var v cty.Value
		var err error
		switch differences := w.differences(d, now[i].Values); {
		case !now[i].Exists:
			w.changed = append(w.changed, "create "+d.Address.Part)
			v, err = writer.Create(w.Context(), c)
		case len(differences) == 0:
			v = now[i].Values
		case replaces(differences):
			w.changed = append(w.changed, "replace "+d.Address.Part)
			if err = writer.Delete(w.Context(), c); err == nil {
				v, err = writer.Create(w.Context(), c)
			}
		default:
			w.changed = append(w.changed, "update "+d.Address.Part)
			v, err = writer.Update(w.Context(), c)
		}
		if err != nil {
			return out, err
		}
		out[d.Address.Part] = v
	}
	return out, nil
}

func replaces(differences []resource.Difference) bool {
	for _, d := range differences {
		if d.Replace {
			return true
		}
	}
	return false
}

// destroy deletes all that the tests may have made, and checks that nothing is left.
func (w *world) destroy() {
	in := w.instance(`{"name":"x"}`)
	ctx := context.Background()
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
	prefix := w.target["prefix"].AsString()
	images, err := w.api.ImageList(ctx, client.ImageListOptions{Filters: client.Filters{}.Add("reference", prefix+"/runtime")})
	if err != nil || len(images.Items) > 0 {
		w.Errorf("images left: %v %v", images.Items, err)
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
	"tool":{"hello":{"static":{"text":"hi"}}}}`

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
	in := w.instance(doc("one"), file(t, "docs/a.md", "alpha"), file(t, "docs/b.md", "beta"))
	v := w.apply(in)["container"]
	if got := strings.Join(w.changed, ", "); got != "create image, create network, create volume, create container" {
		t.Errorf("the first apply did: %s", got)
	}
	base := strings.TrimSuffix(v.GetAttr("url").AsString(), "/mcp")
	if got := w.get(base + "/health"); !strings.Contains(got, "healthy") {
		t.Errorf("health = %s", got)
	}
	if got := w.get(v.GetAttr("metrics_url").AsString()); !strings.Contains(got, "go_goroutines") {
		t.Errorf("metrics = %.200s", got)
	}
	if got := w.drift(in); len(got) > 0 {
		t.Errorf("drift after apply: %v", got)
	}
	id := w.id()

	// A change that can be taken in while running keeps the container.
	in = w.instance(doc("two"), file(t, "docs/a.md", "alpha two"))
	w.apply(in)
	if got := strings.Join(w.changed, ", "); got != "update container" || w.id() != id {
		t.Errorf("the second apply did: %s", got)
	}
	if got := w.drift(in); len(got) > 0 {
		t.Errorf("drift after the second apply: %v", got)
	}

	// A fixed port is another binding, and another container.
	port := freePort(t)
	in = w.instance(fmt.Sprintf(`{"name":"weather","listen":{"port":%d},"metrics":{"enabled":false}}`, port))
	v = w.apply(in)["container"]
	if got := strings.Join(w.changed, ", "); got != "replace container" || w.id() == id {
		t.Errorf("the third apply did: %s", got)
	}
	if got := v.GetAttr("url").AsString(); got != fmt.Sprintf("http://127.0.0.1:%d/mcp", port) {
		t.Errorf("url = %s", got)
	}
	if got := w.drift(in); len(got) > 0 {
		t.Errorf("drift after the third apply: %v", got)
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
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

func TestDrift(t *testing.T) {
	w := newWorld(t)
	in := w.instance(doc("x"), file(t, "a.txt", "content"))
	w.apply(in)
	inVolume := func(name string) string {
		v, err := w.api.VolumeInspect(w.Context(), w.target["prefix"].AsString()+"-local-weather.eu", client.VolumeInspectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return filepath.Join(v.Volume.Mountpoint, name)
	}
	for _, c := range []struct {
		name   string
		meddle func() error
		drift  string
		heal   string
	}{
		{"a stopped container", func() error {
			_, err := w.api.ContainerStop(w.Context(), w.id(), client.ContainerStopOptions{})
			return err
		}, "container running", "update container"},
		{"a paused container", func() error {
			_, err := w.api.ContainerPause(w.Context(), w.id(), client.ContainerPauseOptions{})
			return err
		}, "container running", "update container"},
		{"a removed container", func() error {
			_, err := w.api.ContainerRemove(w.Context(), w.id(), client.ContainerRemoveOptions{Force: true})
			return err
		}, "container missing", "create container"},
		{"another memory limit", func() error {
			return exec.Command("docker", "update", "--memory", "300m", w.id()).Run()
		}, "container memory", "update container"},
		{"another processor limit", func() error {
			return exec.Command("docker", "update", "--cpus", "0.5", w.id()).Run()
		}, "container cpu", "update container"},
		{"another process limit", func() error {
			return exec.Command("docker", "update", "--pids-limit", "99", w.id()).Run()
		}, "container processes", "update container"},
		{"another restart policy", func() error {
			return exec.Command("docker", "update", "--restart", "no", w.id()).Run()
		}, "container restart", "update container"},
		{"an edited document", func() error {
			return edit(inVolume("server.json"), `"title": "x"`, `"title": "y"`)
		}, "container document.title", "update container"},
		{"a cut document", func() error {
			return os.Truncate(inVolume("server.json"), 10)
		}, "container document", "update container"},
		{"an edited file", func() error {
			return edit(inVolume("files/a.txt"), "content", "other")
		}, `container files["a.txt"]`, "update container"},
		{"a file that is not ours", func() error {
			return os.WriteFile(inVolume("files/b.txt"), nil, 0o644)
		}, `container files["b.txt"]`, "update container"},
		{"a network that it left", func() error {
			return exec.Command("docker", "network", "disconnect", w.target["prefix"].AsString()+"-local", w.id()).Run()
		}, "container network", "replace container"},
		{"a renamed container", func() error {
			return exec.Command("docker", "rename", w.id(), "erlmcp-test-renamed").Run()
		}, "container name", "replace container"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := *w
			w.T = t
			if err := c.meddle(); err != nil {
				t.Fatal(err)
			}
			found := false
			drift := w.drift(in)
			for _, d := range drift {
				found = found || d == c.drift
			}
			if !found {
				t.Errorf("drift = %v, want %s", drift, c.drift)
			}
			if len(drift) > 1 {
				t.Logf("drift = %v", drift)
			}
			w.apply(in)
			if got := strings.Join(w.changed, ", "); got != c.heal {
				t.Errorf("the apply did: %s, want %s", got, c.heal)
			}
			if drift := w.drift(in); len(drift) > 0 {
				t.Errorf("drift after apply: %v", drift)
			}
		})
	}
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
	if got := w.drift(in); len(got) != 1 || got[0] != "container missing" {
		t.Errorf("drift = %v, want the container missing", got)
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
	t.Log(err)
}

func TestCreateAgainAdopts(t *testing.T) {
	w := newWorld(t)
	in := w.instance(doc("x"))
	w.apply(in)
	id := w.id()
	writer, err := w.provider.OpenWriter(t.Context(), in.Target, w.owner)
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	for _, d := range w.lower(in) {
		v, err := writer.Create(t.Context(), resource.Change{Address: d.Address, Type: d.Type, Desired: d.Values, Revision: 2, Progress: func(string) {}})
		if err != nil || v == cty.NilVal {
			t.Errorf("create %s again: %v", d.Address, err)
		}
	}
	if w.id() != id {
		t.Error("there is another container")
	}
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
