package expr

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// alwaysFails stands for a part that cannot be evaluated, where that need not
// matter: in try, in can, and in a branch that is not chosen.
const alwaysFails = `tonumber("")`

// source writes what remains of e as the source of an expression.
func (p *partial) source(e hclsyntax.Expression) string {
	if !p.atRequest(e) {
		return p.literal(e)
	}
	switch e := e.(type) {
	case *hclsyntax.ParenthesesExpr:
		return p.source(e.Expression)
	case *hclsyntax.TemplateWrapExpr:
		return p.source(e.Wrapped)
	case *hclsyntax.TemplateExpr, *hclsyntax.TemplateJoinExpr:
		return p.quoted(e)
	case *hclsyntax.ScopeTraversalExpr:
		return e.Traversal.RootName() + p.steps(e.Traversal[1:])
	case *hclsyntax.RelativeTraversalExpr:
		return p.operand(e.Source) + p.steps(e.Traversal)
	case *hclsyntax.IndexExpr:
		return p.operand(e.Collection) + "[" + p.source(e.Key) + "]"
	case *hclsyntax.SplatExpr:
		return p.operand(e.Source) + p.splat(e)
	case *hclsyntax.FunctionCallExpr:
		return p.call(e)
	case *hclsyntax.ConditionalExpr:
		return p.conditional(e)
	case *hclsyntax.BinaryOpExpr:
		return p.operand(e.LHS) + " " + operators[e.Op] + " " + p.operand(e.RHS)
	case *hclsyntax.UnaryOpExpr:
		return operators[e.Op] + p.operand(e.Val)
	case *hclsyntax.TupleConsExpr:
		return "[" + p.list(e.Exprs) + "]"
	case *hclsyntax.ObjectConsExpr:
		return p.object(e)
	case *hclsyntax.ForExpr:
		return p.forExpr(e)
	}
	p.fail(e, "Expression not available in a request", fmt.Sprintf("An expression of this kind (%T) cannot depend on input.", e))
	return "null"
}

var operators = map[*hclsyntax.Operation]string{
	hclsyntax.OpLogicalOr: "||", hclsyntax.OpLogicalAnd: "&&", hclsyntax.OpLogicalNot: "!",
	hclsyntax.OpEqual: "==", hclsyntax.OpNotEqual: "!=",
	hclsyntax.OpGreaterThan: ">", hclsyntax.OpGreaterThanOrEqual: ">=",
	hclsyntax.OpLessThan: "<", hclsyntax.OpLessThanOrEqual: "<=",
	hclsyntax.OpAdd: "+", hclsyntax.OpSubtract: "-", hclsyntax.OpNegate: "-",
	hclsyntax.OpMultiply: "*", hclsyntax.OpDivide: "/", hclsyntax.OpModulo: "%",
	divide: "/", remainder: "%",
}

// literal evaluates e and writes its value.
func (p *partial) literal(e hclsyntax.Expression) string {
	before := p.diags
	v := p.eval(e)
	if p.lenient > 0 && p.diags[len(before):].HasErrors() {
		p.diags = before
		return alwaysFails
	}
	if !v.IsWhollyKnown() {
		return "null" // there will be no source
	}
	s, err := literalSource(v)
	if err != nil {
		p.fail(e, "Value cannot be written into the document", "This value cannot be sent to the runtime: "+err.Error()+".")
	}
	return s
}

// operand writes e so that an operator or a traversal beside it applies to all
// of it.
func (p *partial) operand(e hclsyntax.Expression) string {
	for {
		parens, ok := e.(*hclsyntax.ParenthesesExpr)
		if !ok {
			break
		}
		e = parens.Expression
	}
	s := p.source(e)
	tight := !p.atRequest(e) // a literal
	switch e.(type) {
	case *hclsyntax.ScopeTraversalExpr, *hclsyntax.RelativeTraversalExpr, *hclsyntax.IndexExpr, *hclsyntax.FunctionCallExpr:
		tight = true
	}
	if tight && !strings.HasPrefix(s, "-") {
		return s
	}
	return "(" + s + ")"
}

func (p *partial) steps(t hcl.Traversal) string {
	var b strings.Builder
	for _, step := range t {
		switch step := step.(type) {
		case hcl.TraverseAttr:
			b.WriteString("." + step.Name)
		case hcl.TraverseIndex:
			key, _ := literalSource(step.Key) // a string or a number, as it was parsed
			b.WriteString("[" + key + "]")
		}
	}
	return b.String()
}

// splat writes a splat operator with the steps that it applies to each element.
// The two operators differ in which steps those are: .* takes attributes only,
// and an index after it applies to the list of results.
func (p *partial) splat(e *hclsyntax.SplatExpr) string {
	if at := e.MarkerRange.Start.Byte; at < len(p.src) && p.src[at] == '.' {
		if each, ok := e.Each.(*hclsyntax.RelativeTraversalExpr); ok {
			return ".*" + attributeSteps(each.Traversal)
		}
		return ".*"
	}
	return "[*]" + p.each(e.Each)
}

// attributeSteps writes indexes as .0, the only way in which they can follow .*
func attributeSteps(t hcl.Traversal) string {
	var b strings.Builder
	for _, step := range t {
		switch step := step.(type) {
		case hcl.TraverseAttr:
			b.WriteString("." + step.Name)
		case hcl.TraverseIndex:
			b.WriteString("." + step.Key.AsBigFloat().Text('f', -1))
		}
	}
	return b.String()
}

// each writes what a splat does with an element.
func (p *partial) each(e hclsyntax.Expression) string {
	switch e := e.(type) {
	case *hclsyntax.RelativeTraversalExpr:
		return p.each(e.Source) + p.steps(e.Traversal)
	case *hclsyntax.IndexExpr:
		return p.each(e.Collection) + "[" + p.source(e.Key) + "]"
	case *hclsyntax.SplatExpr:
		return p.each(e.Source) + p.splat(e)
	}
	return "" // the element itself
}

func (p *partial) call(e *hclsyntax.FunctionCallExpr) string {
	p.diags = append(p.diags, unknownFunction(e)...)
	if e.Name == "try" || e.Name == "can" {
		p.lenient++
		defer func() { p.lenient-- }()
	}
	rest := ")"
	if e.ExpandFinal {
		rest = "...)"
	}
	return e.Name + "(" + p.list(e.Args) + rest
}

func (p *partial) list(es []hclsyntax.Expression) string {
	parts := make([]string, len(es))
	for i, e := range es {
		parts[i] = p.source(e)
	}
	return strings.Join(parts, ", ")
}

// conditional keeps both branches, even of a condition that is known: together
// they decide the type of the result.
func (p *partial) conditional(e *hclsyntax.ConditionalExpr) string {
	var decided, choice bool
	if !p.atRequest(e.Condition) {
		v, _ := e.Condition.Value(p.ctx)
		v, _ = v.Unmark()
		v, err := convert.Convert(v, cty.Bool)
		decided = err == nil && v.IsKnown() && !v.IsNull()
		choice = decided && v.True()
	}
	condition := p.operand(e.Condition)
	return condition + " ? " + p.branch(e.TrueResult, decided && !choice) + " : " + p.branch(e.FalseResult, choice)
}

func (p *partial) branch(e hclsyntax.Expression, unused bool) string {
	if unused {
		p.lenient++
		defer func() { p.lenient-- }()
	}
	return p.operand(e)
}

func (p *partial) object(e *hclsyntax.ObjectConsExpr) string {
	parts := make([]string, len(e.Items))
	for i, item := range e.Items {
		parts[i] = p.key(item.KeyExpr) + " = " + p.source(item.ValueExpr)
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// key writes the key of an object: a bare name is text, unlike anywhere else.
func (p *partial) key(e hclsyntax.Expression) string {
	k, ok := e.(*hclsyntax.ObjectConsKeyExpr)
	if ok && (k.ForceNonLiteral || hcl.ExprAsKeyword(k.Wrapped) == "") && p.atRequest(k.Wrapped) {
		return "(" + p.source(k.Wrapped) + ")"
	}
	name := p.literal(e)
	if strings.HasPrefix(name, `"`) {
		return name
	}
	return "(" + name + ")"
}

func (p *partial) forExpr(e *hclsyntax.ForExpr) string {
	var b strings.Builder
	b.WriteString("for " + variables(e) + " in " + p.source(e.CollExpr) + " : ")
	p.within(e, func() {
		if e.KeyExpr != nil {
			b.WriteString(p.operand(e.KeyExpr) + " => ")
		}
		b.WriteString(p.operand(e.ValExpr))
		if e.Group {
			b.WriteString("...")
		}
		if e.CondExpr != nil {
			b.WriteString(" if " + p.operand(e.CondExpr))
		}
	})
	if e.KeyExpr != nil {
		return "{" + b.String() + "}"
	}
	return "[" + b.String() + "]"
}
