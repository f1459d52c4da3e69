package docker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/image"
)

// repositoryName follows the prefix in the name of the image.
const repositoryName = "runtime"

// reference is the name of the owner's image. Its tag tells owners and targets
// apart, since the image itself must not.
func (e *engine) reference(repository string) string {
	sum := sha256.Sum256([]byte(e.owner.Lineage))
	return repository + ":" + e.target.Address.Name + "-" + hex.EncodeToString(sum[:6])
}

func (e *engine) readImage(ctx context.Context, prior cty.Value) (cty.Value, error) {
	repository := e.prefix + "/" + repositoryName
	if prior != cty.NilVal && !prior.IsNull() && !prior.GetAttr("repository").IsNull() {
		repository = prior.GetAttr("repository").AsString() // the prefix may have changed since
	}
	img, err := e.api.ImageInspect(ctx, e.reference(repository))
	if errdefs.IsNotFound(err) {
		return cty.NilVal, nil
	}
	if err != nil {
		return cty.NilVal, fmt.Errorf("inspect image: %w", err)
	}
	return object(imageType, map[string]cty.Value{
		"repository": cty.StringVal(repository),
		"platform":   cty.StringVal(img.Os + "/" + img.Architecture),
		"digest":     cty.StringVal(e.identity(img)),
		"reference":  cty.StringVal(e.reference(repository)),
	}), nil
}

// identity is the digest of the image's configuration. An engine that keeps
// images in containerd calls another digest the ID; there, an image that holds
// our layer and label is ours.
func (e *engine) identity(img client.ImageInspectResult) string {
	if img.Descriptor == nil {
		return img.ID
	}
	built, err := e.image(img.Architecture)
	if err != nil || img.Config == nil || img.Config.Labels[image.LabelRuntime] == "" || !slices.Equal(img.RootFS.Layers, []string{built.Layer}) {
		return img.ID
	}
	return built.Digest
}

// putImage loads the image unless the engine has it, and gives it the owner's
// name.
func (w *writer) putImage(ctx context.Context, c resource.Change) (cty.Value, error) {
	built, err := w.image(w.arch)
	if err != nil {
		return cty.NilVal, err
	}
	if want := c.Desired.GetAttr("digest").AsString(); built.Digest != want {
		return cty.NilVal, fmt.Errorf("the image is %s, and was planned as %s; plan again with this erlmcp", built.Digest, want)
	}
	if err := w.checkArch(ctx); err != nil {
		return cty.NilVal, err
	}
	repository := c.Desired.GetAttr("repository").AsString()
	reference := w.reference(repository)
	before, err := w.api.ImageInspect(ctx, reference)
	if err != nil && !errdefs.IsNotFound(err) {
		return cty.NilVal, fmt.Errorf("inspect image %s: %w", reference, err)
	}
	switch _, err := w.api.ImageTag(ctx, client.ImageTagOptions{Source: built.Digest, Target: reference}); {
	case errdefs.IsNotFound(err):
		c.Progress("loading the image")
		if err := w.load(ctx, built, reference); err != nil {
			return cty.NilVal, err
		}
	case err != nil:
		return cty.NilVal, fmt.Errorf("tag image %s: %w", reference, err)
	}
	if before.ID != "" {
		w.forgetImage(ctx, before.ID)
	}
	return w.readImage(ctx, c.Desired)
}

func (w *writer) load(ctx context.Context, img *image.Image, reference string) error {
	r, pipe := io.Pipe()
	written := make(chan error, 1)
	go func() {
		err := img.Write(pipe, reference)
		pipe.CloseWithError(err)
		written <- err
	}()
	answer, err := w.api.ImageLoad(ctx, r, client.ImageLoadWithQuiet(true))
	r.CloseWithError(context.Canceled) // ends the writer when the engine did not read to the end
	if writeErr := <-written; err == nil && writeErr != nil {
		err = writeErr
	}
	if err != nil {
		return fmt.Errorf("load image %s: %w", reference, err)
	}
	// The engine is done only when its answer has ended; a failure stands in it.
	text, err := io.ReadAll(io.LimitReader(answer, 1<<20))
	answer.Close()
	if err == nil && strings.Contains(string(text), `"error"`) {
		err = fmt.Errorf("the engine answers %s", text)
	}
	if err != nil {
		return fmt.Errorf("load image %s: %w", reference, err)
	}
	return nil
}

func (w *writer) checkArch(ctx context.Context) error {
	info, err := w.api.Info(ctx, client.InfoOptions{})
	if err != nil {
		return fmt.Errorf("ask the engine for its architecture: %w", err)
	}
	arch := info.Info.Architecture
	switch arch {
	case "x86_64":
		arch = "amd64"
	case "aarch64":
		arch = "arm64"
	}
	if arch != w.arch {
		return refuse(w.target, "the image is for another architecture", "The engine runs on %s, and the target says %s.", arch, w.arch).
			Fix("Set arch = %q in the target block.", arch)
	}
	return nil
}

// deleteImage takes the owner's name off the image, and with the last name the
// image goes. It stays while a container that is not ours uses it.
func (w *writer) deleteImage(ctx context.Context, c resource.Change) error {
	repository := w.prefix + "/" + repositoryName
	if c.Prior != cty.NilVal && !c.Prior.IsNull() && !c.Prior.GetAttr("repository").IsNull() {
		repository = c.Prior.GetAttr("repository").AsString()
	}
	_, err := w.api.ImageRemove(ctx, w.reference(repository), client.ImageRemoveOptions{PruneChildren: true})
	switch {
	case errdefs.IsConflict(err):
		c.Progress("the image stays, since a container that is not ours uses it")
		return nil
	case err != nil && !errdefs.IsNotFound(err):
		return fmt.Errorf("remove image: %w", err)
	}
	return nil
}

// forgetImage removes an image of ours that has lost its name, unless a
// container still needs it: then that container's end removes it. Failing to is
// no failure of the change that was asked for.
func (w *writer) forgetImage(ctx context.Context, id string) {
	img, err := w.api.ImageInspect(ctx, id)
	if err != nil || len(img.RepoTags) > 0 || img.Config == nil || img.Config.Labels[image.LabelRuntime] == "" {
		return
	}
	_, _ = w.api.ImageRemove(ctx, id, client.ImageRemoveOptions{PruneChildren: true})
}
