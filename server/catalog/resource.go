package catalog

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server/backend"
	"github.com/erlmcp/erlmcp/server/protocol"
)

// resource is a resource block: one document, or a folder of them.
type resource struct {
	name string
	spec *schemas.Resource
	uri  string           // of a folder, without a slash at its end
	base string           // folder that a relative path is below
	web  *backend.Fetcher // nil unless it lies on a web server
}

func (r *resource) folder() bool { return r.spec.Folder != "" }

// path is the file or folder as the document has it; "" for a text.
func (r *resource) path() string { return r.spec.File + r.spec.Folder }

// shipped reports whether the content comes with the document.
func (r *resource) shipped() bool {
	return r.path() != "" && !filepath.IsAbs(r.path())
}

// listedAs reports whether o looks the same in a list.
func (r *resource) listedAs(o *resource) bool {
	a, b := r.spec, o.spec
	return r.name == o.name && r.uri == o.uri && a.Title == b.Title && a.Description == b.Description &&
		a.MIMEType == b.MIMEType && r.path() == o.path() && slices.Equal(a.Include, b.Include) &&
		slices.Equal(a.Audience, b.Audience) && reflect.DeepEqual(a.Priority, b.Priority) && reflect.DeepEqual(a.Icons, b.Icons)
}

func (c *Catalog) addResource(name string, spec *schemas.Resource, base string) error {
	r := &resource{name: name, spec: spec, uri: spec.URI, base: base}
	if r.uri == "" {
		r.uri = "erlmcp://" + name
	}
	if spec.HTTP != nil {
		r.web = backend.NewFetcher(spec.HTTP)
	}
	if r.shipped() && !filepath.IsLocal(r.path()) {
		return fmt.Errorf("the path %q leaves the folder of shipped files", r.path())
	}
	for _, p := range spec.Include {
		if !doublestar.ValidatePattern(p) {
			return within{"include", fmt.Errorf("%q is not a pattern", p)}
		}
	}
	if r.folder() {
		r.uri = strings.TrimRight(r.uri, "/")
	} else {
		c.single[r.uri] = r
	}
	for _, other := range c.resources {
		if other.uri == r.uri && other.folder() == r.folder() {
			return within{"uri", fmt.Errorf("it is the URI of resource.%s too: %s", other.name, r.uri)}
		}
	}
	c.resources = append(c.resources, r)
	return nil
}

// reachable checks that what the block names is there.
func (r *resource) reachable() error {
	switch {
	case r.folder():
		root, err := r.open()
		if err != nil {
			return fmt.Errorf("open folder %s: %w", r.path(), err)
		}
		return root.Close()
	case r.spec.File != "":
		f, _, err := r.openFile()
		if err != nil {
			return fmt.Errorf("open file %s: %w", r.path(), err)
		}
		return f.Close()
	}
	return nil
}

// Reachable reports the first file or folder that is not there any more.
func (c *Catalog) Reachable() error {
	for _, r := range c.resources {
		if err := r.reachable(); err != nil {
			return fmt.Errorf("resource.%s: %w", r.name, err)
		}
	}
	return nil
}

// open opens the folder anew, so that one that was replaced is seen. Nothing
// outside it can be reached through what is returned.
func (r *resource) open() (*os.Root, error) {
	if !r.shipped() {
		return os.OpenRoot(r.spec.Folder)
	}
	base, err := os.OpenRoot(r.base)
	if err != nil {
		return nil, err
	}
	defer base.Close()
	return base.OpenRoot(r.spec.Folder)
}

func (r *resource) openFile() (*os.File, fs.FileInfo, error) {
	if !r.shipped() {
		f, err := os.OpenFile(r.spec.File, readOnly, 0)
		return regular(f, err)
	}
	base, err := os.OpenRoot(r.base)
	if err != nil {
		return nil, nil, err
	}
	defer base.Close()
	return openIn(base, r.spec.File)
}

// readOnly does not wait for the other end of a named pipe.
const readOnly = os.O_RDONLY | syscall.O_NONBLOCK

func openIn(root *os.Root, name string) (*os.File, fs.FileInfo, error) {
	f, err := root.OpenFile(name, readOnly, 0)
	return regular(f, err)
}

var errNotRegular = errors.New("it is not a regular file")

func regular(f *os.File, err error) (*os.File, fs.FileInfo, error) {
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errNotRegular
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

// listed is a resource as resources/list shows it.
type listed struct {
	URI         string                `json:"uri"`
	Name        string                `json:"name"`
	Title       string                `json:"title,omitempty"`
	Description string                `json:"description,omitempty"`
	MIMEType    string                `json:"mimeType,omitempty"`
	Size        *int64                `json:"size,omitempty"`
	Annotations *protocol.Annotations `json:"annotations,omitempty"`
	Icons       []Icon                `json:"icons,omitempty"`
}

// listed is a text or a file as a list shows it.
func (r *resource) listed() listed {
	l := listed{
		URI: r.uri, Name: r.name, Title: r.spec.Title, Description: r.spec.Description, MIMEType: r.mimeType(r.spec.File),
		Annotations: annotations(r.spec.Audience, r.spec.Priority), Icons: Icons(r.spec.Icons),
	}
	if r.spec.Text != nil {
		n := int64(len(*r.spec.Text))
		l.Size = &n
	} else if r.web != nil {
		return l // is not known before it is fetched
	} else if f, info, err := r.openFile(); err == nil {
		n := info.Size()
		l.Size = &n
		f.Close()
	}
	return l
}

// folderPattern follows the URI of a folder in the template of its files.
const folderPattern = "/{+path}"

// template renders a folder as resources/templates/list shows it.
func (r *resource) template() json.RawMessage {
	t := template{name: r.name, spec: &schemas.ResourceTemplate{
		URI: r.uri + folderPattern, Title: r.spec.Title, Description: r.spec.Description, MIMEType: r.spec.MIMEType,
		Audience: r.spec.Audience, Priority: r.spec.Priority, Icons: r.spec.Icons,
	}}
	return t.definition()
}
