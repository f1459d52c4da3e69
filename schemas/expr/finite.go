package expr

import (
	"errors"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// In HCL a division by zero gives infinity, which no document, JSON or port can
// hold. Here it is an error where it happens.
var (
	divide    = &hclsyntax.Operation{Impl: byNonZero(stdlib.DivideFunc), Type: cty.Number}
	remainder = &hclsyntax.Operation{Impl: byNonZero(stdlib.ModuloFunc), Type: cty.Number}
)

// Finite makes the divisions in an expression or a body, which is changed, fail
// when they divide by zero. It is for what the parser has just made.
func Finite(n hclsyntax.Node) {
	_ = hclsyntax.VisitAll(n, func(n hclsyntax.Node) hcl.Diagnostics { // never fails
		if op, ok := n.(*hclsyntax.BinaryOpExpr); ok {
			switch op.Op {
			case hclsyntax.OpDivide:
				op.Op = divide
			case hclsyntax.OpModulo:
				op.Op = remainder
			}
		}
		return nil
	})
}

func byNonZero(f function.Function) function.Function {
	return guarded(f, func(args []cty.Value) error {
		if args[1].IsKnown() && args[1].AsBigFloat().Sign() == 0 {
			return errors.New("a number cannot be divided by zero")
		}
		return nil
	})
}

// finite makes a function of numbers fail when its result is none.
func finite(f function.Function) function.Function {
	return guarded(f, func([]cty.Value) error { return nil })
}

// guarded calls f for arguments that a check has nothing against.
func guarded(f function.Function, check func(args []cty.Value) error) function.Function {
	return function.New(&function.Spec{
		Params: f.Params(),
		Type:   function.StaticReturnType(cty.Number),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if err := check(args); err != nil {
				return cty.NilVal, err
			}
			v, err := f.Call(args)
			var panicked function.PanicError
			if errors.As(err, &panicked) || err == nil && v.IsKnown() && v.AsBigFloat().IsInf() {
				return cty.NilVal, errors.New("the result is not a finite number")
			}
			return v, err
		},
	})
}
