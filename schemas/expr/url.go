package expr

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// urlText refuses what no URL holds.
func urlText(text string) error {
	if i := strings.IndexFunc(text, func(r rune) bool { return isControl(r) || r == ' ' || r == '\\' }); i >= 0 {
		return fmt.Errorf("a URL cannot hold the character %q", text[i])
	}
	return nil
}

var origin = regexp.MustCompile(`^[a-zA-Z]+://[^/?#]*[/?#]`)

// fixedHost refuses a URL whose scheme, host or port depends on input, or that
// has input in its fragment.
func fixedHost(root node) error {
	var lead string
	complete := false
	switch n := root.(type) {
	case literal:
		lead, complete = string(n), true
	case sequence:
		if l, ok := n[0].(literal); ok {
			lead = string(l)
		}
	}
	if !complete {
		if lead = origin.FindString(lead); lead == "" {
			return errors.New("the scheme, host and port of a URL cannot depend on input, " +
				"which may stand after the first slash that follows them: https://example.com/${input.name}")
		}
	}
	u, err := url.Parse(lead)
	if err != nil {
		return errors.New("it is not a URL")
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return errors.New("a URL begins with http:// or https:// and a host name")
	}
	return noFragment(root)
}

// noFragment refuses input after a "#": the fragment of a URL is not sent.
func noFragment(root node) error {
	_, err := fragment(root, false)
	return err
}

var errFragment = errors.New("input stands after a \"#\", and what is there is not sent to the server; write %23 for the character itself")

// fragment reports whether the author's text has reached the fragment after a
// node, on any way through it.
func fragment(n node, reached bool) (bool, error) {
	var err error
	switch n := n.(type) {
	case literal:
		reached = reached || strings.Contains(string(n), "#")
	case sequence:
		for _, part := range n {
			if reached, err = fragment(part, reached); err != nil {
				return reached, err
			}
		}
	case branch:
		one, err := fragment(n.whenTrue, reached)
		if err != nil {
			return one, err
		}
		other, err := fragment(n.whenFalse, reached)
		return one || other, err
	case loop:
		if reached, err = fragment(n.body, reached); err != nil {
			return reached, err
		}
		return fragment(n.body, reached) // what one round leaves meets the next
	default:
		if reached {
			return reached, errFragment
		}
	}
	return reached, nil
}

// urlSink escapes for the part of the URL (RFC 3986, section 3) that the author's
// text has reached.
type urlSink struct {
	b       strings.Builder
	part    byte // 0 in the origin, then '/' in the path, '?' in the query, '#' in the fragment
	segment int  // where the present path segment begins
	touched bool // whether input went into the present path segment
	err     error
}

func (s *urlSink) author(text string) {
	if s.part == 0 {
		lead := origin.FindString(text)
		if lead == "" {
			s.b.WriteString(text)
			return
		}
		s.part = lead[len(lead)-1]
		s.b.WriteString(lead)
		s.segment = s.b.Len()
		text = text[len(lead):]
	}
	for i := range len(text) {
		c := text[i]
		if s.part == '/' && (c == '/' || c == '?' || c == '#') {
			s.endSegment()
			s.segment = s.b.Len() + 1
		}
		if c == '#' || c == '?' && s.part == '/' {
			s.part = c
		}
		s.b.WriteByte(c)
	}
}

func (s *urlSink) input(text string) error {
	if written := s.b.String(); halfEscape(written) {
		return errors.New("an argument cannot complete a percent-escape")
	}
	switch s.part {
	case '/':
		s.touched = true
		s.b.WriteString(url.PathEscape(text))
	case '?':
		s.b.WriteString(url.QueryEscape(text))
	case '#':
		return errFragment
	default:
		return errors.New("input stands before the path of the URL")
	}
	return nil
}

func (s *urlSink) end() (string, error) {
	if s.part == '/' {
		s.endSegment()
	}
	return s.b.String(), s.err
}

// endSegment refuses a path segment that input has made into one that changes
// which resource is meant: an empty one, or one that a server resolves.
func (s *urlSink) endSegment() {
	if !s.touched || s.err != nil {
		return
	}
	s.touched = false
	segment := s.b.String()[s.segment:]
	if decoded, err := url.PathUnescape(segment); err == nil {
		segment = decoded
	}
	switch segment {
	case "":
		s.err = errors.New("an argument leaves a segment of the URL's path empty")
	case ".", "..":
		s.err = errors.New("an argument makes a segment of the URL's path " + segment)
	}
}

// halfEscape reports whether text ends within a percent-escape.
func halfEscape(text string) bool {
	i := strings.LastIndexByte(text, '%')
	return i >= 0 && i >= len(text)-2
}
