package docker

import (
	"context"
	"fmt"
	"io"

	"github.com/moby/moby/client"

	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/schemas"
)

// deliver puts the document, and with files those too, into the container's
// volume. The document comes last, so that a delivery that is cut off leaves
// the old one.
func (w *writer) deliver(ctx context.Context, id string, c resource.Change, files bool) error {
	doc, err := schemas.Encode(c.Desired.GetAttr("document"))
	if err != nil {
		return err
	}
	err = w.copyTo(ctx, id, func(d *delivery) error {
		if err := d.content(loadedName, []byte(loadedNo)); err != nil {
			return err
		}
		if files {
			if err := d.clear(); err != nil {
				return err
			}
			if err := d.folder(schemas.FilesFolder); err != nil {
				return err
			}
			for _, f := range c.Files {
				if err := d.file(f); err != nil {
					return err
				}
			}
		}
		return d.content(schemas.DocumentName, doc)
	})
	if err != nil {
		return fmt.Errorf("deliver the document: %w", err)
	}
	return nil
}

// markLoaded notes that the server has taken in what lies in the volume.
func (w *writer) markLoaded(ctx context.Context, id string) error {
	err := w.copyTo(ctx, id, func(d *delivery) error { return d.content(loadedName, []byte(loadedYes)) })
	if err != nil {
		return fmt.Errorf("note what is loaded: %w", err)
	}
	return nil
}

// copyTo streams what fill adds into the volume of the container.
func (w *writer) copyTo(ctx context.Context, id string, fill func(*delivery) error) error {
	r, pipe := io.Pipe()
	filled := make(chan error, 1)
	go func() {
		d := newDelivery(pipe)
		err := fill(d)
		if err == nil {
			err = d.w.Close()
		}
		pipe.CloseWithError(err)
		filled <- err
	}()
	_, err := w.api.CopyToContainer(ctx, id, client.CopyToContainerOptions{
		DestinationPath: configFolder, Content: r, AllowOverwriteDirWithFile: true,
	})
	r.CloseWithError(io.ErrClosedPipe) // ends the function when the engine did not read to the end
	if fillErr := <-filled; fillErr != nil && fillErr != io.ErrClosedPipe {
		return fillErr
	}
	return err
}
