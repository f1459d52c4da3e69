package host

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/document"
)

// Keep returns what a server runs with, and copies its files. There is nothing to
// keep of a server that is not well.
func (w *writer) Keep(ctx context.Context, k resource.Key, to string) (cty.Value, []resource.File, error) {
	f, ok, err := w.find(k)
	if err != nil || !ok {
		return cty.NilVal, nil, err
	}
	v, err := observe(ctx, f)
	if err != nil || v.GetAttr("document").IsNull() || v.GetAttr("running").False() || v.GetAttr("loaded").False() {
		return cty.NilVal, nil, err
	}
	from := filepath.Join(f.current(), filesName)
	if err := os.CopyFS(to, os.DirFS(from)); err != nil && !os.IsNotExist(err) {
		return cty.NilVal, nil, fmt.Errorf("copy the files of %s: %w", f, err)
	}
	var files []resource.File
	for path, sum := range v.GetAttr("files").AsValueMap() {
		source := filepath.Join(to, filepath.FromSlash(path))
		info, err := os.Stat(source)
		if err != nil {
			return cty.NilVal, nil, fmt.Errorf("copy the files of %s: %w", f, err)
		}
		files = append(files, resource.File{Path: path, Source: source, SHA256: sum.AsString(), Size: info.Size()})
	}
	return v, files, nil
}

// Log is the end of what the server and its supervisor wrote.
func (w *writer) Log(_ context.Context, c resource.Change) string {
	f, err := w.place(c)
	if err != nil {
		return ""
	}
	return document.Excerpt(tail(f.log(), 0), c.Desired)
}
