package docker

import (
	"context"
	"fmt"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/document"
)

// standing is the container of the change's address, if there is any. When an
// earlier replacement was cut off, that is the one set aside, and what was to take
// its place is removed.
func (w *writer) standing(ctx context.Context, c resource.Change) (found, bool, error) {
	at, ok, err := w.find(ctx, ContainerType, c.Address)
	if err == nil && ok && at.isAside() {
		err = w.removeOthers(ctx, c.Address, at.id)
	}
	return at, ok, err
}

// removeOthers removes the containers of an address but for one.
func (w *writer) removeOthers(ctx context.Context, at address.Resource, but string) error {
	all, err := w.containers(ctx)
	if err != nil {
		return err
	}
	for _, other := range all[at.String()] {
		if other.id == but {
			continue
		}
		if err := w.remove(ctx, other); err != nil {
			return err
		}
	}
	return nil
}

// recreate has a new container take the place of old. The old one is set aside
// until the new one is well, and takes its place again when it does not become so.
// One that does not run is not worth that.
func (w *writer) recreate(ctx context.Context, c resource.Change, old found, actual cty.Value) (cty.Value, error) {
	if err := w.checkRoom(ctx, c); err != nil {
		return actual, err
	}
	if actual.GetAttr("running").False() {
		return w.removeAndLaunch(ctx, c, old)
	}
	before := before{values: actual}
	var err error
	if isWell(actual) {
		if before.volume, err = w.keep(ctx, old.id); err != nil {
			return actual, err
		}
	}
	switch err := w.rename(ctx, old, strings.TrimSuffix(old.name, aside)+aside); {
	case errdefs.IsNotFound(err): // the engine is just starting it once more
		return w.removeAndLaunch(ctx, c, old)
	case err != nil:
		return w.left(ctx, old.id, err)
	}
	id, err := w.newContainer(ctx, c)
	if err == nil {
		err = w.takeOver(ctx, c, old, id)
	}
	if err != nil {
		return w.fallBack(ctx, c, old, before, err)
	}
	if err := w.remove(ctx, old); err != nil {
		return w.left(ctx, old.id, err)
	}
	return w.readContainer(ctx, id)
}

func (w *writer) removeAndLaunch(ctx context.Context, c resource.Change, old found) (cty.Value, error) {
	if err := w.remove(ctx, old); err != nil {
		return w.left(ctx, old.id, err)
	}
	return w.launch(ctx, c)
}

// takeOver ends the old container and has the new one serve.
func (w *writer) takeOver(ctx context.Context, c resource.Change, old found, id string) error {
	if err := w.deliver(ctx, id, c, true); err != nil {
		return err
	}
	c.Progress("stopping the old container")
	if err := w.stop(ctx, old.id); err != nil {
		return err
	}
	c.Progress("starting the new container")
	if err := w.start(ctx, c, id); err != nil {
		return err
	}
	return w.settle(ctx, c, id)
}

// fallBack has the old container run again in place of the new one, which failed.
// It returns the failure.
func (w *writer) fallBack(ctx context.Context, c resource.Change, old found, before before, failure error) (cty.Value, error) {
	if ctx.Err() != nil {
		return w.left(ctx, old.id, failure)
	}
	c.Progress("putting back the old container")
	return w.left(ctx, old.id, document.PutBack(failure, w.takeBack(ctx, c, old, before)))
}

func (w *writer) takeBack(ctx context.Context, c resource.Change, old found, before before) error {
	if err := w.removeOthers(ctx, c.Address, old.id); err != nil {
		return err
	}
	if before.volume != nil {
		if err := w.copyTo(ctx, old.id, func(d *delivery) error { return d.restore(before.volume) }); err != nil {
			return err
		}
	}
	if err := w.rename(ctx, old, strings.TrimSuffix(old.name, aside)); err != nil {
		return err
	}
	if err := w.start(ctx, c, old.id); err != nil { // that it runs still is no error
		return err
	}
	if before.volume == nil {
		return nil
	}
	return w.settle(ctx, c, old.id)
}

// rename gives a container a name, unless it has it.
func (w *writer) rename(ctx context.Context, at found, name string) error {
	now, err := w.api.ContainerInspect(ctx, at.id, client.ContainerInspectOptions{})
	if err != nil {
		return fmt.Errorf("inspect container %s: %w", at.name, err)
	}
	if now.Container.Name == "/"+name {
		return nil
	}
	if _, err := w.api.ContainerRename(ctx, at.id, client.ContainerRenameOptions{NewName: name}); err != nil {
		return fmt.Errorf("rename container %s: %w", at.name, err)
	}
	return nil
}
