package docker

import (
	"context"
	"fmt"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/resource"
)

func (e *engine) readVolume(ctx context.Context, name string) (cty.Value, error) {
	v, err := e.api.VolumeInspect(ctx, name, client.VolumeInspectOptions{})
	if errdefs.IsNotFound(err) {
		return cty.NilVal, nil
	}
	if err != nil {
		return cty.NilVal, fmt.Errorf("inspect volume: %w", err)
	}
	return object(volumeType, map[string]cty.Value{
		"name":   cty.StringVal(v.Volume.Name),
		"driver": cty.StringVal(v.Volume.Driver),
	}), nil
}

func (w *writer) createVolume(ctx context.Context, c resource.Change) (cty.Value, error) {
	if at, ok, err := w.find(ctx, VolumeType, c.Address); err != nil || ok {
		if err != nil {
			return cty.NilVal, err
		}
		return w.readVolume(ctx, at.id)
	}
	name := c.Desired.GetAttr("name").AsString()
	// The engine itself would answer with the volume that is there.
	switch _, err := w.api.VolumeInspect(ctx, name, client.VolumeInspectOptions{}); {
	case err == nil:
		return cty.NilVal, w.taken(ctx, c.Address, "volume", name)
	case !errdefs.IsNotFound(err):
		return cty.NilVal, fmt.Errorf("inspect volume %s: %w", name, err)
	}
	_, err := w.api.VolumeCreate(ctx, client.VolumeCreateOptions{
		Name:   name,
		Driver: c.Desired.GetAttr("driver").AsString(),
		Labels: w.labels(c),
	})
	if err != nil {
		return cty.NilVal, fmt.Errorf("create volume %s: %w", name, err)
	}
	return w.readVolume(ctx, name)
}

func (w *writer) deleteVolume(ctx context.Context, c resource.Change) error {
	at, ok, err := w.find(ctx, VolumeType, c.Address)
	if err != nil || !ok {
		return err
	}
	if _, err := w.api.VolumeRemove(ctx, at.id, client.VolumeRemoveOptions{}); err != nil && !errdefs.IsNotFound(err) {
		return fmt.Errorf("remove volume %s: %w", at.name, err)
	}
	return nil
}
