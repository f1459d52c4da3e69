package docker

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/document"
	"github.com/erlmcp/erlmcp/schemas"
)

// createContainer makes and starts the container of a server, or brings the
// one that is there already to what is desired.
func (w *writer) createContainer(ctx context.Context, c resource.Change) (cty.Value, error) {
	at, ok, err := w.standing(ctx, c)
	if err != nil {
		return cty.NilVal, err
	}
	if ok {
		v, err := w.readContainer(ctx, at.id)
		if err != nil {
			return cty.NilVal, err
		}
		if v != cty.NilVal {
			return w.update(ctx, c, at, v)
		}
	}
	if err := w.checkRoom(ctx, c); err != nil {
		return cty.NilVal, err
	}
	return w.launch(ctx, c)
}

// launch makes a container where there is none, and starts it.
func (w *writer) launch(ctx context.Context, c resource.Change) (cty.Value, error) {
	id, err := w.newContainer(ctx, c)
	if err != nil {
		return cty.NilVal, err
	}
	if err := w.deliver(ctx, id, c, true); err != nil {
		return w.left(ctx, id, err)
	}
	c.Progress("starting")
	if err := w.start(ctx, c, id); err != nil {
		// Nothing runs and nothing will: leave no trace of the attempt.
		if _, removeErr := w.api.ContainerRemove(ctx, id, client.ContainerRemoveOptions{Force: true}); removeErr == nil {
			return cty.NilVal, err
		}
		return w.left(ctx, id, err)
	}
	if err := w.settle(ctx, c, id); err != nil {
		return w.left(ctx, id, err)
	}
	return w.readContainer(ctx, id)
}

// left is what exists of a container after err. It is read although the
// operation was interrupted.
func (w *writer) left(ctx context.Context, id string, err error) (cty.Value, error) {
	v, readErr := w.readContainer(context.WithoutCancel(ctx), id)
	if readErr != nil {
		return cty.NilVal, err
	}
	return v, err
}

// newContainer creates the container without starting it.
func (w *writer) newContainer(ctx context.Context, c resource.Change) (string, error) {
	d, _ := c.Desired.UnmarkDeep()
	bindings, exposed := portMap(d.GetAttr("ports"))
	health := d.GetAttr("health")
	name, network := d.GetAttr("name").AsString(), d.GetAttr("network").AsString()
	command := stringsOf(d.GetAttr("command"))
	stop := stopSeconds(c.Desired.GetAttr("document"))
	created, err := w.api.ContainerCreate(ctx, client.ContainerCreateOptions{
		Name: name,
		Config: &container.Config{
			// By its name: not every engine knows an image by its digest.
			Image:        w.reference(w.prefix + "/" + repositoryName),
			Entrypoint:   command[:1],
			Cmd:          command[1:],
			User:         d.GetAttr("security").GetAttr("user").AsString(),
			ExposedPorts: exposed,
			Labels:       w.labels(c),
			StopTimeout:  &stop,
			Healthcheck: &container.HealthConfig{
				Test:     stringsOf(health.GetAttr("command")),
				Interval: healthInterval, Timeout: healthTimeout, StartPeriod: healthStartPeriod, Retries: healthRetries,
			},
		},
		HostConfig: w.hostConfig(d, bindings, network),
	})
	switch {
	case errdefs.IsConflict(err):
		return "", w.taken(ctx, c.Address, "container", name)
	case err != nil:
		return "", fmt.Errorf("create container %s: %w", name, err)
	}
	return created.ID, nil
}

func (w *writer) hostConfig(d cty.Value, bindings network.PortMap, network string) *container.HostConfig {
	resources := limits(d)
	return &container.HostConfig{
		Resources:      resources,
		NetworkMode:    container.NetworkMode(network),
		PortBindings:   bindings,
		RestartPolicy:  container.RestartPolicy{Name: container.RestartPolicyMode(d.GetAttr("restart").AsString())},
		ReadonlyRootfs: true,
		CapDrop:        []string{"ALL"},
		SecurityOpt:    []string{"no-new-privileges"},
		Tmpfs:          map[string]string{runFolder: runOptions},
		Mounts:         volumeMounts(d.GetAttr("mounts")),
		// Bounded, so that a talkative server does not fill the machine.
		LogConfig: container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": "10m", "max-file": "3"}},
	}
}

// volumeMounts are those among mounts that are volumes.
func volumeMounts(mounts cty.Value) []mount.Mount {
	var out []mount.Mount
	for at, what := range mounts.AsValueMap() {
		name, ok := strings.CutPrefix(what.AsString(), "volume ")
		if !ok {
			continue
		}
		m := mount.Mount{Type: mount.TypeVolume, Source: name, Target: at}
		if _, part, ok := cutLast(name, dataSuffix); ok {
			out = append(out, mount.Mount{Type: mount.TypeVolume, Source: name, Target: seed(part)})
			m.VolumeOptions = &mount.VolumeOptions{NoCopy: true} // its owner comes from the seed
		}
		out = append(out, m)
	}
	return out
}

// limits are what the engine enforces, and can change while it runs. Swap is
// what the engine gives on its own: as much again.
func limits(d cty.Value) container.Resources {
	memory, _ := d.GetAttr("memory").AsBigFloat().Int64()
	cpu, _ := d.GetAttr("cpu").Multiply(cty.NumberIntVal(1e9)).AsBigFloat().Int64()
	count, _ := d.GetAttr("processes").AsBigFloat().Int64()
	return container.Resources{Memory: memory, MemorySwap: 2 * memory, NanoCPUs: cpu, PidsLimit: &count}
}

func portMap(ports cty.Value) (network.PortMap, network.PortSet) {
	bindings, exposed := network.PortMap{}, network.PortSet{}
	for inside, outside := range ports.AsValueMap() {
		port := network.MustParsePort(inside)
		host, number, _ := cutLast(outside.AsString(), ":")
		if number == "0" {
			number = ""
		}
		exposed[port] = struct{}{}
		bindings[port] = []network.PortBinding{{HostIP: hostAddress(strings.Trim(host, "[]")), HostPort: number}}
	}
	return bindings, exposed
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

func stringsOf(list cty.Value) []string {
	var out []string
	for _, v := range list.AsValueSlice() {
		out = append(out, v.AsString())
	}
	return out
}

// grace is what a server gets to end beyond the time for its calls, in seconds.
const grace = 5

// drain is how long a server that is stopped for a change gets for its calls, in
// seconds, when the change says so.
func drain(c resource.Change) *int {
	if c.Rollout.DrainTimeout == 0 {
		return nil
	}
	seconds := int(c.Rollout.DrainTimeout.Seconds()) + grace
	return &seconds
}

// stopSeconds is how long the engine waits for the server to end its calls
// before it kills it: a little longer than the server itself.
func stopSeconds(doc cty.Value) int {
	v, _ := document.Setting(doc, "limits", "drain_timeout").Unmark()
	d, err := schemas.ParseDuration(v.AsString())
	if err != nil {
		return grace
	}
	return int(time.Duration(d).Seconds()) + grace
}
