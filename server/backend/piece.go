package backend

import (
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/schemas/expr"
	"github.com/erlmcp/erlmcp/server/protocol"
)

// Piece is one piece of an answer or of a prompt, with its templates compiled.
type Piece struct {
	fixed protocol.Content // what does not depend on the input
	uri   *expr.Template   // of a resource or link
	text  *expr.Template   // of a text or a resource of text
	blob  []byte           // of a resource of bytes
	mime  string           // of a resource

	constant bool // fixed is all of it
}

// NewPiece compiles a piece whose templates may mention the named inputs.
func NewPiece(s *schemas.Content, names []string) (*Piece, error) {
	return compiler{names: names, check: true}.piece(s)
}

func (c compiler) piece(s *schemas.Content) (*Piece, error) {
	p, err := c.compile(s)
	if err != nil || !literal(p.uri) || !literal(p.text) {
		return p, err
	}
	fixed, err := p.Eval(nil)
	return &Piece{fixed: fixed, constant: true}, err
}

func literal(t *expr.Template) bool {
	if t == nil {
		return true
	}
	_, ok := t.Literal()
	return ok
}

func (c compiler) compile(s *schemas.Content) (*Piece, error) {
	p := &Piece{}
	var err error
	switch {
	case s.Image != nil:
		p.fixed, err = media(s.Image, "image", protocol.Image)
	case s.Audio != nil:
		p.fixed, err = media(s.Audio, "audio", protocol.Audio)
	case s.Resource != nil:
		err = c.embedded(p, s.Resource)
	case s.Link != nil:
		l := s.Link
		p.fixed = protocol.Content{Type: "resource_link", Name: l.Name, Title: l.Title, Description: l.Description, MIMEType: l.MIMEType}
		p.uri, err = c.template("resource_link.uri", l.URI, "text")
	default:
		p.fixed.Type = "text"
		p.text, err = c.template("text", s.Text, "text")
	}
	if len(s.Audience) > 0 || s.Priority != nil {
		p.fixed.Annotations = &protocol.Annotations{Audience: s.Audience, Priority: s.Priority}
	}
	return p, err
}

func media(m *schemas.Media, attribute string, content func([]byte, string) protocol.Content) (protocol.Content, error) {
	data, err := base64.StdEncoding.DecodeString(m.Data)
	if err != nil {
		return protocol.Content{}, fmt.Errorf("%s.data is not base64", attribute)
	}
	return content(data, m.MIMEType), nil
}

func (c compiler) embedded(p *Piece, e *schemas.Embedded) (err error) {
	p.fixed.Type, p.mime = "resource", e.MIMEType
	if p.uri, err = c.template("resource.uri", e.URI, "text"); err != nil {
		return err
	}
	if e.Data == "" {
		p.text, err = c.template("resource.text", e.Text, "text")
		return err
	}
	if p.blob, err = base64.StdEncoding.DecodeString(e.Data); err != nil {
		return errors.New("resource.data is not base64")
	}
	return nil
}

// Eval is the piece for arguments as [expr.Input] takes them.
func (p *Piece) Eval(args map[string]any) (protocol.Content, error) {
	out := p.fixed
	if p.constant {
		return out, nil
	}
	var uri, text string
	var err error
	if p.uri != nil {
		if uri, err = evalArguments("uri", p.uri, args); err != nil {
			return out, err
		}
	}
	if p.text != nil {
		if text, err = evalArguments("text", p.text, args); err != nil {
			return out, err
		}
	}
	switch out.Type {
	case "text":
		out.Text = text
	case "resource_link":
		out.URI = uri
	case "resource":
		if p.blob != nil {
			out.Resource = protocol.EmbeddedBlob(uri, p.mime, p.blob).Resource
		} else {
			out.Resource = protocol.EmbeddedText(uri, p.mime, text).Resource
		}
	}
	return out, nil
}
