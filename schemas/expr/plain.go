package expr

import (
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// plain is a template that only writes inputs between its texts, which most do.
// It needs no evaluation.
type plain []written

// written is a text of the author's, or where an input of that name stands.
type written struct{ text, name string }

// plainOf returns the plain form of a template; nil when it has none.
func plainOf(root node) plain {
	list, ok := root.(sequence)
	if !ok {
		list = sequence{root}
	}
	var out plain
	for _, n := range list {
		switch n := n.(type) {
		case literal:
			out = append(out, written{text: string(n)})
		case dynamic:
			name, ok := mention(n.expr)
			if !ok {
				return nil
			}
			out = append(out, written{name: name})
		default:
			return nil
		}
	}
	return out
}

// mention reports whether an expression is input.NAME, and which.
func mention(e hclsyntax.Expression) (name string, ok bool) {
	t, ok := e.(*hclsyntax.ScopeTraversalExpr)
	if !ok || len(t.Traversal) != 2 || t.Traversal.RootName() != inputName {
		return "", false
	}
	step, ok := t.Traversal[1].(hcl.TraverseAttr)
	return step.Name, ok
}

// EvalArguments is Eval for the arguments that [Input] would make the input of.
func (t *Template) EvalArguments(args map[string]any) (string, error) {
	if t.plain == nil || !t.plain.takes(args) {
		return t.Eval(Input(args))
	}
	to := t.place.sink()
	for _, p := range t.plain {
		if p.name == "" {
			to.author(p.text)
			continue
		}
		text, _ := args[p.name].(string) // no text where it is null
		if err := to.input(normal(text)); err != nil {
			return "", err
		}
	}
	text, err := to.end()
	if len(text) > t.place.most {
		return "", errTooLarge
	}
	return text, err
}

// takes reports whether all that is mentioned is a text or null.
func (p plain) takes(args map[string]any) bool {
	for _, part := range p {
		switch args[part.name].(type) {
		case nil, string:
		default:
			return false
		}
	}
	return true
}

// normal is a text in Unicode normalization form C, as every string of the
// language is. ASCII is in it already.
func normal(text string) string {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return cty.NormalizeString(text)
		}
	}
	return text
}
