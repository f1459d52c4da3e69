package expr

import (
	"errors"
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/schemas"
)

// Words is a compiled command line. It is safe for concurrent use.
type Words struct{ words []*Template }

// CompileWords compiles a command line: a program, which cannot depend on input,
// and its arguments. Each template stays one word. A word after one that is "--"
// may begin with a dash that came from input.
func CompileWords(command []schemas.Template) (*Words, error) {
	if len(command) == 0 {
		return nil, errors.New("a command needs a program")
	}
	w := &Words{}
	for i, src := range command {
		t, err := Compile(src, "word")
		if err != nil {
			return nil, fmt.Errorf("word %d: %w", i+1, err)
		}
		if program, ok := t.Literal(); i == 0 && (!ok || program == "") {
			return nil, errors.New("word 1: the program cannot be empty or depend on input")
		}
		w.words = append(w.words, t)
	}
	return w, nil
}

// Eval returns as many words as there are templates. See [Template.Eval].
func (w *Words) Eval(input cty.Value) ([]string, error) {
	out := make([]string, len(w.words))
	dashes := false
	for i, t := range w.words {
		word, err := t.eval(input, &wordSink{dashes: dashes})
		if err != nil {
			return nil, fmt.Errorf("word %d: %w", i+1, err)
		}
		out[i] = word
		if l, ok := t.Literal(); ok && l == "--" {
			dashes = true
		}
	}
	return out, nil
}

// Check is [Check] for every word.
func (w *Words) Check(names []string) error {
	for i, t := range w.words {
		if err := Check(t, names); err != nil {
			return fmt.Errorf("word %d: %w", i+1, err)
		}
	}
	return nil
}
