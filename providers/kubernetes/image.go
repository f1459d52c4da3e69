package kubernetes

import (
	"context"
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/resource"
)

// readImage is the image as it was recorded; without a record the registry is
// asked. That it still holds what was recorded is the cluster's to find out: nodes
// that have the image need no registry, and it may not let whoever plans look.
func (c *cluster) readImage(ctx context.Context, prior cty.Value) (resource.Reading, error) {
	if prior != cty.NilVal && !prior.IsNull() {
		return resource.Reading{Exists: true, Values: prior}, nil
	}
	built, err := c.image(c.Arch)
	if err != nil || c.Registry == "" || !built.Held(ctx, c.Registry, c.keychain) {
		return resource.Reading{}, nil
	}
	reference, err := built.Reference(c.Registry)
	if err != nil {
		return resource.Reading{}, err
	}
	return resource.Reading{Exists: true, Values: imageValues(reference, c.Arch)}, nil
}

func imageValues(reference, arch string) cty.Value {
	return object(typeOf(ImageType), map[string]cty.Value{
		"reference": cty.StringVal(reference),
		"platform":  cty.StringVal("linux/" + arch),
	})
}

// push sends the image to the registry, as far as it is not there.
func (w *writer) push(ctx context.Context, c resource.Change) (cty.Value, error) {
	built, err := w.image(w.Arch)
	if err != nil {
		return cty.NilVal, err
	}
	reference, err := built.Reference(w.Registry)
	if err != nil {
		return cty.NilVal, err
	}
	if want := c.Desired.GetAttr("reference").AsString(); reference != want {
		return cty.NilVal, fmt.Errorf("the image is %s, and was planned as %s; plan again with this erlmcp", reference, want)
	}
	c.Progress("pushing the image")
	if err := built.Push(ctx, w.Registry, w.keychain); err != nil {
		return cty.NilVal, refuse(w.target, "the image cannot be pushed", "%s.", err).
			Fix("Check the registry in the target block, and that this machine is logged in to it.")
	}
	return c.Desired, nil
}
