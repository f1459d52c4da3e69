package docker

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/providers/document"
	"github.com/erlmcp/erlmcp/providers/image"
	"github.com/erlmcp/erlmcp/schemas"
)

// readContainer is a container and what lies in its volume; NilVal when it is
// gone.
func (e *engine) readContainer(ctx context.Context, id string) (cty.Value, error) {
	c, err := e.api.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
	if errdefs.IsNotFound(err) {
		return cty.NilVal, nil
	}
	if err != nil {
		return cty.NilVal, fmt.Errorf("inspect container: %w", err)
	}
	held, err := e.readVolumeOf(ctx, id)
	if err != nil {
		return cty.NilVal, err
	}
	return e.observed(ctx, c.Container, held)
}

// readVolumeOf reads the volume of a container, which need not run.
func (e *engine) readVolumeOf(ctx context.Context, id string) (contents, error) {
	r, err := e.api.CopyFromContainer(ctx, id, client.CopyFromContainerOptions{SourcePath: configFolder})
	if errdefs.IsNotFound(err) {
		return contents{}, nil
	}
	if err != nil {
		return contents{}, fmt.Errorf("read %s of the container: %w", configFolder, err)
	}
	held, err := readArchive(r.Content)
	if err = errors.Join(err, r.Content.Close()); err != nil {
		return contents{}, fmt.Errorf("read %s of the container: %w", configFolder, err)
	}
	return held, nil
}

// observed is a container as attributes.
func (e *engine) observed(ctx context.Context, c container.InspectResponse, held contents) (cty.Value, error) {
	image, err := e.imageOf(ctx, c)
	if err != nil {
		return cty.NilVal, err
	}
	doc, err := schemas.Value(held.document)
	if err != nil {
		doc = cty.NullVal(schemas.Describe[schemas.Server]().Type()) // cut, altered or gone: not what is wanted
	}
	v := map[string]cty.Value{
		"name":      cty.StringVal(strings.TrimPrefix(c.Name, "/")),
		"image":     cty.StringVal(image),
		"command":   texts(append([]string{c.Path}, c.Args...)...),
		"document":  doc,
		"files":     document.Digests(held.files),
		"network":   cty.StringVal(joined(c)),
		"ports":     portsOf(c.HostConfig.PortBindings),
		"mounts":    mountsOf(c),
		"security":  securityOf(c),
		"health":    healthOf(c.Config.Healthcheck),
		"labels":    textMap(map[string]string{LabelAddress: c.Config.Labels[LabelAddress], LabelServer: c.Config.Labels[LabelServer]}),
		"memory":    cty.NumberIntVal(c.HostConfig.Memory),
		"cpu":       cores(c.HostConfig.NanoCPUs),
		"processes": processes(c.HostConfig.PidsLimit),
		"restart":   cty.StringVal(string(c.HostConfig.RestartPolicy.Name)),
		"running":   cty.BoolVal(runs(c.State)),
		"loaded":    cty.BoolVal(held.loaded),
		"id":        cty.StringVal(c.ID),
	}
	if !doc.IsNull() {
		endpoint := document.EndpointOf(doc, hostPort(c, document.Setting(doc, "listen", "port")), hostPort(c, document.Setting(doc, "metrics", "port")), e.reach())
		v["url"], v["address"], v["port"], v["metrics_url"] = endpoint.URL, endpoint.Address, endpoint.Port, endpoint.MetricsURL
	}
	return object(containerType(), v), nil
}

func runs(s *container.State) bool {
	hung := s.Health != nil && s.Health.Status == container.Unhealthy
	return s.Running && !s.Paused && !s.Restarting && !hung
}

func (e *engine) imageOf(ctx context.Context, c container.InspectResponse) (string, error) {
	if c.ImageManifestDescriptor == nil {
		return c.Image, nil
	}
	img, err := e.api.ImageInspect(ctx, c.Image)
	if errdefs.IsNotFound(err) {
		return c.Image, nil
	}
	if err != nil {
		return "", fmt.Errorf("inspect the container's image: %w", err)
	}
	return e.identity(img), nil
}

// joined is the network that the container was made for, as long as it is in
// it. Further networks that somebody connected do not matter.
func joined(c container.InspectResponse) string {
	mode := string(c.HostConfig.NetworkMode)
	if c.NetworkSettings == nil {
		return mode
	}
	if _, ok := c.NetworkSettings.Networks[mode]; ok {
		return mode
	}
	return strings.Join(sortedKeys(c.NetworkSettings.Networks), ",")
}

func portsOf(bindings network.PortMap) cty.Value {
	out := map[string]string{}
	for inside, outside := range bindings {
		var all []string
		for _, b := range outside {
			port, _ := strconv.Atoi(b.HostPort) // "" is one that the engine picks
			host := "0.0.0.0"
			if b.HostIP.IsValid() {
				host = b.HostIP.String()
			}
			all = append(all, binding(host, port))
		}
		sort.Strings(all)
		out[inside.String()] = strings.Join(all, ",")
	}
	return textMap(out)
}

// hostPort is where a port of the container is reached: null while nobody knows.
func hostPort(c container.InspectResponse, inside cty.Value) cty.Value {
	return document.Derive(cty.Number, func(v []cty.Value) cty.Value {
		port, ok := network.PortFrom(uint16(document.Int(v[0])), network.TCP)
		if !ok {
			return cty.NullVal(cty.Number)
		}
		bound := c.HostConfig.PortBindings[port]
		if c.NetworkSettings != nil && len(c.NetworkSettings.Ports[port]) > 0 {
			bound = c.NetworkSettings.Ports[port]
		}
		if len(bound) == 0 {
			return cty.NullVal(cty.Number)
		}
		n, _ := strconv.Atoi(bound[0].HostPort)
		if n == 0 {
			return cty.NullVal(cty.Number)
		}
		return cty.NumberIntVal(int64(n))
	}, inside)
}

func mountsOf(c container.InspectResponse) cty.Value {
	out := map[string]string{}
	for at, options := range c.HostConfig.Tmpfs {
		out[at] = "tmpfs " + options
	}
	for _, m := range c.Mounts {
		switch {
		case path.Dir(m.Destination) == image.DataFolder: // for its owner alone
		case m.Type == mount.TypeVolume:
			out[m.Destination] = "volume " + m.Name
		default:
			out[m.Destination] = string(m.Type) + " " + m.Source
		}
	}
	return textMap(out)
}

func securityOf(c container.InspectResponse) cty.Value {
	h := c.HostConfig
	var host []string
	for _, s := range []struct {
		name string
		is   bool
	}{{"ipc", h.IpcMode.IsHost()}, {"network", h.NetworkMode.IsHost()}, {"pid", h.PidMode.IsHost()}, {"user", h.UsernsMode.IsHost()}, {"uts", h.UTSMode.IsHost()}} {
		if s.is {
			host = append(host, s.name)
		}
	}
	return cty.ObjectVal(map[string]cty.Value{
		"user":        cty.StringVal(c.Config.User),
		"read_only":   cty.BoolVal(h.ReadonlyRootfs),
		"privileged":  cty.BoolVal(h.Privileged),
		"drop":        texts(slices.Sorted(slices.Values(h.CapDrop))...),
		"add":         texts(slices.Sorted(slices.Values(h.CapAdd))...),
		"options":     texts(slices.Sorted(slices.Values(h.SecurityOpt))...),
		"host_spaces": texts(host...),
	})
}

func healthOf(h *container.HealthConfig) cty.Value {
	if h == nil {
		return cty.NullVal(healthType)
	}
	return healthValue(h.Test, h.Interval, h.Timeout, h.StartPeriod, h.Retries)
}

// cores is processor time as the engine counts it, in billionths of a core.
func cores(nano int64) cty.Value {
	return cty.NumberIntVal(nano).Divide(cty.NumberIntVal(1e9))
}

func processes(limit *int64) cty.Value {
	if limit == nil {
		return cty.NumberIntVal(0)
	}
	return cty.NumberIntVal(*limit)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// hostAddress is an address for a published port. An address that does not
// parse was refused when the server was lowered.
func hostAddress(host string) netip.Addr {
	ip, _ := netip.ParseAddr(host)
	return ip
}
