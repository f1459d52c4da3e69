package docker

import (
	"context"
	"fmt"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/document"
)

// updateContainer brings a container to what is desired without making a new one.
func (w *writer) updateContainer(ctx context.Context, c resource.Change) (cty.Value, error) {
	at, ok, err := w.find(ctx, ContainerType, c.Address)
	if err != nil {
		return cty.NilVal, err
	}
	gone := func() (cty.Value, error) {
		d := diag.Errorf("the container is gone", "It was there when the plan was made.").Fix("Plan and apply again.")
		d.Address = c.Address.String()
		return cty.NilVal, d
	}
	if !ok {
		return gone()
	}
	v, err := w.readContainer(ctx, at.id)
	if err != nil {
		return cty.NilVal, err
	}
	if v == cty.NilVal {
		return gone()
	}
	return w.update(ctx, c, at.id, v)
}

// update carries out what differs between actual and desired, in the order in
// which the server stays well: limits, then what it serves, then the process.
func (w *writer) update(ctx context.Context, c resource.Change, id string, actual cty.Value) (cty.Value, error) {
	changed := document.Changed(containerType, actual, c.Desired)
	has := func(names ...string) bool {
		for _, n := range names {
			if _, ok := changed[n]; ok {
				return true
			}
		}
		return false
	}
	if has("memory", "cpu", "processes", "restart") {
		if err := w.setLimits(ctx, c, id); err != nil {
			return w.left(ctx, id, err)
		}
	}
	var kept []byte
	if has("document", "files") {
		var err error
		if actual.GetAttr("running").True() && actual.GetAttr("loaded").True() {
			if kept, err = w.keep(ctx, id); err != nil {
				return w.left(ctx, id, err)
			}
		}
		nothing := actual.GetAttr("document").IsNull() // perhaps nothing was ever delivered
		if err := w.deliver(ctx, id, c, has("files") || nothing); err != nil {
			return w.left(ctx, id, err)
		}
	}
	if has("running", "document", "files", "loaded") {
		how := max(changed["document"], changed["files"], changed["loaded"])
		err := w.takeIn(ctx, c, id, how)
		if err == nil {
			err = w.settle(ctx, c, id)
		}
		if err != nil {
			return w.putBack(ctx, c, id, kept, how, err)
		}
	}
	return w.readContainer(ctx, id)
}

func (w *writer) setLimits(ctx context.Context, c resource.Change, id string) error {
	d, _ := c.Desired.UnmarkDeep()
	resources := limits(d)
	_, err := w.api.ContainerUpdate(ctx, id, client.ContainerUpdateOptions{
		Resources:     &resources,
		RestartPolicy: &container.RestartPolicy{Name: container.RestartPolicyMode(d.GetAttr("restart").AsString())},
	})
	if err != nil {
		return fmt.Errorf("change the limits: %w", err)
	}
	return nil
}

// takeIn makes the server run with what lies in its volume: by a reload when
// that is enough and it runs, else by a start.
func (w *writer) takeIn(ctx context.Context, c resource.Change, id string, impact resource.Impact) error {
	now, err := w.api.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
	if err != nil {
		return fmt.Errorf("inspect container: %w", err)
	}
	s := now.Container.State
	switch {
	case s.Paused:
		c.Progress("resuming")
		if _, err := w.api.ContainerUnpause(ctx, id, client.ContainerUnpauseOptions{}); err != nil {
			return fmt.Errorf("resume container: %w", err)
		}
		return w.takeIn(ctx, c, id, impact)
	case !s.Running:
		c.Progress("starting")
		return w.start(ctx, c, id)
	case s.Restarting || impact >= resource.ImpactRestart:
		c.Progress("restarting")
		// Not the engine's own restart: when that fails, it does not say whether the
		// stop or the start did.
		if _, err := w.api.ContainerStop(ctx, id, client.ContainerStopOptions{Timeout: drain(c)}); err != nil {
			return fmt.Errorf("stop container: %w", err)
		}
		return w.start(ctx, c, id)
	case impact == resource.ImpactReload:
		c.Progress("reloading")
		return w.reload(ctx, c, id)
	}
	return nil
}

func (w *writer) start(ctx context.Context, c resource.Change, id string) error {
	_, err := w.api.ContainerStart(ctx, id, client.ContainerStartOptions{})
	if problem := w.portProblem(ctx, c, err); problem != nil {
		return problem
	}
	if err != nil {
		return fmt.Errorf("start container: %w", err)
	}
	return nil
}

// reload has the server load its document again. It keeps the old one when it
// refuses.
func (w *writer) reload(ctx context.Context, c resource.Change, id string) error {
	code, output, err := w.exec(ctx, id, programPath, "reload", "-control", controlPath)
	if err != nil {
		return fmt.Errorf("reload: %w", err)
	}
	if code != 0 {
		d := diag.Errorf("the server refuses its new document", "%s", document.Excerpt(output, c.Desired)).
			Fix("It goes on with the old one. Correct the configuration and apply again.")
		d.Address = c.Address.String()
		return d
	}
	return nil
}

// deleteContainer stops and removes a container. An image of ours that nothing
// else needs goes with it.
func (w *writer) deleteContainer(ctx context.Context, c resource.Change) error {
	at, ok, err := w.find(ctx, ContainerType, c.Address)
	if err != nil || !ok {
		return err
	}
	now, err := w.api.ContainerInspect(ctx, at.id, client.ContainerInspectOptions{})
	if errdefs.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("inspect container %s: %w", at.name, err)
	}
	c.Progress("stopping")
	if _, err := w.api.ContainerStop(ctx, at.id, client.ContainerStopOptions{}); err != nil && !errdefs.IsNotFound(err) && !errdefs.IsNotModified(err) {
		return fmt.Errorf("stop container %s: %w", at.name, err)
	}
	_, err = w.api.ContainerRemove(ctx, at.id, client.ContainerRemoveOptions{Force: true})
	if err != nil && !errdefs.IsNotFound(err) {
		return fmt.Errorf("remove container %s: %w", at.name, err)
	}
	w.forgetImage(ctx, now.Container.Image)
	return nil
}
