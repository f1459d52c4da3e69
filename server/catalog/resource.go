package catalog

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"unicode/utf8"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server/protocol"
)

// resource is a resource block: one document, or a folder of them.
type resource struct {
	name string
	spec *schemas.Resource
	uri  string // of a folder, without a slash at its end
	base string // folder that a relative path is below
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
		a.MIMEType == b.MIMEType && r.path() == o.path() && slices.Equal(a.Include, b.Include)
}

func (c *Catalog) addResource(name string, spec *schemas.Resource, base string) error {
	r := &resource{name: name, spec: spec, uri: spec.URI, base: base}
	if r.uri == "" {
		r.uri = "erlmcp://" + name
	}
	if r.shipped() && !filepath.IsLocal(r.path()) {
		return fmt.Errorf("the path %q leaves the folder of shipped files", r.path())
	}
	for _, p := range spec.Include {
		if !doublestar.ValidatePattern(p) {
			return fmt.Errorf("include: %q is not a pattern", p)
		}
	}
	if err := r.reachable(); err != nil {
		return err
	}
	c.resources = append(c.resources, r)
	if r.folder() {
		r.uri = strings.TrimRight(r.uri, "/")
		return nil
	}
	if other := c.single[r.uri]; other != nil {
		return fmt.Errorf("it has the same URI as resource.%s: %s", other.name, r.uri)
	}
	c.single[r.uri] = r
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

var errTooLarge = errors.New("it is larger than limits.response_size")

// readAll reads a file of at most most bytes, and closes it.
func readAll(f *os.File, most int64) ([]byte, error) {
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(data)) > most {
		err = errTooLarge
	}
	return data, err
}

// listed is a resource as resources/list shows it.
type listed struct {
	URI         string `json:"uri"`
	Name        string `json:"name"`
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
	MIMEType    string `json:"mimeType,omitempty"`
	Size        *int64 `json:"size,omitempty"`
}

// one lists a text or a file.
func (r *resource) one() entry {
	l := listed{r.uri, r.name, r.spec.Title, r.spec.Description, r.mimeType(r.spec.File), nil}
	if r.spec.Text != nil {
		n := int64(len(*r.spec.Text))
		l.Size = &n
	} else if f, info, err := r.openFile(); err == nil {
		n := info.Size()
		l.Size = &n
		f.Close()
	}
	raw, _ := json.Marshal(l) // strings and a number always encode
	return entry{r.name + "\n", raw}
}

// template renders a folder as resources/templates/list shows it.
func (r *resource) template() json.RawMessage {
	raw, _ := json.Marshal(struct { // strings always encode
		URITemplate string `json:"uriTemplate"`
		Name        string `json:"name"`
		Title       string `json:"title,omitempty"`
		Description string `json:"description,omitempty"`
		MIMEType    string `json:"mimeType,omitempty"`
	}{r.uri + "/{+path}", r.name, r.spec.Title, r.spec.Description, r.spec.MIMEType})
	return raw
}

// AppendResource appends the members of the result of resources/read. The error
// has the code of the version's era.
func (c *Catalog) AppendResource(dst []byte, uri string, v protocol.Version) ([]byte, *protocol.Error) {
	r, path := c.find(uri)
	if r == nil {
		return dst, notFound(uri, v)
	}
	data, err := c.load(r, path)
	switch {
	case errors.Is(err, errTooLarge):
		return dst, protocol.NewError(protocol.InternalError, "The resource cannot be read: %v", err)
	case err != nil:
		c.log.Debug("resource not read", "resource", r.name, "error", err)
		return dst, notFound(uri, v)
	}
	mime := r.mimeType(path)
	if r.spec.File != "" {
		mime = r.mimeType(r.spec.File)
	}
	dst = protocol.AppendString(append(protocol.Field(dst, "contents"), `[{"uri":`...), uri)
	if isText(data) {
		dst = protocol.AppendString(append(dst, `,"mimeType":`...), mime)
		dst = protocol.AppendString(append(dst, `,"text":`...), string(data))
	} else {
		if mime == plain && r.spec.MIMEType == "" {
			mime = "application/octet-stream"
		}
		dst = protocol.AppendString(append(dst, `,"mimeType":`...), mime)
		dst = base64.StdEncoding.AppendEncode(append(dst, `,"blob":"`...), data)
		dst = append(dst, '"')
	}
	return append(dst, `}]`...), nil
}

// notFound is -32602 since 2026-07-28 and -32002 before (server/resources,
// "Error Handling").
func notFound(uri string, v protocol.Version) *protocol.Error {
	code := protocol.ResourceNotFound
	if v.Modern() {
		code = protocol.InvalidParams
	}
	err := protocol.NewError(code, "Resource not found")
	if len(uri) <= maxURI {
		err.Data = map[string]string{"uri": uri}
	}
	return err
}

// maxURI is the longest URI that is sent back.
const maxURI = 2048

// load reads a resource; path is that of a file in a folder, else "".
func (c *Catalog) load(r *resource, path string) ([]byte, error) {
	if r.spec.Text != nil {
		return []byte(*r.spec.Text), nil
	}
	if !r.folder() {
		f, _, err := r.openFile()
		if err != nil {
			return nil, err
		}
		return readAll(f, c.maxSize)
	}
	root, err := r.open()
	if err != nil {
		return nil, err
	}
	defer root.Close()
	f, _, err := openIn(root, filepath.FromSlash(path))
	if err != nil {
		return nil, err
	}
	return readAll(f, c.maxSize)
}

// isText reports whether data can be sent as text.
func isText(data []byte) bool {
	return utf8.Valid(data) && !slices.Contains(data, 0)
}
