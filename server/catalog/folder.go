package catalog

import (
	"encoding/json"
	"io/fs"
	"net/url"
	"path"
	"sort"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/erlmcp/erlmcp/server/protocol"
)

// maxFiles is the most files of one folder that are listed and searched.
const maxFiles = 50_000

// AppendResources appends the members of the result of resources/list: texts,
// files, and every file of a folder.
func (c *Catalog) AppendResources(dst []byte, m *protocol.Message) ([]byte, *protocol.Error) {
	type one struct {
		resource *resource
		file     file // of a folder
	}
	elsewhere := c.foreignEntries()
	var all []one
	for _, r := range c.resources {
		if !r.folder() {
			all = append(all, one{resource: r})
			continue
		}
		for _, f := range c.files(r) {
			all = append(all, one{r, f})
		}
	}
	return page(dst, "resources", protocol.ResourcesList, m, len(all)+len(elsewhere),
		func(i int) string {
			if i >= len(all) {
				return elsewhere[i-len(all)].key
			}
			return all[i].resource.name + "\n" + all[i].file.path
		},
		func(dst []byte, i int) []byte {
			if i >= len(all) {
				return append(dst, elsewhere[i-len(all)].json...)
			}
			l := all[i].resource.listed()
			if all[i].resource.folder() {
				l = all[i].resource.listedFile(all[i].file)
			}
			raw, _ := json.Marshal(l) // strings and a number always encode
			return append(dst, raw...)
		})
}

// listedFile is a file of the folder as a list shows it.
func (r *resource) listedFile(f file) listed {
	return listed{
		URI: r.uriOf(f.path), Name: f.path, Description: r.spec.Description, MIMEType: r.mimeType(f.path), Size: &f.size,
		Annotations: annotations(r.spec.Audience, r.spec.Priority), Icons: Icons(r.spec.Icons),
	}
}

// file is a file of a folder; path is relative, with slashes.
type file struct {
	path string
	size int64
}

// files returns the files of a folder that are offered, by path. What cannot be
// read is left out.
func (c *Catalog) files(r *resource) []file {
	root, err := r.open()
	if err != nil {
		c.log.Warn("folder not listed", "resource", r.name, "error", err)
		return nil
	}
	defer root.Close()
	var out []file
	fs.WalkDir(root.FS(), ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil // gone, or not ours to read
		case d.IsDir():
			if p != "." && r.skips(p) {
				return fs.SkipDir
			}
			return nil
		case !r.offers(p):
			return nil
		case len(out) == maxFiles:
			c.log.Warn("folder has more files than are listed", "resource", r.name, "listed", maxFiles)
			return fs.SkipAll
		}
		if info, err := root.Stat(p); err == nil && info.Mode().IsRegular() { // follows links, within the folder
			out = append(out, file{p, info.Size()})
		}
		return nil
	})
	sort.Slice(out, func(i, j int) bool { return out[i].path < out[j].path })
	return out
}

// offers reports whether a file of the folder is offered: a pattern includes it,
// and no part of its path is hidden, unless that pattern names hidden ones.
func (r *resource) offers(p string) bool {
	hidden := strings.HasPrefix(p, ".") || strings.Contains(p, "/.")
	if len(r.spec.Include) == 0 {
		return !hidden
	}
	for _, pattern := range r.spec.Include {
		if hidden && !namesHidden(pattern) {
			continue
		}
		if doublestar.MatchUnvalidated(pattern, p) {
			return true
		}
	}
	return false
}

// skips reports whether a folder inside need not be looked into.
func (r *resource) skips(dir string) bool {
	if !strings.HasPrefix(path.Base(dir), ".") {
		return false
	}
	for _, pattern := range r.spec.Include {
		if namesHidden(pattern) {
			return false
		}
	}
	return true
}

func namesHidden(pattern string) bool {
	return strings.HasPrefix(pattern, ".") || strings.Contains(pattern, "/.")
}

// uriOf is the URI of a file of the folder.
func (r *resource) uriOf(p string) string {
	segments := strings.Split(p, "/")
	for i, s := range segments {
		segments[i] = url.PathEscape(s)
	}
	return r.uri + "/" + strings.Join(segments, "/")
}

// find returns the resource block of a URI, and the path within it when it is a
// folder; nil when there is none.
func (c *Catalog) find(uri string) (*resource, string) {
	if r := c.single[uri]; r != nil {
		return r, ""
	}
	var found *resource
	var rest string
	for _, r := range c.resources {
		if !r.folder() || found != nil && len(found.uri) >= len(r.uri) {
			continue
		}
		if after, ok := strings.CutPrefix(uri, r.uri+"/"); ok {
			found, rest = r, after
		}
	}
	if found == nil {
		return nil, ""
	}
	p, err := url.PathUnescape(rest)
	if err != nil || !fs.ValidPath(p) || strings.ContainsAny(p, "\x00\\") || !found.offers(p) {
		return nil, ""
	}
	return found, p
}
