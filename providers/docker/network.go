package docker

import (
	"context"
	"fmt"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/resource"
)

func (e *engine) readNetwork(ctx context.Context, id string) (cty.Value, error) {
	n, err := e.api.NetworkInspect(ctx, id, client.NetworkInspectOptions{})
	if errdefs.IsNotFound(err) {
		return cty.NilVal, nil
	}
	if err != nil {
		return cty.NilVal, fmt.Errorf("inspect network: %w", err)
	}
	return object(networkType, map[string]cty.Value{
		"name":   cty.StringVal(n.Network.Name),
		"driver": cty.StringVal(n.Network.Driver),
		"id":     cty.StringVal(n.Network.ID),
	}), nil
}

func (w *writer) createNetwork(ctx context.Context, c resource.Change) (cty.Value, error) {
	if at, ok, err := w.find(ctx, NetworkType, c.Address); err != nil || ok {
		if err != nil {
			return cty.NilVal, err
		}
		return w.readNetwork(ctx, at.id)
	}
	name := c.Desired.GetAttr("name").AsString()
	// The engine itself would take a second network of the same name.
	same, err := w.api.NetworkList(ctx, client.NetworkListOptions{Filters: client.Filters{}.Add("name", name)})
	if err != nil {
		return cty.NilVal, fmt.Errorf("list networks: %w", err)
	}
	for _, n := range same.Items {
		if n.Name == name {
			return cty.NilVal, w.taken(ctx, c.Address, "network", name)
		}
	}
	n, err := w.api.NetworkCreate(ctx, name, client.NetworkCreateOptions{
		Driver: c.Desired.GetAttr("driver").AsString(),
		Labels: w.labels(c),
	})
	if err != nil {
		return cty.NilVal, fmt.Errorf("create network %s: %w", name, err)
	}
	return w.readNetwork(ctx, n.ID)
}

func (w *writer) deleteNetwork(ctx context.Context, c resource.Change) error {
	at, ok, err := w.find(ctx, NetworkType, c.Address)
	if err != nil || !ok {
		return err
	}
	if _, err := w.api.NetworkRemove(ctx, at.id, client.NetworkRemoveOptions{}); err != nil && !errdefs.IsNotFound(err) {
		return fmt.Errorf("remove network %s: %w", at.name, err)
	}
	return nil
}
