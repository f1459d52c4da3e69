package docker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/schemas"
)

type writer struct{ *engine }

// Create makes an object, or takes over the one that bears its labels.
func (w *writer) Create(ctx context.Context, c resource.Change) (cty.Value, error) {
	switch c.Type {
	case NetworkType:
		return w.createNetwork(ctx, c)
	case VolumeType:
		return w.createVolume(ctx, c)
	case ImageType:
		return w.putImage(ctx, c)
	case ContainerType:
		return w.createContainer(ctx, c)
	}
	return cty.NilVal, fmt.Errorf("%s is not a type of this provider", c.Type)
}

// Update changes an object in place. Networks and volumes have nothing that
// can change so.
func (w *writer) Update(ctx context.Context, c resource.Change) (cty.Value, error) {
	switch c.Type {
	case ContainerType:
		return w.updateContainer(ctx, c)
	case ImageType:
		return w.putImage(ctx, c)
	case NetworkType:
		return w.createNetwork(ctx, c)
	case VolumeType:
		return w.createVolume(ctx, c)
	}
	return cty.NilVal, fmt.Errorf("%s is not a type of this provider", c.Type)
}

// Delete removes an object; one that is gone is no error.
func (w *writer) Delete(ctx context.Context, c resource.Change) error {
	switch c.Type {
	case NetworkType:
		return w.deleteNetwork(ctx, c)
	case VolumeType:
		return w.deleteVolume(ctx, c)
	case ImageType:
		return w.deleteImage(ctx, c)
	case ContainerType:
		return w.deleteContainer(ctx, c)
	}
	return fmt.Errorf("%s is not a type of this provider", c.Type)
}

// labels are those of an object that is about to be created.
func (w *writer) labels(c resource.Change) map[string]string {
	l := map[string]string{
		LabelLineage:  w.owner.Lineage,
		LabelAddress:  c.Address.String(),
		LabelRevision: strconv.Itoa(c.Revision),
		LabelDigest:   digestOf(c.Desired),
	}
	if !c.Address.Shared() {
		l[LabelServer] = c.Address.Server.String()
	}
	return l
}

// digestOf identifies the settings of an object. Secrets are left out: a label
// is for everyone to read.
func digestOf(desired cty.Value) string {
	open, _ := desired.UnmarkDeep()
	if open.Type().HasAttribute("document") {
		values := open.AsValueMap()
		values["document"] = cty.NullVal(schemas.Describe[schemas.Server]().Type())
		open = cty.ObjectVal(values)
	}
	raw, err := ctyjson.Marshal(open, open.Type())
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}
