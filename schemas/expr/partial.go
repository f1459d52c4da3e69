package expr

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// Partial evaluates at plan time what can be: every largest part of e that does
// not depend on input. ctx evaluates those parts, and src is the whole file that
// e was parsed from.
//
// The result is a string: the source of a template, for [Compile], in which those
// parts have become literals. It bears the marks of the values that went into
// it. It is unknown when one of them is, and null when all of e is null.
func Partial(e hclsyntax.Expression, src []byte, ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	p := &partial{ctx: ctx, src: src, marks: cty.ValueMarks{}}
	var text string
	if p.atRequest(e) {
		text = p.template(e, bareText, false)
	} else {
		v := p.eval(e)
		if v.IsNull() && !p.diags.HasErrors() {
			return cty.NullVal(cty.String).WithMarks(p.marks), p.diags
		}
		text = p.write(e, bareText, p.text(e, v), false)
	}
	if p.unknown || p.diags.HasErrors() {
		return cty.UnknownVal(cty.String).WithMarks(p.marks), p.diags
	}
	return cty.StringVal(text).WithMarks(p.marks), p.diags
}

// partial is one partial evaluation. Its methods write what remains of an
// expression as source, and gather the rest here.
type partial struct {
	ctx     *hcl.EvalContext
	src     []byte
	bound   []string // variables of the for expressions around the present one
	lenient int      // above 0 where an error may turn out not to matter
	marks   cty.ValueMarks
	unknown bool
	diags   hcl.Diagnostics
}

// atRequest reports whether e can only be evaluated at request time.
func (p *partial) atRequest(e hclsyntax.Expression) bool {
	return slices.ContainsFunc(e.Variables(), func(t hcl.Traversal) bool {
		return t.RootName() == inputName || slices.Contains(p.bound, t.RootName())
	})
}

// eval evaluates e at plan time. The value has no marks; it is cty.DynamicVal
// after an error.
func (p *partial) eval(e hclsyntax.Expression) cty.Value {
	v, diags := e.Value(p.ctx)
	p.diags = append(p.diags, diags...)
	v, marks := v.UnmarkDeep()
	for m := range marks {
		p.marks[m] = struct{}{}
	}
	if !diags.HasErrors() && !v.IsWhollyKnown() {
		p.unknown = true
	}
	return v
}

// A writer writes literal text for the place where it stands; more says that an
// interpolation or a directive follows it.
type writer func(text string, more bool) (string, error)

func (p *partial) write(e hclsyntax.Expression, w writer, text string, more bool) string {
	out, err := w(text, more)
	if err != nil {
		p.fail(e, "Value cannot be written into the document", "This text cannot be sent to the runtime: "+err.Error()+".")
	}
	return out
}

func (p *partial) fail(e hclsyntax.Expression, summary, detail string) {
	p.diags = append(p.diags, &hcl.Diagnostic{
		Severity: hcl.DiagError, Summary: summary, Detail: detail, Subject: e.Range().Ptr(),
	})
}

// A piece is part of a template: literal text, or a marker as it stands in the
// source.
type piece struct {
	text   string
	marker bool
}

// template writes e as the content of a template; more says that a marker
// follows it.
func (p *partial) template(e hclsyntax.Expression, w writer, more bool) string {
	return p.join(e, p.pieces(nil, e, w), w, more)
}

// quoted writes a template as a quoted string. A string that held nothing but
// one interpolation would not be a string but that value, so something is put
// beside it.
func (p *partial) quoted(e hclsyntax.Expression) string {
	pieces := slices.DeleteFunc(p.pieces(nil, e, quotedText), func(q piece) bool { return q == piece{} })
	if len(pieces) == 1 && pieces[0].marker {
		pieces = append(pieces, piece{text: `${""}`, marker: true})
	}
	return `"` + p.join(e, pieces, quotedText, false) + `"`
}

// join melts literal pieces that stand side by side, as "$" and "{" do not mean
// together what they mean apart.
func (p *partial) join(e hclsyntax.Expression, pieces []piece, w writer, more bool) string {
	var b strings.Builder
	for i := 0; i < len(pieces); {
		if pieces[i].marker {
			b.WriteString(pieces[i].text)
			i++
			continue
		}
		var text string
		for ; i < len(pieces) && !pieces[i].marker; i++ {
			text += pieces[i].text
		}
		b.WriteString(p.write(e, w, text, more || i < len(pieces)))
	}
	return b.String()
}

func (p *partial) pieces(to []piece, e hclsyntax.Expression, w writer) []piece {
	switch t := e.(type) {
	case *hclsyntax.TemplateExpr:
		for _, part := range t.Parts {
			to = p.pieces(to, part, w)
		}
		return to
	case *hclsyntax.TemplateWrapExpr:
		return p.pieces(to, t.Wrapped, w)
	case *hclsyntax.ParenthesesExpr:
		return p.pieces(to, t.Expression, w)
	}
	if !p.atRequest(e) {
		before := p.diags
		text := p.text(e, p.eval(e))
		if p.lenient > 0 && p.diags[len(before):].HasErrors() {
			p.diags = before
			return append(to, piece{text: "${" + alwaysFails + "}", marker: true})
		}
		return append(to, piece{text: text})
	}
	switch t := e.(type) {
	case *hclsyntax.TemplateJoinExpr:
		if f, ok := t.Tuple.(*hclsyntax.ForExpr); ok {
			return append(to, piece{text: p.directive(f, w), marker: true})
		}
	case *hclsyntax.ConditionalExpr:
		if !p.atRequest(t.Condition) {
			return p.settled(to, t, w)
		}
	}
	return append(to, piece{text: "${" + p.source(e) + "}", marker: true})
}

// settled writes the branch that a condition known at plan time has chosen.
func (p *partial) settled(to []piece, e *hclsyntax.ConditionalExpr, w writer) []piece {
	v := p.eval(e.Condition)
	if !v.IsKnown() {
		return to
	}
	v, err := convert.Convert(v, cty.Bool)
	switch {
	case err != nil || v.IsNull():
		p.fail(e.Condition, "Incorrect condition", "A condition must be true or false.")
		return to
	case v.True():
		return p.pieces(to, e.TrueResult, w)
	}
	return p.pieces(to, e.FalseResult, w)
}

// text converts a value for a place in a template.
func (p *partial) text(e hclsyntax.Expression, v cty.Value) string {
	if !v.IsWhollyKnown() {
		return ""
	}
	s, err := convert.Convert(v, cty.String)
	switch {
	case err != nil:
		p.fail(e, "Invalid template interpolation value", "Cannot include the given value in a string template: "+err.Error()+".")
		return ""
	case s.IsNull():
		p.fail(e, "Invalid template interpolation value", "The expression result is null. Cannot include a null value in a string template.")
		return ""
	}
	return s.AsString()
}

// directive writes a for directive with its body.
func (p *partial) directive(f *hclsyntax.ForExpr, w writer) string {
	var b strings.Builder
	b.WriteString("%{ for " + variables(f) + " in " + p.source(f.CollExpr) + " }")
	p.within(f, func() { b.WriteString(p.template(f.ValExpr, w, true)) })
	b.WriteString("%{ endfor }")
	return b.String()
}

// within calls do where the variables of a for expression are bound.
func (p *partial) within(f *hclsyntax.ForExpr, do func()) {
	outer := p.bound
	p.bound = append(slices.Clip(outer), f.KeyVar, f.ValVar)
	do()
	p.bound = outer
}

func variables(f *hclsyntax.ForExpr) string {
	if f.KeyVar == "" {
		return f.ValVar
	}
	return f.KeyVar + ", " + f.ValVar
}
