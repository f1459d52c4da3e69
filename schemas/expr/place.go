package expr

import (
	"errors"
	"fmt"
	"strings"
)

// How long the text of a template may become, in bytes.
const (
	maxText   = 32 << 20
	maxWord   = 128<<10 - 1 // what Linux takes, with the NUL that ends it
	maxHeader = 64 << 10
	maxURL    = 64 << 10
)

// A place is where the text of a template goes.
type place struct {
	most   int                     // bytes of text
	author func(text string) error // what the author may write there
	whole  func(root node) error   // what the template as a whole must be; may be nil
	sink   func() sink
}

// A sink collects the text of one evaluation.
type sink interface {
	author(text string)
	input(text string) error // escapes, or refuses
	end() (string, error)
}

func placeOf(name string) (*place, error) {
	switch name {
	case "text":
		return &place{most: maxText, author: anything, sink: func() sink { return &textSink{} }}, nil
	case "word":
		return &place{most: maxWord, author: noNUL, sink: func() sink { return &wordSink{} }}, nil
	case "url":
		return &place{most: maxURL, author: urlText, whole: fixedHost, sink: func() sink { return &urlSink{} }}, nil
	case "header":
		return &place{most: maxHeader, author: noControl, sink: func() sink { return &headerSink{} }}, nil
	}
	return nil, fmt.Errorf("compile template: there is no place %q", name)
}

func anything(string) error { return nil }

func noNUL(text string) error {
	if strings.ContainsRune(text, 0) {
		return errors.New("a word of a command line cannot hold a NUL character")
	}
	return nil
}

func noControl(text string) error {
	if strings.ContainsFunc(text, isControl) {
		return errors.New("a header cannot hold line breaks or other control characters")
	}
	return nil
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// textSink takes everything. Like every string of the language, the result is in
// Unicode normalization form C.
type textSink struct{ b strings.Builder }

func (s *textSink) author(text string)      { s.b.WriteString(text) }
func (s *textSink) input(text string) error { s.b.WriteString(text); return nil }
func (s *textSink) end() (string, error)    { return normal(s.b.String()), nil }

type headerSink struct{ b strings.Builder }

func (s *headerSink) author(text string) { s.b.WriteString(text) }

func (s *headerSink) input(text string) error {
	s.b.WriteString(text)
	return noControl(text)
}

func (s *headerSink) end() (string, error) { return s.b.String(), nil }

type wordSink struct {
	b      strings.Builder
	dashes bool // whether the program reads no more options
}

func (s *wordSink) author(text string) { s.b.WriteString(text) }

func (s *wordSink) input(text string) error {
	if s.b.Len() == 0 && !s.dashes && strings.HasPrefix(text, "-") {
		return errors.New("an argument that begins with a dash would be taken for an option of the program")
	}
	s.b.WriteString(text)
	return noNUL(text)
}

func (s *wordSink) end() (string, error) { return s.b.String(), nil }
