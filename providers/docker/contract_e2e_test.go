//go:build e2e

package docker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/contract"
	"github.com/erlmcp/erlmcp/schemas"
)

const (
	contractPrefix = "erlmcp-contract"
	contractSecret = "hunter2-in-the-clear"
)

func TestContract(t *testing.T) {
	api, err := client.New(client.FromEnv)
	if err != nil {
		t.Fatal(err)
	}
	defer api.Close()
	contract.Run(t, dockerCase(t, &meddler{api: api}))
}

// proxy stands between a provider and the engine. It can refuse changes, and
// lose the reply of one.
type proxy struct {
	address string

	mu     sync.Mutex
	frozen bool
	calls  int
	lose   int // which call's reply is lost; 0 for none
	t      *testing.T
}

func newProxy(t *testing.T, lose int) *proxy {
	t.Helper()
	dir, err := os.MkdirTemp("", "erlmcp-proxy-")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{address: filepath.Join(dir, "docker.sock"), lose: lose, t: t}
	l, err := net.Listen("unix", p.address)
	if err != nil {
		t.Fatal(err)
	}
	forward := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: "docker"})
	forward.FlushInterval = -1
	forward.Transport = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", "/var/run/docker.sock")
	}}
	forward.ModifyResponse = func(r *http.Response) error {
		if p.loses(r.Request) {
			return errors.New("lost")
		}
		return nil
	}
	forward.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.refuses(r) {
			http.Error(w, `{"message":"frozen"}`, http.StatusForbidden)
			return
		}
		forward.ServeHTTP(w, r)
	})}
	go server.Serve(l)
	t.Cleanup(func() { server.Close(); os.RemoveAll(dir) })
	return p
}

// changes reports whether the request changes the target. Running a program in
// a container to ask the server something does not.
func changes(r *http.Request) bool {
	return r.Method != http.MethodGet && r.Method != http.MethodHead && !strings.Contains(r.URL.Path, "/exec")
}

func (p *proxy) loses(r *http.Request) bool {
	if !changes(r) {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls++
	return p.calls == p.lose
}

func (p *proxy) refuses(r *http.Request) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.frozen && changes(r) {
		p.t.Errorf("%s %s while planning", r.Method, r.URL.Path)
		return true
	}
	return false
}

func (p *proxy) freeze(frozen bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.frozen = frozen
}

func (p *proxy) lost() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls >= p.lose
}

// meddler changes the target behind the provider's back.
type meddler struct{ api *client.Client }

func (m *meddler) id(values contract.Values) string { return values["container"].Text("name") }

// recreate replaces the container by one with other settings, which bears the
// same labels.
func (m *meddler) recreate(change func(*container.Config, *container.HostConfig)) func(*testing.T, contract.Values) {
	return func(t *testing.T, values contract.Values) {
		old, err := m.api.ContainerInspect(t.Context(), m.id(values), client.ContainerInspectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.api.ContainerRemove(t.Context(), m.id(values), client.ContainerRemoveOptions{Force: true}); err != nil {
			t.Fatal(err)
		}
		config, host := old.Container.Config, old.Container.HostConfig
		config.Hostname = ""
		change(config, host)
		created, err := m.api.ContainerCreate(t.Context(), client.ContainerCreateOptions{Name: m.id(values), Config: config, HostConfig: host})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.api.ContainerStart(t.Context(), created.ID, client.ContainerStartOptions{}); err != nil {
			t.Fatal(err)
		}
	}
}

func (m *meddler) update(resources container.Resources, restart container.RestartPolicyMode) func(*testing.T, contract.Values) {
	return func(t *testing.T, values contract.Values) {
		o := client.ContainerUpdateOptions{Resources: &resources}
		if restart != "" {
			o.RestartPolicy = &container.RestartPolicy{Name: restart}
		}
		if _, err := m.api.ContainerUpdate(t.Context(), m.id(values), o); err != nil {
			t.Fatal(err)
		}
	}
}

// inVolume is a path on this machine, where the engine keeps its volumes.
func (m *meddler) inVolume(t *testing.T, values contract.Values, name string) string {
	v, err := m.api.VolumeInspect(t.Context(), values["volume"].Text("name"), client.VolumeInspectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(v.Volume.Mountpoint, name)
}

func (m *meddler) edit(name, old, new string) func(*testing.T, contract.Values) {
	return func(t *testing.T, values contract.Values) {
		if err := edit(m.inVolume(t, values, name), old, new); err != nil {
			t.Fatal(err)
		}
	}
}

func (m *meddler) removeContainer(t *testing.T, values contract.Values) {
	if _, err := m.api.ContainerRemove(t.Context(), m.id(values), client.ContainerRemoveOptions{Force: true}); err != nil {
		t.Fatal(err)
	}
}

func (m *meddler) objects(t *testing.T, lineage string) []string {
	ctx := context.Background()
	label := client.Filters{}.Add("label", LabelLineage+"="+lineage)
	var out []string
	add := func(kind, name string, err error) {
		if err != nil {
			t.Fatal(err)
		}
		if name != "" {
			out = append(out, kind+" "+name)
		}
	}
	containers, err := m.api.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: label})
	add("", "", err)
	for _, c := range containers.Items {
		add("container", c.ID, nil)
	}
	networks, err := m.api.NetworkList(ctx, client.NetworkListOptions{Filters: label})
	add("", "", err)
	for _, n := range networks.Items {
		add("network", n.ID, nil)
	}
	volumes, err := m.api.VolumeList(ctx, client.VolumeListOptions{Filters: label})
	add("", "", err)
	for _, v := range volumes.Items {
		add("volume", v.Name, nil)
	}
	images, err := m.api.ImageList(ctx, client.ImageListOptions{Filters: client.Filters{}.Add("reference", contractPrefix+"/runtime")})
	add("", "", err)
	for _, i := range images.Items {
		add("image", i.ID, nil)
	}
	return out
}

func contractDocument(t *testing.T, listen int, title, memory, path string) cty.Value {
	t.Helper()
	v, err := schemas.Value(fmt.Appendf(nil, `{"name":"contract","title":%q,"instructions":%q,"sensitive":["/instructions"],
		"listen":{"address":"127.0.0.1","port":%d,"path":%q},"metrics":{"port":%d,"path":"/m"},"limits":{"memory":%q},
		"resource":{"hello":{"text":"hi"}}}`, title, contractSecret, listen, path, listen+1, memory))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// twoPorts finds a free port whose neighbour is free too.
func twoPorts(t *testing.T) int {
	t.Helper()
	for {
		if first := freePort(t); freePort(t) == first+1 {
			return first
		}
	}
}

func dockerCase(t *testing.T, m *meddler) contract.Case {
	gate := newProxy(t, 0)
	port, other := twoPorts(t), twoPorts(t)
	target := func(p *proxy) resource.Target {
		in := instance(t, doc(""), map[string]cty.Value{"prefix": cty.StringVal(contractPrefix), "host": cty.StringVal("unix://" + p.address)})
		return in.Target
	}
	c := contract.Case{
		Provider: New(),
		Target:   target(gate),
		Document: contractDocument(t, port, "One", "64MB", "/mcp"),
		Updated:  contractDocument(t, port, "Two", "128MB", "/mcp"),
		Replaced: contractDocument(t, other, "One", "64MB", "/mcp"),
		Files:    []resource.File{file(t, "docs/a.txt", "content")},
		Objects:  m.objects,
		Freeze:   gate.freeze,
		LoseReply: func(t *testing.T, n int) (resource.Provider, func() bool) {
			p := newProxy(t, n)
			return &through{Provider: New(), target: target(p)}, p.lost
		},
		Fixed: map[string]string{
			"volume.name":      "volumes cannot be renamed",
			"volume.driver":    "the driver of a volume does not change",
			"network.name":     "networks cannot be renamed",
			"network.driver":   "the driver of a network does not change",
			"image.repository": "it is what the image is found by",
			"image.platform":   "it is part of the digest",
		},
	}
	m.addDrifts(&c, port)
	m.addForeign(&c)
	return c
}

// through has the target reached by another way.
type through struct {
	resource.Provider
	target resource.Target
}

func (p *through) OpenReader(ctx context.Context, _ resource.Target, o resource.Owner) (resource.Reader, error) {
	return p.Provider.OpenReader(ctx, p.target, o)
}

func (p *through) OpenWriter(ctx context.Context, _ resource.Target, o resource.Owner) (resource.Writer, error) {
	return p.Provider.OpenWriter(ctx, p.target, o)
}

func (m *meddler) addDrifts(c *contract.Case, port int) {
	drift := func(attribute, name string, do func(*testing.T, contract.Values)) {
		c.Drifts = append(c.Drifts, contract.Drift{Name: name, Part: "container", Attribute: attribute, Do: do})
	}
	processes := int64(99)
	drift("", "the container is removed", m.removeContainer)
	drift("running", "the container is stopped", func(t *testing.T, values contract.Values) {
		if _, err := m.api.ContainerStop(t.Context(), m.id(values), client.ContainerStopOptions{}); err != nil {
			t.Fatal(err)
		}
	})
	drift("loaded", "an apply was cut off before the reload", func(t *testing.T, values contract.Values) {
		if err := os.WriteFile(m.inVolume(t, values, loadedName), []byte(loadedNo), 0o640); err != nil {
			t.Fatal(err)
		}
	})
	drift("name", "the container is renamed", func(t *testing.T, values contract.Values) {
		if _, err := m.api.ContainerRename(t.Context(), m.id(values), client.ContainerRenameOptions{NewName: contractPrefix + "-renamed"}); err != nil {
			t.Fatal(err)
		}
	})
	drift("image", "the container is made of another image", func(t *testing.T, values contract.Values) {
		made, err := m.api.ContainerCommit(t.Context(), m.id(values), client.ContainerCommitOptions{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { // the container that used it is replaced by then
			_, err := m.api.ImageRemove(context.Background(), made.ID, client.ImageRemoveOptions{Force: true})
			if err != nil && !errdefs.IsNotFound(err) {
				t.Error(err)
			}
		})
		m.recreate(func(c *container.Config, _ *container.HostConfig) { c.Image = made.ID })(t, values)
	})
	drift("document", "the document is edited", m.edit("server.json", `"title": "One"`, `"title": "Other"`))
	drift("document", "a secret is edited", m.edit("server.json", contractSecret, "other"))
	drift("files", "a file is edited", m.edit("files/docs/a.txt", "content", "other"))
	drift("url", "the path is edited", m.edit("server.json", `"path": "/mcp"`, `"path": "/other"`))
	drift("metrics_url", "the path of metrics is edited", m.edit("server.json", `"path": "/m"`, `"path": "/other"`))
	drift("address", "the address is edited", m.edit("server.json", `"127.0.0.1"`, `"127.0.0.2"`))
	drift("port", "the port is edited", m.edit("server.json", fmt.Sprintf(`"port": %d`, port), `"port": 7`))
	drift("memory", "memory is limited otherwise", m.update(container.Resources{Memory: 100 << 20, MemorySwap: -1}, ""))
	drift("cpu", "processor time is limited otherwise", m.update(container.Resources{NanoCPUs: 5e8}, ""))
	drift("processes", "processes are limited otherwise", m.update(container.Resources{PidsLimit: &processes}, ""))
	drift("restart", "the restart policy is another", m.update(container.Resources{}, "no"))
	drift("network", "the container leaves its network", func(t *testing.T, values contract.Values) {
		if _, err := m.api.NetworkDisconnect(t.Context(), values["network"].Text("name"), client.NetworkDisconnectOptions{Container: m.id(values)}); err != nil {
			t.Fatal(err)
		}
	})
	drift("ports", "a port is published on every address", m.recreate(func(_ *container.Config, h *container.HostConfig) {
		for p, b := range h.PortBindings {
			b[0].HostIP = netip.IPv4Unspecified()
			h.PortBindings[p] = b
		}
	}))
	drift("command", "the container has another argument", m.recreate(func(c *container.Config, _ *container.HostConfig) {
		c.Cmd[len(c.Cmd)-1] = "::"
	}))
	drift("mounts", "the container has another mount", m.recreate(func(_ *container.Config, h *container.HostConfig) {
		h.Tmpfs["/tmp"] = ""
	}))
	drift("labels", "a label is another", m.recreate(func(c *container.Config, _ *container.HostConfig) { c.Labels[LabelServer] = "server.other" }))
	drift("health", "the health check is another", m.recreate(func(c *container.Config, _ *container.HostConfig) { c.Healthcheck.Interval = time.Hour }))
	for name, change := range map[string]func(*container.Config, *container.HostConfig){
		"writable root":  func(_ *container.Config, h *container.HostConfig) { h.ReadonlyRootfs = false },
		"capabilities":   func(_ *container.Config, h *container.HostConfig) { h.CapDrop = nil },
		"a capability":   func(_ *container.Config, h *container.HostConfig) { h.CapAdd = []string{"NET_BIND_SERVICE"} },
		"new privileges": func(_ *container.Config, h *container.HostConfig) { h.SecurityOpt = nil },
		"host processes": func(_ *container.Config, h *container.HostConfig) { h.PidMode = "host" },
		"another group":  func(c *container.Config, _ *container.HostConfig) { c.User = "65532:65532" + "0" },
	} {
		drift("security", name, m.recreate(change))
	}
	c.Drifts = append(c.Drifts,
		contract.Drift{Name: "the network is removed", Part: "network", Do: func(t *testing.T, values contract.Values) {
			m.removeContainer(t, values)
			if _, err := m.api.NetworkRemove(t.Context(), values["network"].Text("name"), client.NetworkRemoveOptions{}); err != nil {
				t.Fatal(err)
			}
		}},
		contract.Drift{Name: "the volume is removed", Part: "volume", Do: func(t *testing.T, values contract.Values) {
			m.removeContainer(t, values)
			if _, err := m.api.VolumeRemove(t.Context(), values["volume"].Text("name"), client.VolumeRemoveOptions{}); err != nil {
				t.Fatal(err)
			}
		}},
		contract.Drift{Name: "the image is removed", Part: "image", Do: func(t *testing.T, values contract.Values) {
			m.removeContainer(t, values)
			if _, err := m.api.ImageRemove(t.Context(), values["image"].Text("reference"), client.ImageRemoveOptions{}); err != nil {
				t.Fatal(err)
			}
		}},
		contract.Drift{Name: "the image's name is given to another", Part: "image", Attribute: "digest", Do: func(t *testing.T, values contract.Values) {
			made, err := m.api.ContainerCommit(t.Context(), m.id(values), client.ContainerCommitOptions{Reference: values["image"].Text("reference")})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				_, err := m.api.ImageRemove(context.Background(), made.ID, client.ImageRemoveOptions{Force: true})
				if err != nil && !errdefs.IsNotFound(err) {
					t.Error(err)
				}
			})
		}})
}

func (m *meddler) addForeign(c *contract.Case) {
	const extra = contractPrefix + "-foreign"
	c.Foreign = func(t *testing.T, values contract.Values) {
		if _, err := m.api.NetworkCreate(t.Context(), extra, client.NetworkCreateOptions{}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			ctx := context.Background()
			_, _ = m.api.NetworkDisconnect(ctx, extra, client.NetworkDisconnectOptions{Container: m.id(values), Force: true})
			if _, err := m.api.NetworkRemove(ctx, extra, client.NetworkRemoveOptions{}); err != nil {
				t.Error(err)
			}
		})
		_, err := m.api.NetworkConnect(t.Context(), extra, client.NetworkConnectOptions{Container: m.id(values), EndpointConfig: &network.EndpointSettings{}})
		if err != nil {
			t.Fatal(err)
		}
	}
	c.Still = func(t *testing.T, values contract.Values) {
		now, err := m.api.ContainerInspect(t.Context(), m.id(values), client.ContainerInspectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := now.Container.NetworkSettings.Networks[extra]; !ok {
			t.Errorf("the container has left the network %s", extra)
		}
	}
}
