package docker

import (
	"context"
	"fmt"
	"slices"

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
	at, ok, err := w.standing(ctx, c)
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
	return w.update(ctx, c, at, v)
}

// update carries out what differs between actual and desired, in the order in
// which the server stays well: limits, then what it serves, then the process.
// What cannot be changed is made anew.
func (w *writer) update(ctx context.Context, c resource.Change, at found, actual cty.Value) (cty.Value, error) {
	changed := document.Changed(containerType(), actual, c.Desired)
	has := func(names ...string) bool {
		return slices.ContainsFunc(names, func(n string) bool { _, ok := changed[n]; return ok })
	}
	for _, impact := range changed {
		if impact == resource.ImpactReplace {
			return w.recreate(ctx, c, at, actual)
		}
	}
	id, before := at.id, before{values: actual}
	stopped := false
	if has("memory", "cpu", "processes", "restart") {
		if err := w.checkLimits(ctx, c); err != nil {
			return actual, err
		}
		before.limits = true
		var err error
		if stopped, err = w.setLimits(ctx, c.Desired, id); err != nil {
			return w.left(ctx, id, err)
		}
	}
	if has("document", "files") {
		var err error
		if isWell(actual) {
			if before.volume, err = w.keep(ctx, id); err != nil {
				return w.left(ctx, id, err)
			}
		}
		nothing := actual.GetAttr("document").IsNull() // perhaps nothing was ever delivered
		if err := w.deliver(ctx, id, c, has("files") || nothing); err != nil {
			return w.left(ctx, id, err)
		}
	}
	if stopped || has("running", "document", "files", "loaded") {
		how := max(changed["document"], changed["files"], changed["loaded"], changed["running"])
		err := w.takeIn(ctx, c, id, how)
		if err == nil {
			how = resource.ImpactRestart // should it not become well
			err = w.settle(ctx, c, id)
		}
		if err != nil {
			return w.putBack(ctx, c, id, before, how, err)
		}
	}
	return w.readContainer(ctx, id)
}

// isWell reports whether what was read of a container is one that serves what
// lies in its volume.
func isWell(v cty.Value) bool { return v.GetAttr("running").True() && v.GetAttr("loaded").True() }

// setLimits changes the limits of a container. The engine refuses that of one that
// ends again and again, perhaps for want of memory: that one is stopped for it, and
// is the caller's to start.
func (w *writer) setLimits(ctx context.Context, values cty.Value, id string) (stopped bool, err error) {
	d, _ := values.UnmarkDeep()
	resources := limits(d)
	options := client.ContainerUpdateOptions{
		Resources:     &resources,
		RestartPolicy: &container.RestartPolicy{Name: container.RestartPolicyMode(d.GetAttr("restart").AsString())},
	}
	_, err = w.api.ContainerUpdate(ctx, id, options)
	if errdefs.IsConflict(err) {
		if err := w.stop(ctx, id, nil); err != nil {
			return false, err
		}
		stopped = true
		_, err = w.api.ContainerUpdate(ctx, id, options)
	}
	if err != nil {
		return stopped, diag.Errorf("the engine refuses these limits", "%s Nothing of the server was changed.", diag.Sentence(err)).
			Fix("A limit of memory below what the server uses now needs a stop first; else give more.")
	}
	return stopped, nil
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
		if err := w.stop(ctx, id, drain(c)); err != nil {
			return err
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

// stop ends the process, and waits until the engine says so: one that it keeps
// restarting would count as started already.
func (w *writer) stop(ctx context.Context, id string, within *int) error {
	if _, err := w.api.ContainerStop(ctx, id, client.ContainerStopOptions{Timeout: within}); err != nil {
		return fmt.Errorf("stop container: %w", err)
	}
	ended := w.api.ContainerWait(ctx, id, client.ContainerWaitOptions{Condition: container.WaitConditionNotRunning})
	select {
	case <-ended.Result:
		return nil
	case err := <-ended.Error:
		return fmt.Errorf("stop container: %w", err)
	}
}

// deleteContainer stops and removes what there is of a container. An image of
// ours that nothing else needs goes with it.
func (w *writer) deleteContainer(ctx context.Context, c resource.Change) error {
	all, err := w.containers(ctx)
	if err != nil {
		return err
	}
	for _, at := range all[c.Address.String()] {
		c.Progress("stopping")
		if err := w.remove(ctx, at); err != nil {
			return err
		}
	}
	return nil
}

// remove ends and removes a container, gently if it runs.
func (w *writer) remove(ctx context.Context, at found) error {
	now, err := w.api.ContainerInspect(ctx, at.id, client.ContainerInspectOptions{})
	if errdefs.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("inspect container %s: %w", at.name, err)
	}
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
