package docker

import (
	"context"
	"fmt"

	"github.com/zclconf/go-cty/cty"
	"golang.org/x/sync/errgroup"

	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/document"
)

// readers is how many objects are looked at at the same time.
const readers = 8

type reader struct{ *engine }

// Read lists each type of object once, and inspects only those that are asked
// for.
func (r *reader) Read(ctx context.Context, keys []resource.Key) []resource.Reading {
	out := make([]resource.Reading, len(keys))
	lists := r.lists(ctx, keys)
	var g errgroup.Group
	g.SetLimit(readers)
	for i, k := range keys {
		g.Go(func() error {
			v, err := r.read(ctx, k, lists[k.Type])
			if err != nil {
				err = fmt.Errorf("read %s: %w", k.Address, err)
			}
			out[i] = resource.Reading{Exists: v != cty.NilVal, Values: v, Err: err}
			return nil
		})
	}
	_ = g.Wait() // no function fails: each reading has its own error
	return out
}

// listing is the owner's objects of one type.
type listing struct {
	index
	err error
}

func (e *engine) lists(ctx context.Context, keys []resource.Key) map[string]listing {
	out := map[string]listing{}
	for _, k := range keys {
		if _, ok := out[k.Type]; !ok {
			x, err := e.list(ctx, k.Type)
			out[k.Type] = listing{x, err}
		}
	}
	return out
}

// list is the owner's objects of a type. Images are found by name instead.
func (e *engine) list(ctx context.Context, typ string) (index, error) {
	switch typ {
	case ContainerType:
		return e.containers(ctx)
	case NetworkType:
		return e.networks(ctx)
	case VolumeType:
		return e.volumes(ctx)
	}
	return nil, nil
}

// read is the object of the key, or NilVal.
func (e *engine) read(ctx context.Context, k resource.Key, in listing) (cty.Value, error) {
	if k.Type == ImageType {
		return e.readImage(ctx, k.Prior)
	}
	if in.err != nil {
		return cty.NilVal, in.err
	}
	at, ok, err := in.one(k.Address)
	if err != nil || !ok {
		return cty.NilVal, err
	}
	switch k.Type {
	case ContainerType:
		v, err := e.readContainer(ctx, at.id)
		if err != nil || v == cty.NilVal {
			return cty.NilVal, err
		}
		return document.WithPriorEndpoint(v, k.Prior), nil
	case NetworkType:
		return e.readNetwork(ctx, at.id)
	case VolumeType:
		return e.readVolume(ctx, at.id)
	}
	return cty.NilVal, fmt.Errorf("%s is not a type of this provider", k.Type)
}

// find lists and reads one object.
func (e *engine) find(ctx context.Context, typ string, at address.Resource) (found, bool, error) {
	x, err := e.list(ctx, typ)
	if err != nil {
		return found{}, false, err
	}
	return x.one(at)
}
