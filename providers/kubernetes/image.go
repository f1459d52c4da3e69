package kubernetes

import (
	"context"
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/resource"
)

// readImage is the image as it was recorded. That a registry still holds it is
// the cluster's to find out: nodes that have it need no registry, and the
// registry may not let whoever plans look.
func (c *cluster) readImage(_ context.Context, prior cty.Value) (resource.Reading, error) {
	if prior == cty.NilVal || prior.IsNull() {
		return resource.Reading{}, nil
	}
	return resource.Reading{Exists: true, Values: prior}, nil
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
	if err := built.Push(ctx, w.Registry, nil); err != nil {
		return cty.NilVal, refuse(w.target, "the image cannot be pushed", "%s.", err).
			Fix("Check the registry in the target block, and that this machine is logged in to it.")
	}
	return c.Desired, nil
}
