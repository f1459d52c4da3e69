package expr

import (
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"pgregory.net/rapid"

	"github.com/erlmcp/erlmcp/schemas"
)

// planContext is what a plan knows; file stands for the functions that exist at
// plan time only.
func planContext() *hcl.EvalContext {
	functions := Functions()
	functions["file"] = function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return cty.StringVal("content of " + args[0].AsString()), nil
		},
	})
	return &hcl.EvalContext{
		Functions: functions,
		Variables: map[string]cty.Value{"var": cty.ObjectVal(map[string]cty.Value{
			"s":       cty.StringVal(`a "b" ${c} %{d} $${e} $`),
			"t":       cty.StringVal("$"),
			"e":       cty.StringVal(""),
			"n":       cty.NumberFloatVal(-1.5),
			"b":       cty.True,
			"l":       cty.ListVal([]cty.Value{cty.StringVal("x"), cty.StringVal("y\n")}),
			"set":     cty.SetVal([]cty.Value{cty.StringVal("q"), cty.StringVal("p")}),
			"m":       cty.MapVal(map[string]cty.Value{"k": cty.StringVal("v"), "${": cty.StringVal("w")}),
			"o":       cty.ObjectVal(map[string]cty.Value{"a": cty.NumberIntVal(2), "n": cty.NullVal(cty.String)}),
			"null":    cty.NullVal(cty.String),
			"secret":  cty.StringVal("hush").Mark(schemas.Sensitive),
			"unknown": cty.UnknownVal(cty.String),
		})},
	}
}

func parse(t interface{ Fatalf(string, ...any) }, src string) hclsyntax.Expression {
	e, diags := hclsyntax.ParseExpression([]byte(src), "test.mcp.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatalf("parse %s: %s", src, diags)
	}
	return e
}

func TestPartialWritesWhatRemains(t *testing.T) {
	tests := map[string]struct{ src, want string }{
		"no input":                     {`"a ${var.t}{b}"`, `a $${b}`},
		"no input, not text":           {`1 + 2`, `3`},
		"input alone":                  {`input.city`, `${input.city}`},
		"text around input":            {`"q=${input.city}&k=${var.e}"`, `q=${input.city}&k=`},
		"largest part":                 {`"${upper("${var.m.k}-${lower("X")}")}/${input.x}"`, `V-X/${input.x}`},
		"a dollar before a marker":     {`"${var.t}${input.x}"`, `${"\u0024"}${input.x}`},
		"escaped markers":              {`"$${a} %%{b} ${input.x}"`, `$${a} %%{b} ${input.x}`},
		"function of both":             {`jsonencode({ a = input.a, b = var.o.a })`, `${jsonencode({"a" = input.a, "b" = 2})}`},
		"plan-time function":           {`"${file("x")}: ${input.x}"`, `content of x: ${input.x}`},
		"types survive":                {`join(input.x, var.l)`, `${join(input.x, tolist(["x", "y\n"]))}`},
		"typed null":                   {`coalesce(input.x, var.null)`, `${coalesce(input.x, tostring(null))}`},
		"binary operators":             {`input.n * (var.n - 1) + 2`, `${(input.n * (-2.5)) + 2}`},
		"known condition in text":      {`"${var.b ? input.x : file(input.y)}"`, `${input.x}`},
		"known condition in value":     {`upper(var.b ? input.x : var.o.zzz)`, `${upper(true ? input.x : tonumber(""))}`},
		"for expression":               {`[for v in var.set : "${v}${input.x}${var.e}"][0]`, `${([for v in toset(["p", "q"]) : ("${v}${input.x}")])[0]}`},
		"a variable named input":       {`join(",", [for input in var.l : upper(input)])`, "X,Y\n"},
		"a variable that hides":        {`[for var in input.l : var.s][0]`, `${([for var in input.l : var.s])[0]}`},
		"object for, grouped, filter":  {`{ for k, v in input.m : v => k... if v != var.e }`, `${{for k, v in input.m : v => k... if (v != "")}}`},
		"splat":                        {`join(var.t, input.l[*].name)`, `${join("$", input.l[*].name)}`},
		"attribute splat and index":    {`input.l.*.names[0]`, `${(input.l.*.names)[0]}`},
		"splat with an index of input": {`input.l[*].m[var.m.k][0]`, `${input.l[*].m["v"][0]}`},
		"nested splats":                {`input.l[*].m.*.n[0]`, `${input.l[*].m.*.n[0]}`},
		"if directive":                 {`"%{ if input.b }yes ${var.t}%{ else }no%{ endif }"`, `${input.b ? "yes $" : "no"}`},
		"for directive":                {`"%{ for k, v in input.m }${k}${var.t}${v}%{ endfor }"`, `%{ for k, v in input.m }${k}${"\u0024"}${v}%{ endfor }`},
		"heredoc":                      {"<<-EOT\n    a ${input.x}\n      b\n  EOT\n", "a ${input.x}\n  b\n"},
		"try":                          {`try(input.x.y, var.o.zzz, file("d"))`, `${try(input.x.y, tonumber(""), "content of d")}`},
		"index by input":               {`var.m[input.k]`, `${tomap({"$${" = "w", "k" = "v"})[input.k]}`},
		"key from input":               {`jsonencode({ (input.k) = 1, input = 2, "a${input.k}" = 3 })`, `${jsonencode({(input.k) = 1, "input" = 2, ("a${input.k}") = 3})}`},
		"expanded arguments":           {`max(var.n, input.l...)`, `${max(-1.5, input.l...)}`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, diags := Partial(parse(t, tc.src), []byte(tc.src), planContext())
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			if got.AsString() != tc.want {
				t.Errorf("%s\n got %s\nwant %s", tc.src, got.AsString(), tc.want)
			}
			if _, err := Compile(schemas.Template(got.AsString()), "text"); err != nil {
				t.Errorf("compile: %s", err)
			}
		})
	}
}

func TestPartialOfSpecialValues(t *testing.T) {
	tests := map[string]struct {
		src  string
		want cty.Value
	}{
		"null":                  {`var.null`, cty.NullVal(cty.String)},
		"unknown":               {`var.unknown`, cty.UnknownVal(cty.String)},
		"unknown beside input":  {`"${input.x}${var.unknown}"`, cty.UnknownVal(cty.String)},
		"sensitive":             {`var.secret`, cty.StringVal("hush").Mark(schemas.Sensitive)},
		"sensitive and input":   {`"${input.x} ${var.secret}"`, cty.StringVal("${input.x} hush").Mark(schemas.Sensitive)},
		"sensitive, nested":     {`jsonencode([input.x, { a = var.secret }])`, cty.StringVal(`${jsonencode([input.x, {"a" = "hush"}])}`).Mark(schemas.Sensitive)},
		"sensitive and unknown": {`"${var.secret}${var.unknown}${input.x}"`, cty.UnknownVal(cty.String).Mark(schemas.Sensitive)},
		"sensitive condition":   {`"${var.secret == "hush" ? input.x : input.y}"`, cty.StringVal("${input.x}").Mark(schemas.Sensitive)},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, diags := Partial(parse(t, tc.src), []byte(tc.src), planContext())
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			if !got.RawEquals(tc.want) {
				t.Errorf("got %#v, want %#v", got, tc.want)
			}
		})
	}
}

func TestPartialRefuses(t *testing.T) {
	tests := map[string]struct{ src, want string }{
		"plan-time function of input":        {`file(input.x)`, `"file" cannot be called with input`},
		"plan-time function of input in try": {`try(file(input.x), "")`, `"file" cannot be called with input`},
		"missing attribute":                  {`"${input.x} ${var.zzz}"`, "zzz"},
		"null in text":                       {`"${input.x} ${var.null}"`, "null"},
		"a list in text":                     {`"${input.x} ${var.l}"`, "string required"},
		"a list":                             {`var.l`, "string required"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			v, diags := Partial(parse(t, tc.src), []byte(tc.src), planContext())
			if !diags.HasErrors() || !strings.Contains(diags.Error(), tc.want) {
				t.Errorf("got %#v, %v; want an error with %q", v, diags, tc.want)
			}
			for _, d := range diags {
				if d.Subject == nil {
					t.Errorf("%s: no place", d.Summary)
				}
			}
		})
	}
}

var testInput = Input(map[string]any{
	"s": "it's ${x} \u00e9 $", "n": 3.0, "b": false, "e": "", "null": nil,
	"l": []any{"one", "two"}, "m": map[string]any{"k": "v", "z": "y"},
	"os": []any{map[string]any{"s": "p", "l": []any{"a"}}, map[string]any{"s": "q", "l": []any{"b", "c"}}},
})

// TestPartialKeepsTheMeaning compares with evaluating everything at once.
func TestPartialKeepsTheMeaning(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := generator{t: t}
		sameMeaning(t, g.text(rapid.IntRange(0, 5).Draw(t, "depth")))
	})
}

func sameMeaning(t interface {
	Fatalf(string, ...any)
}, src string) {
	plan := planContext()
	e, diags := hclsyntax.ParseExpression([]byte(src), "test.mcp.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		return
	}
	direct := plan.NewChild()
	direct.Variables = map[string]cty.Value{inputName: testInput}
	want, diags := e.Value(direct)
	want, _ = want.UnmarkDeep()
	if diags.HasErrors() || !want.IsWhollyKnown() || want.IsNull() {
		return
	}
	want, err := convert.Convert(want, cty.String)
	if err != nil {
		return
	}
	got, diags := Partial(e, []byte(src), plan)
	got, _ = got.Unmark()
	if diags.HasErrors() && mayIgnoreErrors(src) {
		return
	}
	if diags.HasErrors() || !got.IsKnown() {
		t.Fatalf("%s\nis %q, but its partial evaluation is %#v: %v", src, want.AsString(), got, diags)
	}
	tmpl, err := Compile(schemas.Template(got.AsString()), "text")
	if err != nil {
		t.Fatalf("%s\nbecame %s\nwhich does not compile: %s", src, got.AsString(), err)
	}
	text, err := tmpl.Eval(testInput)
	if err != nil || text != want.AsString() {
		t.Fatalf("%s\nbecame %s\nand then %q, %v\n    want %q", src, got.AsString(), text, err, want.AsString())
	}
}

// mayIgnoreErrors reports whether evaluating src may ignore an error in a part
// of it. A plan reports such an error although not every request would meet it.
func mayIgnoreErrors(src string) bool {
	return strings.ContainsAny(src, "?") || strings.Contains(src, "||") || strings.Contains(src, "&&") || strings.Contains(src, " if ")
}

// FuzzPartial looks for expressions whose partial evaluation panics, does not
// compile, or means something else.
func FuzzPartial(f *testing.F) {
	for _, src := range []string{
		`"a ${input.s} $${x} ${var.t}"`, `[for x in input.l : "${x}${var.s}"][0]`, `input.os[*].l[0]`, `input.os.*.l[0]`,
		`"%{ for k, v in input.m ~}\n${k}=${v ~}\n%{ endfor }"`, `try(var.zzz, input.s)`, `jsonencode({ (input.s) = var.l })`,
	} {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src string) { sameMeaning(t, src) })
}

// FuzzLiteral looks for text that does not survive being written as source.
func FuzzLiteral(f *testing.F) {
	for _, text := range []string{"", "$", "$${", "%%%{", "a\r\nb", "\x00", "\ufeff", "${", "$%{", "%${", "\"\\\n\t", "~}"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		text = cty.NormalizeString(text)
		bare, err := bareText(text, false)
		if err != nil {
			return // not UTF-8
		}
		quoted, err := quotedSource(text)
		if err != nil {
			t.Fatal(err)
		}
		// A marker on either side must not change the text between.
		before, err := bareText(text, true)
		if err != nil {
			t.Fatal(err)
		}
		inner, err := quotedText(text, true)
		if err != nil {
			t.Fatal(err)
		}
		for src, want := range map[string]string{
			bare: text, "${" + quoted + "}": text,
			"${input.x}" + before + "${input.x}":       "<" + text + "<",
			`${"${input.x}` + inner + `${input.x}"}`:   "<" + text + "<",
			`%{ if true }` + before + `%{ endif }`:     text,
			`${"%{ if true }` + inner + `%{ endif }"}`: text,
		} {
			tmpl, err := Compile(schemas.Template(src), "text")
			if err != nil {
				t.Fatalf("%q became %q: %s", text, src, err)
			}
			got, err := tmpl.Eval(Input(map[string]any{"x": "<"}))
			if err != nil || got != cty.NormalizeString(want) {
				t.Fatalf("%q became %q, and then %q, %v", text, src, got, err)
			}
		}
	})
}
