package docker

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/moby/moby/client"
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/document"
)

// maxKept bounds what is kept of a volume in order to put it back, in bytes.
const maxKept = 64 << 20

// keep returns an archive of what lies in the container's volume; nil when that
// is too much to keep.
func (w *writer) keep(ctx context.Context, id string) ([]byte, error) {
	r, err := w.api.CopyFromContainer(ctx, id, client.CopyFromContainerOptions{SourcePath: configFolder})
	if err != nil {
		return nil, fmt.Errorf("keep what is served now: %w", err)
	}
	kept, err := io.ReadAll(io.LimitReader(r.Content, maxKept+1))
	if err = errors.Join(err, r.Content.Close()); err != nil {
		return nil, fmt.Errorf("keep what is served now: %w", err)
	}
	if len(kept) > maxKept {
		return nil, nil
	}
	return kept, nil
}

// before is what a server was like before it was changed.
type before struct {
	values cty.Value
	volume []byte // what was served, nil when it was not well or is not known
	limits bool   // whether they are changed
}

// putBack has the server run as before, after it failed with what was to replace
// that. It returns the failure.
func (w *writer) putBack(ctx context.Context, c resource.Change, id string, before before, how resource.Impact, failure error) (cty.Value, error) {
	if ctx.Err() != nil || before.volume == nil || c.Rollout.LeaveFailed {
		return w.left(ctx, id, failure)
	}
	if how >= resource.ImpactRestart {
		// The engine changes nothing of what it is just starting once more.
		if err := w.stop(ctx, id, nil); err != nil {
			return w.left(ctx, id, document.PutBack(failure, err))
		}
	}
	if before.limits {
		if _, err := w.setLimits(ctx, before.values, id); err != nil {
			return w.left(ctx, id, document.PutBack(failure, err))
		}
	}
	c.Progress("putting back what was served before")
	err := w.copyTo(ctx, id, func(d *delivery) error { return d.restore(before.volume) })
	if err == nil {
		err = w.takeIn(ctx, c, id, how)
	}
	if err == nil {
		err = w.settle(ctx, c, id)
	}
	return w.left(ctx, id, document.PutBack(failure, err))
}

// restore adds what an archive of the volume holds, in place of what is there.
func (d *delivery) restore(kept []byte) error {
	if err := d.content(loadedName, []byte(loadedNo)); err != nil {
		return err
	}
	if err := d.clear(); err != nil {
		return err
	}
	archive := tar.NewReader(bytes.NewReader(kept))
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(h.Name, path.Base(configFolder)+"/")
		if name == "" || name == loadedName {
			continue
		}
		h.Name = name
		if err := d.w.WriteHeader(h); err != nil {
			return err
		}
		if _, err := io.Copy(d.w, archive); err != nil {
			return err
		}
	}
}
