package backend

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"mime/multipart"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"github.com/erlmcp/erlmcp/schemas"
)

// payload makes the body of a request of one argument. The zero value makes none.
type payload struct {
	argument, as, mediaType string
	files                   []string
}

func newPayload(h *schemas.HTTP, c compiler) (payload, error) {
	s := h.Payload
	if s == nil {
		return payload{}, nil
	}
	if c.check && !slices.Contains(c.names, s.Argument) {
		return payload{}, fmt.Errorf("http.payload: there is no input %q", s.Argument)
	}
	p := payload{s.Argument, s.As, s.Type, s.Files}
	if p.mediaType == "" {
		p.mediaType = map[string]string{
			"json": "application/json", "form": "application/x-www-form-urlencoded",
			"text": "text/plain; charset=utf-8", "base64": "application/octet-stream",
		}[p.as]
	}
	return p, nil
}

// write returns the body and its media type; nil when there is none. An error
// says what does not fit, and quotes nothing.
func (p payload) write(args map[string]any) (body []byte, mediaType string, err error) {
	v, given := args[p.argument]
	if p.argument == "" || !given {
		return nil, "", nil
	}
	switch p.as {
	case "form":
		body, err = form(v)
	case "multipart":
		body, mediaType, err = p.multipart(v)
		return body, mediaType, p.wrong(err)
	case "text":
		body = []byte(text(v, false))
	case "base64":
		s, _ := v.(string)
		body, err = base64.StdEncoding.DecodeString(s)
		if err != nil {
			err = errNoBase64
		}
	default:
		body = jsonOf(v)
	}
	return body, p.mediaType, p.wrong(err)
}

var (
	errNoBase64 = errors.New("it is not base64")
	errNoObject = errors.New("it is not an object")
)

func (p payload) wrong(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", p.argument, err)
}

// form writes an object as application/x-www-form-urlencoded: lists as several
// members of one name.
func form(v any) ([]byte, error) {
	object, ok := v.(map[string]any)
	if !ok {
		return nil, errNoObject
	}
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(object)) {
		for _, e := range elements(object[name]) {
			pairs = append(pairs, url.QueryEscape(name)+"="+url.QueryEscape(text(e, false)))
		}
	}
	return []byte(strings.Join(pairs, "&")), nil
}

// elements are those of a list, or a value that is none by itself; none of null.
func elements(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{v}
}

// multipart writes an object as multipart/form-data (RFC 7578): its members are
// parts, lists several of one name, objects JSON, and files what their base64
// stands for. The boundary cannot be guessed.
func (p payload) multipart(v any) ([]byte, string, error) {
	object, ok := v.(map[string]any)
	if !ok {
		return nil, "", errNoObject
	}
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for _, name := range slices.Sorted(maps.Keys(object)) {
		for _, e := range elements(object[name]) {
			if err := p.part(w, name, e); err != nil {
				return nil, "", fmt.Errorf("a member of it: %w", err)
			}
		}
	}
	if err := w.Close(); err != nil {
		return nil, "", err
	}
	return body.Bytes(), w.FormDataContentType(), nil
}

func (p payload) part(w *multipart.Writer, name string, v any) error {
	content, header := []byte(text(v, false)), textproto.MIMEHeader{}
	disposition := `form-data; name="` + quoteEscaper.Replace(name) + `"`
	if slices.Contains(p.files, name) {
		s, _ := v.(string)
		data, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			return errNoBase64
		}
		content, disposition = data, disposition+`; filename="`+quoteEscaper.Replace(name)+`"`
		header.Set("Content-Type", "application/octet-stream")
	} else if _, isObject := v.(map[string]any); isObject {
		header.Set("Content-Type", "application/json")
	}
	header.Set("Content-Disposition", disposition)
	to, err := w.CreatePart(header)
	if err == nil {
		_, err = to.Write(content)
	}
	return err
}

// quoteEscaper writes a name as browsers do (HTML, "Multipart form data").
var quoteEscaper = strings.NewReplacer("\r", "%0D", "\n", "%0A", `"`, "%22")
