package catalog

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/server/backend"
	"github.com/erlmcp/erlmcp/server/protocol"
)

// AppendResource appends the members of the result of resources/read. The error
// has the code of the version's era.
func (c *Catalog) AppendResource(ctx context.Context, dst []byte, uri string, v protocol.Version) ([]byte, *protocol.Error) {
	r, path := c.find(uri)
	if r == nil {
		return c.appendTemplate(ctx, dst, uri, v)
	}
	data, mime, err := c.load(ctx, r, path)
	switch {
	case errors.Is(err, errTooLarge):
		return dst, protocol.NewError(protocol.InternalError, "The resource cannot be read: %v", err)
	case r.web != nil && err != nil && !errors.Is(err, backend.ErrNotThere):
		return dst, protocol.NewError(protocol.InternalError, "The resource cannot be read: %v", err)
	case err != nil:
		c.log.Debug("resource not read", "resource", r.name, "error", err)
		return dst, NotFound(uri, v)
	}
	if isText(data) {
		return appendText(dst, uri, mime, string(data)), nil
	}
	if mime == plain && r.spec.MIMEType == "" {
		mime = "application/octet-stream"
	}
	dst = append(appendHead(dst, uri, mime), `,"blob":"`...)
	dst = base64.StdEncoding.AppendEncode(dst, data)
	return append(dst, `"}]`...), nil
}

// Has reports whether there is a resource of that URI.
func (c *Catalog) Has(uri string) bool {
	if r, _ := c.find(uri); r != nil {
		return true
	}
	if t, _ := c.findTemplate(uri); t != nil {
		return true
	}
	o, _, _ := c.elsewhere(uri)
	return o != nil
}

// appendTemplate is AppendResource for a resource that a template makes.
func (c *Catalog) appendTemplate(ctx context.Context, dst []byte, uri string, v protocol.Version) ([]byte, *protocol.Error) {
	t, parameters := c.findTemplate(uri)
	if t == nil {
		return c.appendForeign(ctx, dst, uri, v)
	}
	text, err := t.text.Eval(cty.ObjectVal(parameters))
	if err != nil {
		return dst, protocol.NewError(protocol.InvalidParams, "The URI does not fit: %v", err)
	}
	return appendText(dst, uri, t.spec.MIMEType, text), nil
}

func appendText(dst []byte, uri, mime, text string) []byte {
	dst = append(appendHead(dst, uri, mime), `,"text":`...)
	return append(protocol.AppendString(dst, text), `}]`...)
}

// appendHead appends the contents of a resource up to what it holds.
func appendHead(dst []byte, uri, mime string) []byte {
	dst = protocol.AppendString(append(protocol.Field(dst, "contents"), `[{"uri":`...), uri)
	return protocol.AppendString(append(dst, `,"mimeType":`...), mime)
}

// NotFound is the error for a resource that is not there: -32602 since 2026-07-28 and -32002 before (server/resources,
// "Error Handling").
func NotFound(uri string, v protocol.Version) *protocol.Error {
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

// load reads a resource and its media type; path is that of a file in a folder,
// else "".
func (c *Catalog) load(ctx context.Context, r *resource, path string) (data []byte, mime string, err error) {
	mime = r.mimeType(path + r.spec.File)
	if r.web != nil {
		got, err := r.web.Fetch(ctx)
		if int64(len(got.Data)) > c.maxSize {
			err = errTooLarge
		}
		if r.spec.MIMEType == "" && got.Type != "" {
			mime = got.Type
		}
		return got.Data, mime, err
	}
	data, err = c.read(r, path)
	return data, mime, err
}

// read reads a resource that is a text or in a file.
func (c *Catalog) read(r *resource, path string) ([]byte, error) {
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
