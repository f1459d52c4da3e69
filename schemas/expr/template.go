package expr

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/schemas"
)

// inputName is the one variable of a template.
const inputName = "input"

// Template is a compiled template. It is safe for concurrent use.
type Template struct {
	root  node
	place *place
	names []string // inputs that it mentions by name, sorted
	bound bool     // whether evaluating it needs a budget
	plain plain    // nil when it has to be evaluated
}

// Compile compiles a template for the place where its text goes, and so decides
// what is done with the parts that depend on input:
//
//   - "text": they stand as they are.
//   - "word", an element of a command line: they hold no NUL. At the start of a
//     word they do not begin with a dash; [CompileWords] knows when they may.
//   - "url": they may stand in the path and the query, and are escaped there. A
//     path segment that they make empty, "." or ".." is refused.
//   - "header": they hold no control characters.
//
// Text that the author wrote is never escaped, wherever it stands: also in the
// branches of a conditional and in the body of a for directive.
func Compile(src schemas.Template, where string) (*Template, error) {
	p, err := placeOf(where)
	if err != nil {
		return nil, err
	}
	e, diags := hclsyntax.ParseTemplate([]byte(src), where, hcl.InitialPos)
	if diags.HasErrors() {
		return nil, describe(diags)
	}
	if err := checkNames(e); err != nil {
		return nil, err
	}
	root, err := compile(e)
	if err != nil {
		return nil, err
	}
	if err := eachLiteral(root, p.author); err != nil {
		return nil, err
	}
	if p.whole != nil {
		if err := p.whole(root); err != nil {
			return nil, err
		}
	}
	t := &Template{place: p, names: mentioned(e)}
	t.root, t.bound = meterNode(root)
	t.plain = plainOf(t.root)
	return t, nil
}

// Literal returns the text when nothing in it depends on input.
func (t *Template) Literal() (string, bool) {
	l, ok := t.root.(literal)
	return string(l), ok
}

// Eval evaluates the template. The input is an object, as [Input] makes it; what
// the template mentions and the object lacks is null, and null is written as no
// text at all. Its work and the length of its text are bounded, whatever the
// input holds. An error says what does not fit, and quotes neither the input nor
// the template.
func (t *Template) Eval(input cty.Value) (string, error) {
	return t.eval(input, t.place.sink())
}

func (t *Template) eval(input cty.Value, to sink) (string, error) {
	if l, ok := t.root.(literal); ok {
		return string(l), nil
	}
	input, err := complete(input, t.names)
	if err != nil {
		return "", err
	}
	ctx := &hcl.EvalContext{Variables: map[string]cty.Value{inputName: input}, Functions: functions}
	if t.bound {
		ctx.Variables[budgetName] = cty.CapsuleVal(budgetType, &budget{left: maxWork})
	}
	err = t.root.render(ctx, to)
	if b := budgetOf(ctx); b != nil && b.err != nil {
		return "", b.err // what was evaluated after it is void
	}
	if err != nil {
		return "", err
	}
	text, err := to.end()
	if len(text) > t.place.most {
		return "", errTooLarge
	}
	return text, err
}

// Check returns an error when the template mentions an input that is not among
// the declared names.
func Check(t *Template, names []string) error {
	for _, n := range t.names {
		if slices.Contains(names, n) {
			continue
		}
		if s := diag.Suggest(n, names); s != "" {
			return fmt.Errorf("it mentions input.%s, which is not declared; did you mean input.%s?", n, s)
		}
		return fmt.Errorf("it mentions input.%s, which is not declared", n)
	}
	return nil
}

// complete adds what the template mentions and the input lacks.
func complete(input cty.Value, names []string) (cty.Value, error) {
	if input == cty.NilVal || !input.Type().IsObjectType() || input.IsNull() || !input.IsWhollyKnown() {
		return cty.NilVal, errors.New("evaluate template: input is not a known object")
	}
	input, _ = input.UnmarkDeep()
	if !slices.ContainsFunc(names, func(n string) bool { return !input.Type().HasAttribute(n) }) {
		return input, nil
	}
	attributes := input.AsValueMap()
	if attributes == nil {
		attributes = map[string]cty.Value{}
	}
	for _, n := range names {
		if _, ok := attributes[n]; !ok {
			attributes[n] = cty.NullVal(cty.DynamicPseudoType)
		}
	}
	return cty.ObjectVal(attributes), nil
}

// checkNames refuses what does not exist at request time.
func checkNames(e hclsyntax.Expression) error {
	for _, t := range e.Variables() {
		if t.RootName() != inputName {
			return fmt.Errorf("%q is not known when a request is answered; only input is", t.RootName())
		}
	}
	diags := hclsyntax.VisitAll(e, func(n hclsyntax.Node) hcl.Diagnostics {
		if call, ok := n.(*hclsyntax.FunctionCallExpr); ok {
			return unknownFunction(call)
		}
		return nil
	})
	if diags.HasErrors() {
		return describe(diags)
	}
	return nil
}

// unknownFunction refuses a call of a function that does not exist at request
// time.
func unknownFunction(call *hclsyntax.FunctionCallExpr) hcl.Diagnostics {
	if _, ok := functions[call.Name]; ok {
		return nil
	}
	return hcl.Diagnostics{{
		Severity: hcl.DiagError,
		Summary:  "Function not available in a request",
		Detail: fmt.Sprintf("The function %q cannot be called with input: it does not exist where requests are answered. "+
			"Call it without input, or use another function.", call.Name),
		Subject: call.NameRange.Ptr(),
	}}
}

// mentioned are the names that stand as input.NAME or input["NAME"].
func mentioned(e hclsyntax.Expression) []string {
	var names []string
	for _, t := range e.Variables() {
		if t.RootName() != inputName || len(t) < 2 {
			continue
		}
		switch step := t[1].(type) {
		case hcl.TraverseAttr:
			names = append(names, step.Name)
		case hcl.TraverseIndex:
			if step.Key.Type() == cty.String && step.Key.IsKnown() && !step.Key.IsNull() {
				names = append(names, step.Key.AsString())
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// describe makes an error of diagnostics without their places: a template in a
// document is not where its author looks.
func describe(diags hcl.Diagnostics) error {
	var texts []string
	for _, d := range diags {
		if d.Severity == hcl.DiagError {
			texts = append(texts, strings.TrimSuffix(d.Summary+": "+d.Detail, ": "))
		}
	}
	return errors.New(strings.Join(texts, "; "))
}
