package expr

import (
	"errors"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/erlmcp/erlmcp/schemas"
)

// Template is a compiled template.
type Template struct{}

// Compile compiles a template for the place where its text goes: "text", "word",
// "url" or "header".
func Compile(src schemas.Template, where string) (*Template, error) {
	return nil, errors.New("not yet")
}

// Eval evaluates the template with that input, an object.
func (t *Template) Eval(input cty.Value) (string, error) { return "", nil }

// Literal returns the text when nothing in it depends on input.
func (t *Template) Literal() (string, bool) { return "", false }

// Check returns an error when the template mentions an input that is not among
// the declared names.
func Check(t *Template, names []string) error { return nil }

// Words is a compiled command line.
type Words struct{}

// CompileWords compiles a command line: program and arguments.
func CompileWords(command []schemas.Template) (*Words, error) { return nil, errors.New("not yet") }

// Eval returns as many words as there are templates.
func (w *Words) Eval(input cty.Value) ([]string, error) { return nil, nil }

// Check is [Check] for every word.
func (w *Words) Check(names []string) error { return nil }

// Input makes the input object out of arguments decoded from JSON.
func Input(args map[string]any) cty.Value { return cty.EmptyObjectVal }

// Functions are the pure functions, by name.
func Functions() map[string]function.Function { return map[string]function.Function{} }

// Partial evaluates what does not depend on input.
func Partial(e hclsyntax.Expression, src []byte, ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	return cty.UnknownVal(cty.String), nil
}
