package expr

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// beforeCall spends what a call will take: what it reads, and beyond that what
// it makes or compares, where that can be much more.
func (b *budget) beforeCall(call *hclsyntax.FunctionCallExpr, args []cty.Value) {
	for _, v := range args {
		b.take(v)
	}
	if b.err != nil {
		return
	}
	if call.ExpandFinal {
		last := args[len(args)-1]
		if last.IsNull() || !last.IsKnown() || !last.CanIterateElements() {
			return // the call will say so
		}
		args = append(args[:len(args)-1:len(args)-1], last.AsValueSlice()...)
	}
	work := 0
	for i, v := range args {
		if unifies(call.Name, parameterType(functions[call.Name], i)) {
			work = plus(work, unifyWork(v))
		}
	}
	if f := callWork[call.Name]; f != nil {
		work = plus(work, f(args))
	}
	if strings.HasPrefix(call.Name, "format") && len(args) > 0 && printsNumbers.MatchString(text(args, 0)) {
		for _, v := range args[1:] {
			b.numerals(v)
		}
	}
	_ = b.spend(work) // is kept in b
}

// parameterType is the type of a function's parameter, which DynamicPseudoType
// leaves to the function.
func parameterType(f function.Function, i int) cty.Type {
	if ps := f.Params(); i < len(ps) {
		return ps[i].Type
	}
	if p := f.VarParam(); p != nil {
		return p.Type
	}
	return cty.DynamicPseudoType
}

// unifies reports whether a function makes the elements of such an argument one
// type.
func unifies(name string, parameter cty.Type) bool {
	switch name {
	case "coalesce", "coalescelist", "setproduct", "tolist", "tomap", "toset":
		return true
	}
	return parameter.IsCollectionType()
}

// readsNumbers reports whether a function makes numbers of strings itself.
func readsNumbers(name string) bool { return name == "tonumber" || name == "sum" }

// printsNumbers finds a verb of format that makes a number of its argument.
var printsNumbers = regexp.MustCompile(`%[^%a-zA-Z]*[bdoxXeEfFgG]`)

// unifyWork is what it takes to find one type for the elements of a tuple or an
// object, each of which is compared with each other.
func unifyWork(v cty.Value) int {
	v, _ = v.Unmark()
	if t := v.Type(); v.IsNull() || !v.IsKnown() || !t.IsTupleType() && !t.IsObjectType() {
		return 0
	}
	n := v.LengthInt()
	return times(n, (n+1)/2)
}

// callWork is for the functions whose work is not in proportion to what they are
// given. Arguments may be of wrong types, or too few.
var callWork = map[string]func(args []cty.Value) int{
	"distinct":   func(args []cty.Value) int { n := count(args, 0); return times(16, n, n) },
	"matchkeys":  func(args []cty.Value) int { return times(16, count(args, 1), count(args, 2)) },
	"setproduct": setProductWork,
	"join":       joinWork,
	"split": func(args []cty.Value) int {
		return times(elementWork, strings.Count(text(args, 1), text(args, 0))+1)
	},
	"regexall":   func(args []cty.Value) int { return times(8, len(text(args, 1))) },
	"replace":    replaceWork,
	"indent":     func(args []cty.Value) int { return times(number(args, 0), strings.Count(text(args, 1), "\n")) },
	"format":     func(args []cty.Value) int { return digits(text(args, 0)) },
	"formatlist": formatListWork,
	"parseint":   func(args []cty.Value) int { return numeralWork(len(text(args, 0))) },
	"csvdecode":  func(args []cty.Value) int { return times(8, len(text(args, 0))) },
	"jsondecode": func(args []cty.Value) int { return decodeWork(text(args, 0)) },
	"yamldecode": func(args []cty.Value) int {
		s := text(args, 0)
		return plus(decodeWork(s), aliasWork(s))
	},
}

func setProductWork(args []cty.Value) int {
	n := elementWork
	for i := range args {
		n = times(n, count(args, i))
	}
	return times(n, len(args))
}

func joinWork(args []cty.Value) int {
	n := 0
	for i := range args {
		n = plus(n, times(len(text(args, 0)), count(args, i)))
	}
	return n
}

func replaceWork(args []cty.Value) int {
	str, substr, with := text(args, 0), text(args, 1), text(args, 2)
	if len(substr) < 2 || substr[0] != '/' || substr[len(substr)-1] != '/' {
		return times(strings.Count(str, substr), len(with))
	}
	// Each $ in the replacement may bring all that was matched.
	return plus(times(len(str)+1, len(with)), times(len(str), strings.Count(with, "$")))
}

func formatListWork(args []cty.Value) int {
	n := 1
	for i := range args {
		n = max(n, count(args, i))
	}
	all := digits(text(args, 0))
	for i := range args {
		all = plus(all, len(text(args, i)))
	}
	return times(n, all)
}

// digits adds up the numbers in a format: its widths and precisions.
func digits(format string) int {
	n := 0
	for _, s := range strings.FieldsFunc(format, func(r rune) bool { return r < '0' || r > '9' }) {
		width, err := strconv.Atoi(s)
		if err != nil {
			return tooMuch
		}
		n = plus(n, width)
	}
	return n
}

// numeralWork is what it takes to read a numeral: it grows with the square of the
// length.
func numeralWork(length int) int { return times(length, length/4096) }

var (
	quoted   = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	numerals = regexp.MustCompile(`[0-9._]+`)
)

// decodeWork is for JSON and YAML: what a text makes is larger than itself.
func decodeWork(s string) int {
	longest := 0
	for _, at := range numerals.FindAllStringIndex(quoted.ReplaceAllString(s, ""), -1) {
		longest = max(longest, at[1]-at[0])
	}
	return plus(times(len(s), 4), numeralWork(longest))
}

// aliasWork refuses YAML whose aliases could multiply.
func aliasWork(s string) int {
	if strings.Contains(s, "&") && strings.Count(s, "*") > 16 {
		return tooMuch
	}
	return 0
}

const tooMuch = maxWork + 1

// plus and times never overflow: what is beyond tooMuch is tooMuch.
func plus(a, b int) int { return min(a+b, tooMuch) }

func times(factors ...int) int {
	product := 1
	for _, n := range factors {
		if n <= 0 {
			return 0
		}
		if product > tooMuch/n {
			return tooMuch
		}
		product *= n
	}
	return product
}

// text is an argument that is a string, else "".
func text(args []cty.Value, i int) string {
	if i >= len(args) {
		return ""
	}
	v, _ := args[i].Unmark()
	if v.Type() != cty.String || !v.IsKnown() || v.IsNull() {
		return ""
	}
	return v.AsString()
}

// number is an argument that is a number, or a string that is one; else 0.
func number(args []cty.Value, i int) int {
	if i >= len(args) {
		return 0
	}
	v, _ := args[i].Unmark()
	if v.Type() == cty.String {
		n, _ := strconv.ParseFloat(text(args, i), 64) // 0 when it is none
		return int(min(max(n, 0), tooMuch))
	}
	if v.Type() != cty.Number || !v.IsKnown() || v.IsNull() {
		return 0
	}
	n, _ := v.AsBigFloat().Float64()
	return int(min(max(n, 0), tooMuch))
}

// count is how many elements an argument has; 0 when it can have none.
func count(args []cty.Value, i int) int {
	if i >= len(args) {
		return 0
	}
	v, _ := args[i].Unmark()
	if v.IsNull() || !v.IsKnown() || !v.CanIterateElements() {
		return 0
	}
	return v.LengthInt()
}
