package expr

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// A node is a part of a compiled template. Rendering tells the sink what is the
// author's text and what came from input, so that only the latter is escaped.
type node interface {
	render(ctx *hcl.EvalContext, to sink) error
}

type (
	literal  string // the author's text
	sequence []node
	dynamic  struct{ expr hclsyntax.Expression }
	branch   struct {
		condition           hclsyntax.Expression
		whenTrue, whenFalse node
	}
	loop struct {
		collection hclsyntax.Expression
		key, value string // names of the variables; key may be empty
		body       node
	}
)

func compile(e hclsyntax.Expression) (node, error) {
	switch e := e.(type) {
	case *hclsyntax.TemplateExpr:
		return compileParts(e.Parts)
	case *hclsyntax.TemplateWrapExpr:
		return compile(e.Wrapped)
	case *hclsyntax.ParenthesesExpr:
		return compile(e.Expression)
	case *hclsyntax.TemplateJoinExpr:
		return compileLoop(e)
	}
	if len(e.Variables()) == 0 {
		text, err := evaluate(e, &hcl.EvalContext{Functions: functions})
		return literal(text), err
	}
	if c, ok := e.(*hclsyntax.ConditionalExpr); ok {
		return branch{c.Condition, compileBranch(c.TrueResult), compileBranch(c.FalseResult)}, nil
	}
	return dynamic{e}, nil
}

// compileBranch leaves it to the evaluation to report an error of a branch,
// which may never be chosen.
func compileBranch(e hclsyntax.Expression) node {
	if n, err := compile(e); err == nil {
		return n
	}
	return dynamic{e}
}

// compileParts melts literals that stand side by side into one, and returns that
// one when there is nothing else.
func compileParts(parts []hclsyntax.Expression) (node, error) {
	var out sequence
	var text literal
	flush := func() {
		if text != "" {
			out, text = append(out, text), ""
		}
	}
	for _, p := range parts {
		n, err := compile(p)
		if err != nil {
			return nil, err
		}
		if l, ok := n.(literal); ok {
			text += l
			continue
		}
		flush()
		out = append(out, n)
	}
	if len(out) == 0 {
		return text, nil
	}
	flush()
	return out, nil
}

func compileLoop(e *hclsyntax.TemplateJoinExpr) (node, error) {
	f, ok := e.Tuple.(*hclsyntax.ForExpr)
	if !ok {
		return nil, errors.New("a for directive without its for expression")
	}
	body, err := compile(f.ValExpr)
	return loop{f.CollExpr, f.KeyVar, f.ValVar, body}, err
}

func (n literal) render(ctx *hcl.EvalContext, to sink) error {
	to.author(string(n))
	return budgetOf(ctx).spend(len(n))
}

func (n sequence) render(ctx *hcl.EvalContext, to sink) error {
	for _, part := range n {
		if err := part.render(ctx, to); err != nil {
			return err
		}
	}
	return nil
}

func (n dynamic) render(ctx *hcl.EvalContext, to sink) error {
	text, err := evaluate(n.expr, ctx)
	if err != nil {
		return err
	}
	if err := budgetOf(ctx).spend(len(text)); err != nil {
		return err
	}
	return to.input(text)
}

func (n branch) render(ctx *hcl.EvalContext, to sink) error {
	v, err := value(n.condition, ctx)
	if err != nil {
		return err
	}
	v, _ = v.Unmark()
	v, err = convert.Convert(v, cty.Bool)
	switch {
	case err != nil:
		return errors.New("a condition must be true or false")
	case v.IsNull():
		return errors.New("a condition is null; it must be true or false")
	case v.True():
		return n.whenTrue.render(ctx, to)
	default:
		return n.whenFalse.render(ctx, to)
	}
}

func (n loop) render(ctx *hcl.EvalContext, to sink) error {
	v, err := value(n.collection, ctx)
	if err != nil {
		return err
	}
	v, _ = v.Unmark()
	if v.IsNull() || !v.CanIterateElements() {
		return errors.New("a for directive needs a list, a map or an object")
	}
	b := budgetOf(ctx)
	for it := v.ElementIterator(); it.Next(); {
		if err := b.spend(elementWork); err != nil {
			return err
		}
		key, value := it.Element()
		inner := ctx.NewChild()
		inner.Variables = map[string]cty.Value{n.value: value}
		if n.key != "" {
			inner.Variables[n.key] = key
		}
		if err := n.body.render(inner, to); err != nil {
			return err
		}
	}
	return nil
}

// value evaluates an expression. A value is void when the budget is used up.
func value(e hclsyntax.Expression, ctx *hcl.EvalContext) (cty.Value, error) {
	v, diags := e.Value(ctx)
	if b := budgetOf(ctx); b != nil && b.err != nil {
		return cty.NilVal, b.err
	}
	for _, d := range diags {
		if d.Severity == hcl.DiagError {
			return cty.NilVal, explain(d)
		}
	}
	return v, nil
}

// explain says why an evaluation failed. Both the template and the input may
// hold secrets, so that nothing is said that quotes either.
func explain(d *hcl.Diagnostic) error {
	what, why := d.Summary, d.Detail
	if call, ok := hcl.DiagnosticExtra[hclsyntax.FunctionCallDiagExtra](d); ok {
		what = "the function " + call.CalledFunctionName() + " cannot do this"
		if err := call.FunctionCallError(); err != nil {
			why = err.Error()
		}
	}
	if why == "" || strings.ContainsAny(why, "\"'`") {
		return errors.New(what)
	}
	return errors.New(what + ": " + why)
}

// evaluate returns the text of an expression's value; of null it is empty.
func evaluate(e hclsyntax.Expression, ctx *hcl.EvalContext) (string, error) {
	v, err := value(e, ctx)
	if err != nil {
		return "", err
	}
	v, _ = v.UnmarkDeep()
	if v.IsNull() {
		return "", nil
	}
	s, err := convert.Convert(v, cty.String)
	if err != nil || !s.IsKnown() {
		return "", fmt.Errorf("a %s cannot stand in text; use jsonencode or join", v.Type().FriendlyName())
	}
	return s.AsString(), nil
}

// eachLiteral calls check for the author's text, piece by piece.
func eachLiteral(n node, check func(text string) error) error {
	switch n := n.(type) {
	case literal:
		return check(string(n))
	case sequence:
		for _, part := range n {
			if err := eachLiteral(part, check); err != nil {
				return err
			}
		}
	case branch:
		if err := eachLiteral(n.whenTrue, check); err != nil {
			return err
		}
		return eachLiteral(n.whenFalse, check)
	case loop:
		return eachLiteral(n.body, check)
	}
	return nil
}
