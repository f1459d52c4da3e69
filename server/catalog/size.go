package catalog

import "path/filepath"

// ResourceSize is about how many bytes a resource has that is read from a file: 0
// for others, and for what cannot be read.
func (c *Catalog) ResourceSize(uri string) int {
	r, path := c.find(uri)
	switch {
	case r == nil || r.spec.Text != nil:
		return 0
	case !r.folder():
		f, info, err := r.openFile()
		if err != nil {
			return 0
		}
		f.Close()
		return int(min(info.Size(), c.maxSize))
	}
	root, err := r.open()
	if err != nil {
		return 0
	}
	defer root.Close()
	info, err := root.Stat(filepath.FromSlash(path))
	if err != nil {
		return 0
	}
	return int(min(info.Size(), c.maxSize))
}
