package expr

import (
	"errors"
	"math/big"
	"reflect"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// maxWork is what one evaluation may use up, roughly in bytes of values that it
// makes or reads; an element of a collection counts as elementWork, an error as
// errorWork, a step as stepWork. It bounds memory to a few times as much, and time
// to about a second.
const (
	maxWork     = 32 << 20
	stepWork    = 32
	elementWork = 64
	errorWork   = 512
)

// Arithmetic is exact, so that the text of a number can be of any length. Those
// whose binary exponent is beyond maxExponent, or whose numeral is longer than
// maxNumeral bytes, are refused.
const (
	maxExponent = 4096
	maxNumeral  = 400
)

var (
	errTooMuch  = errors.New("with these arguments, more work or memory is needed than one request may use")
	errNumber   = errors.New("a number is too large, or one is divided by zero")
	errTooLarge = errors.New("with these arguments, the text becomes too long")
)

// budget is what is left of the work of one evaluation. HCL can neither be
// interrupted nor told to stop, so that the expressions within one ask it before
// and after each step. A nil budget is without bounds.
type budget struct {
	left  int
	err   error         // why the evaluation has failed; whatever it returns is void
	calls [][]cty.Value // arguments of the function calls around the present one
}

var budgetType = cty.Capsule("budget", reflect.TypeFor[budget]())

// budgetName is no identifier, so that no template can mention it.
const budgetName = "(budget)"

func budgetOf(ctx *hcl.EvalContext) *budget {
	for ; ctx != nil; ctx = ctx.Parent() {
		if v, ok := ctx.Variables[budgetName]; ok {
			return v.EncapsulatedValue().(*budget)
		}
	}
	return nil
}

func (b *budget) spend(work int) error {
	if b == nil {
		return nil
	}
	if b.err == nil && (work < 0 || work > b.left) {
		b.err = errTooMuch
	}
	b.left -= work
	return b.err
}

// take accounts for a value. It stops where nothing is left, as values that
// share parts can be larger than they are.
func (b *budget) take(v cty.Value) {
	v, _ = v.Unmark()
	switch t := v.Type(); {
	case b.spend(1) != nil || !v.IsKnown() || v.IsNull():
	case t == cty.String:
		_ = b.spend(len(v.AsString())) // is kept in b
	case t == cty.Number:
		if !short(v.AsBigFloat()) {
			b.err = errNumber
		}
	case v.CanIterateElements():
		named := t.IsMapType() || t.IsObjectType()
		for it := v.ElementIterator(); it.Next() && b.spend(elementWork) == nil; {
			k, e := it.Element()
			if named {
				b.take(k)
			}
			b.take(e)
		}
	}
}

// numerals refuses strings that would take too long to become numbers.
func (b *budget) numerals(v cty.Value) {
	v, _ = v.Unmark()
	switch {
	case b.err != nil || !v.IsKnown() || v.IsNull():
	case v.Type() == cty.String:
		s := v.AsString()
		if s == "" || !strings.ContainsRune("+-.0123456789", rune(s[0])) {
			return
		}
		if len(s) > maxNumeral {
			b.err = errNumber
			return
		}
		if n, _, err := big.ParseFloat(s, 10, 64, big.ToNearestEven); err == nil && !short(n) {
			b.err = errNumber
		}
	case v.CanIterateElements():
		for it := v.ElementIterator(); it.Next() && b.err == nil; {
			_, e := it.Element()
			b.numerals(e)
		}
	}
}

// short reports whether a number is of a length that can be written out.
func short(n *big.Float) bool {
	e := n.MantExp(nil)
	return !n.IsInf() && e <= maxExponent && e >= -maxExponent
}

// metered is an expression within another, and accounts for its value.
type metered struct {
	hclsyntax.Expression
	made    bool // whether evaluating it makes a value, not only finds one
	numeral bool // whether the value becomes a number
	unified bool // whether its elements are converted to one type
}

// Value is unknown when there is no budget left, which costs those around it
// nothing.
func (m metered) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	b := budgetOf(ctx)
	if b == nil {
		return m.Expression.Value(ctx)
	}
	if b.spend(stepWork) != nil {
		return cty.DynamicVal, nil
	}
	call, isCall := m.Expression.(*hclsyntax.FunctionCallExpr)
	if isCall {
		b.calls = append(b.calls, make([]cty.Value, 0, len(call.Args)))
	}
	v, diags := m.Expression.Value(ctx)
	if isCall {
		b.calls = b.calls[:len(b.calls)-1]
	}
	if diags.HasErrors() {
		_ = b.spend(errorWork) // a loop gathers the errors of every element
	}
	if m.made {
		b.take(v)
	}
	if m.numeral {
		b.numerals(v)
	}
	if m.unified {
		_ = b.spend(unifyWork(v)) // is kept in b
	}
	if b.err != nil {
		return cty.DynamicVal, nil
	}
	return v, diags
}

// argument is an argument of a function call. With the last one, the work of the
// call is known before it begins.
type argument struct {
	metered
	call *hclsyntax.FunctionCallExpr
	last bool
}

// Value ends in an error when the function must not be called.
func (a argument) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	v, diags := a.metered.Value(ctx)
	b := budgetOf(ctx)
	if b == nil || diags.HasErrors() {
		return v, diags
	}
	if b.err == nil {
		if unifies(a.call.Name, parameterType(functions[a.call.Name], len(b.calls[len(b.calls)-1]))) {
			v = uniform(v) // has one type already, unless it is of several
		}
		top := len(b.calls) - 1
		b.calls[top] = append(b.calls[top], v)
		if a.last {
			b.beforeCall(a.call, b.calls[top])
		}
	}
	if b.err != nil {
		return cty.DynamicVal, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: b.err.Error()}}
	}
	return v, diags
}

// meter has every expression within e account for its value, and returns e doing
// so itself. What only reads input needs no budget.
func meter(e hclsyntax.Expression) hclsyntax.Expression {
	var nodes []hclsyntax.Node // all of them first: the walk would meet what is put in their places
	_ = hclsyntax.VisitAll(e, func(n hclsyntax.Node) hcl.Diagnostics { nodes = append(nodes, n); return nil })
	for _, n := range nodes {
		meterParts(n)
	}
	return part(e)
}

// meterNode does so for every expression of a compiled template, and reports
// whether it needs a budget.
func meterNode(n node) (node, bool) {
	switch n := n.(type) {
	case dynamic:
		if _, found := n.expr.(*hclsyntax.ScopeTraversalExpr); found {
			return n, false
		}
		return dynamic{meter(n.expr)}, true
	case sequence:
		needed := false
		for i := range n {
			var needs bool
			n[i], needs = meterNode(n[i])
			needed = needed || needs
		}
		return n, needed
	case branch:
		yes, _ := meterNode(n.whenTrue)
		no, _ := meterNode(n.whenFalse)
		return branch{meter(n.condition), yes, no}, true
	case loop:
		body, _ := meterNode(n.body)
		return loop{meter(n.collection), n.key, n.value, body}, true
	}
	return n, false
}

func part(e hclsyntax.Expression) hclsyntax.Expression {
	switch e.(type) {
	case nil:
		return nil
	case *hclsyntax.ScopeTraversalExpr, *hclsyntax.RelativeTraversalExpr, *hclsyntax.IndexExpr, *hclsyntax.LiteralValueExpr:
		return metered{Expression: e}
	}
	return metered{Expression: e, made: true}
}

func parts(es []hclsyntax.Expression) {
	for i, e := range es {
		es[i] = part(e)
	}
}

func numeral(e hclsyntax.Expression) hclsyntax.Expression {
	m := part(e).(metered)
	m.numeral = true
	return m
}

func unified(e hclsyntax.Expression) hclsyntax.Expression {
	m := part(e).(metered)
	m.unified = true
	return m
}

func meterParts(n hclsyntax.Node) {
	switch n := n.(type) {
	case *hclsyntax.TemplateExpr:
		parts(n.Parts)
	case *hclsyntax.TemplateWrapExpr:
		n.Wrapped = part(n.Wrapped)
	case *hclsyntax.TemplateJoinExpr:
		n.Tuple = part(n.Tuple)
	case *hclsyntax.ParenthesesExpr:
		n.Expression = part(n.Expression)
	case *hclsyntax.FunctionCallExpr:
		meterCall(n)
	case *hclsyntax.ConditionalExpr:
		n.Condition, n.TrueResult, n.FalseResult = part(n.Condition), unified(n.TrueResult), unified(n.FalseResult)
	case *hclsyntax.BinaryOpExpr:
		meterOperation(n)
	case *hclsyntax.UnaryOpExpr:
		n.Val = numeral(n.Val)
	case *hclsyntax.TupleConsExpr:
		parts(n.Exprs)
	case *hclsyntax.ObjectConsExpr:
		for i := range n.Items {
			n.Items[i].ValueExpr = part(n.Items[i].ValueExpr)
		}
	case *hclsyntax.ForExpr:
		n.CollExpr, n.KeyExpr, n.ValExpr, n.CondExpr = part(n.CollExpr), part(n.KeyExpr), part(n.ValExpr), part(n.CondExpr)
	case *hclsyntax.IndexExpr:
		n.Collection, n.Key = part(n.Collection), numeral(n.Key)
	case *hclsyntax.RelativeTraversalExpr:
		n.Source = part(n.Source)
	case *hclsyntax.SplatExpr:
		n.Source, n.Each = part(n.Source), part(n.Each)
	}
}

func meterOperation(n *hclsyntax.BinaryOpExpr) {
	switch n.Op {
	case hclsyntax.OpEqual, hclsyntax.OpNotEqual, hclsyntax.OpLogicalAnd, hclsyntax.OpLogicalOr:
		n.LHS, n.RHS = part(n.LHS), part(n.RHS)
	default:
		n.LHS, n.RHS = numeral(n.LHS), numeral(n.RHS)
	}
}

func meterCall(n *hclsyntax.FunctionCallExpr) {
	if n.Name == "try" || n.Name == "can" { // evaluate their arguments themselves
		parts(n.Args)
		return
	}
	f := functions[n.Name]
	for i, e := range n.Args {
		m := part(e).(metered)
		m.numeral = readsNumbers(n.Name) || parameterType(f, i) == cty.Number
		n.Args[i] = argument{metered: m, call: n, last: i == len(n.Args)-1}
	}
}
