package docker

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/document"
	"github.com/erlmcp/erlmcp/schemas"
)

// Keep returns an object as it is, and copies the files of a container's volume.
// There is nothing to keep of a server that is not well.
func (w *writer) Keep(ctx context.Context, k resource.Key, to string) (cty.Value, []resource.File, error) {
	x, err := w.list(ctx, k.Type)
	v := cty.NilVal
	if err == nil {
		v, err = w.read(ctx, k, listing{index: x})
	}
	if err != nil || v == cty.NilVal || k.Type != ContainerType {
		return v, nil, err
	}
	if v.GetAttr("document").IsNull() || v.GetAttr("running").False() || v.GetAttr("loaded").False() {
		return cty.NilVal, nil, nil
	}
	at, ok, err := x.one(k.Address)
	if err != nil || !ok {
		return cty.NilVal, nil, err
	}
	volume, err := w.keep(ctx, at.id)
	if err != nil || volume == nil {
		return cty.NilVal, nil, err
	}
	files, err := unpack(volume, v.GetAttr("files").AsValueMap(), to)
	if err != nil {
		return cty.NilVal, nil, fmt.Errorf("keep the files that are served now: %w", err)
	}
	return v, files, nil
}

// unpack copies those files of a volume's archive that are known by path into a
// folder.
func unpack(volume []byte, digests map[string]cty.Value, to string) ([]resource.File, error) {
	root, err := os.OpenRoot(to)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	var files []resource.File
	prefix := path.Join(path.Base(configFolder), schemas.FilesFolder) + "/"
	for archive := tar.NewReader(bytes.NewReader(volume)); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		name, ok := strings.CutPrefix(h.Name, prefix)
		sum, known := digests[name]
		if !ok || !known || h.Typeflag != tar.TypeReg {
			continue
		}
		if err := copyOut(root, name, archive); err != nil {
			return nil, err
		}
		files = append(files, resource.File{Path: name, Source: filepath.Join(to, filepath.FromSlash(name)), SHA256: sum.AsString(), Size: h.Size})
	}
	if len(files) != len(digests) {
		return nil, fmt.Errorf("%d of %d files are in the volume", len(files), len(digests))
	}
	return files, nil
}

func copyOut(root *os.Root, name string, from io.Reader) error {
	if err := root.MkdirAll(path.Dir(name), 0o700); err != nil {
		return err
	}
	out, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, from)
	return errors.Join(err, out.Close())
}

// Log is the end of what a container wrote.
func (w *writer) Log(ctx context.Context, c resource.Change) string {
	at, ok, err := w.find(ctx, ContainerType, c.Address)
	if err != nil || !ok {
		return ""
	}
	return document.Excerpt(w.log(ctx, at.id, ""), c.Desired)
}
