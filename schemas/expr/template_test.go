package expr

import (
	"encoding/json"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/zclconf/go-cty/cty"
	"pgregory.net/rapid"

	"github.com/erlmcp/erlmcp/schemas"
)

func TestEvalEscapesForThePlace(t *testing.T) {
	tests := map[string]struct {
		where, src string
		args       map[string]any
		want, err  string
	}{
		"text as it is":              {"text", "<${input.x}>", args("x", "a/b?c\r\n\"-"), "<a/b?c\r\n\"->", ""},
		"number":                     {"text", "${input.x}", args("x", json.Number("3.50")), "3.5", ""},
		"large number":               {"text", "${input.x}", args("x", json.Number("12345678901234567890")), "12345678901234567890", ""},
		"boolean":                    {"text", "${input.x}", args("x", true), "true", ""},
		"left out":                   {"text", "[${input.x}]", args(), "[]", ""},
		"null":                       {"text", "[${input.x}]", args("x", nil), "[]", ""},
		"left out, with a default":   {"text", `${coalesce(input.x, "d")}`, args(), "d", ""},
		"list":                       {"text", "a ${input.x}", args("x", []any{"a"}), "", "use jsonencode or join"},
		"list, joined":               {"text", `${join("+", input.x)}`, args("x", []any{"a", "b"}), "a+b", ""},
		"list, looped over":          {"text", `%{ for x in input.x }<${x}>%{ endfor }`, args("x", []any{"a", "b"}), "<a><b>", ""},
		"loop over nothing":          {"text", `%{ for x in input.x }<${x}>%{ endfor }`, args(), "", "needs a list"},
		"object":                     {"text", `%{ for k, v in input.x }${k}=${v};%{ endfor }`, args("x", map[string]any{"b": 1.0, "a": 2.0}), "a=2;b=1;", ""},
		"all arguments":              {"text", `${jsonencode(input)}`, args("b", "x", "a", 1.0), `{"a":1,"b":"x"}`, ""},
		"condition":                  {"text", `%{ if input.x }yes%{ else }no%{ endif }`, args("x", false), "no", ""},
		"null condition":             {"text", `%{ if input.x }yes%{ endif }`, args(), "", "condition is null"},
		"condition of another type":  {"text", `%{ if input.x }yes%{ endif }`, args("x", "maybe"), "", "true or false"},
		"failed function":            {"text", `${tonumber(input.x)}`, args("x", "y"), "", "number"},
		"broken branch not taken":    {"text", `${input.x ? "a" : tonumber("b")}`, args("x", true), "a", ""},
		"path segment":               {"url", "https://h/a/${input.x}/b", args("x", "c/../d?e=f#g%2f h"), "https://h/a/c%2F..%2Fd%3Fe=f%23g%252f%20h/b", ""},
		"path, author's text":        {"url", "https://h/%{ if input.x != null }a/b/${input.x}%{ endif }", args("x", "c/d"), "https://h/a/b/c%2Fd", ""},
		"path, author's choice":      {"url", `https://h/${input.x == "v" ? "a/b" : input.x}/c`, args("x", "v"), "https://h/a/b/c", ""},
		"dot segment":                {"url", "https://h/a/${input.x}", args("x", ".."), "", ".."},
		"dot segment in the middle":  {"url", "https://h/a/${input.x}/b?q", args("x", "."), "", "segment"},
		"dot segment, put together":  {"url", "https://h/a/.${input.x}", args("x", "."), "", "segment"},
		"dot segment, two arguments": {"url", "https://h/a/${input.x}${input.y}", args("x", ".", "y", "."), "", "segment"},
		"dot segment, half encoded":  {"url", "https://h/a/%2e${input.x}", args("x", "."), "", "segment"},
		"percent-escape completed":   {"url", "https://h/a/%2${input.x}", args("x", "f"), "", "percent-escape"},
		"dots inside a segment":      {"url", "https://h/a/${input.x}", args("x", "..."), "https://h/a/...", ""},
		"dots in the query":          {"url", "https://h/a?p=${input.x}", args("x", ".."), "https://h/a?p=..", ""},
		"segment left out":           {"url", "https://h/users/${input.x}", args(), "", "empty"},
		"part of a segment left out": {"url", "https://h/users-${input.x}", args(), "https://h/users-", ""},
		"query value":                {"url", "https://h/a?q=${input.x}&k=1", args("x", "a&b=c#d e+/"), "https://h/a?q=a%26b%3Dc%23d+e%2B%2F&k=1", ""},
		"query without path":         {"url", "https://h?q=${input.x}", args("x", "a&b"), "https://h?q=a%26b", ""},
		"query after a loop":         {"url", "https://h/s?%{ for x in input.x }t=${x}&%{ endfor }", args("x", []any{"a&b", "c"}), "https://h/s?t=a%26b&t=c&", ""},
		"question mark in argument":  {"url", "https://h/${input.x}/${input.x}", args("x", "a?b"), "https://h/a%3Fb/a%3Fb", ""},
		"line break in URL":          {"url", "https://h/${input.x}", args("x", "a\r\nb"), "https://h/a%0D%0Ab", ""},
		"header":                     {"header", "Bearer ${input.x}", args("x", "abc é"), "Bearer abc é", ""},
		"header, line break":         {"header", "Bearer ${input.x}", args("x", "abc\r\nX: y"), "", "line breaks"},
		"header, NUL":                {"header", "Bearer ${input.x}", args("x", "\x00"), "", "control"},
		"word":                       {"word", "--q=${input.x}", args("x", "-rf a; b"), "--q=-rf a; b", ""},
		"word, NUL":                  {"word", "--q=${input.x}", args("x", "a\x00b"), "", "NUL"},
		"word, dash":                 {"word", "${input.x}", args("x", "-rf"), "", "begins with a dash"},
		"word, dash after nothing":   {"word", "${input.y}${input.x}", args("x", "-rf"), "", "begins with a dash"},
		"word, negative number":      {"word", "${input.x}", args("x", -1.0), "", "begins with a dash"},
		"word, author's dash":        {"word", `%{ if input.x }-v%{ endif }`, args("x", true), "-v", ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			tmpl, err := Compile(schemas.Template(tc.src), tc.where)
			if err != nil {
				t.Fatal(err)
			}
			got, err := tmpl.Eval(Input(tc.args))
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Fatalf("got %q, %v; want an error with %q", got, err, tc.err)
				}
				return
			}
			if err != nil || got != tc.want {
				t.Fatalf("got %q, %v; want %q", got, err, tc.want)
			}
		})
	}
}

func args(pairs ...any) map[string]any {
	m := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i].(string)] = pairs[i+1]
	}
	return m
}

func TestCompileRefuses(t *testing.T) {
	tests := map[string]struct{ where, src, want string }{
		"unknown place":          {"attic", "", "attic"},
		"syntax":                 {"text", "${input.x", "nclosed"},
		"another variable":       {"text", "${var.x}", `"var" is not known`},
		"another function":       {"text", "${file(input.x)}", `"file" cannot be called`},
		"list as text":           {"text", "a${[1]}", "jsonencode"},
		"host from input":        {"url", "https://${input.x}/a", "cannot depend on input"},
		"host partly from input": {"url", "https://api.${input.x}.com/a", "cannot depend on input"},
		"host before a slash":    {"url", "https://h${input.x}/a", "cannot depend on input"},
		"port from input":        {"url", "https://h:${input.x}/a", "cannot depend on input"},
		"scheme from input":      {"url", "${input.x}://h/a", "cannot depend on input"},
		"all from input":         {"url", "${input.x}", "cannot depend on input"},
		"user from input":        {"url", "https://${input.x}@h/a", "cannot depend on input"},
		"host in a directive":    {"url", "https://%{ if input.x }h/%{ endif }", "cannot depend on input"},
		"input in a fragment":    {"url", "https://h/a#${input.x}", "not sent"},
		"input after a branch":   {"url", "https://h/a%{ if input.x }#%{ endif }${input.y}", "not sent"},
		"input in a later round": {"url", "https://h/%{ for x in input.l }${x}#%{ endfor }", "not sent"},
		"another scheme":         {"url", "file:///etc/passwd", "http://"},
		"another scheme, input":  {"url", "ftp://h/${input.x}", "http://"},
		"no host":                {"url", "http:///${input.x}", "host"},
		"relative":               {"url", "/a/b", "http://"},
		"blank in URL":           {"url", "https://h/a b", "cannot hold"},
		"line break in header":   {"header", "a\n${input.x}", "line breaks"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Compile(schemas.Template(tc.src), tc.where)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want an error with %q", err, tc.want)
			}
		})
	}
}

func TestLiteralTellsWhatDependsOnInput(t *testing.T) {
	tests := map[string]struct {
		src, want string
		ok        bool
	}{
		"empty":              {"", "", true},
		"text":               {"a $${b} %%{c}", "a ${b} %{c}", true},
		"constant":           {`a${upper("b")}${1}`, "aB1", true},
		"input":              {"a${input.x}", "", false},
		"input in condition": {"%{ if input.x }a%{ endif }", "", false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			tmpl, err := Compile(schemas.Template(tc.src), "text")
			if err != nil {
				t.Fatal(err)
			}
			if got, ok := tmpl.Literal(); got != tc.want || ok != tc.ok {
				t.Errorf("got %q, %t", got, ok)
			}
		})
	}
}

func TestCheckFindsUndeclaredInput(t *testing.T) {
	tests := map[string]struct{ src, want string }{
		"declared":          {`${input.city} ${input["limit"]}`, ""},
		"near miss":         {`${input.ctiy}`, "did you mean input.city?"},
		"by index":          {`${input["zip"]}`, "input.zip"},
		"nested":            {`%{ for x in [1] }${upper(input.zip)}%{ endfor }`, "input.zip"},
		"bound by the loop": {`%{ for input in ["a"] }${upper(input)}%{ endfor }`, ""},
		"as a whole":        {`${jsonencode(input)}`, ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			tmpl, err := Compile(schemas.Template(tc.src), "text")
			if err != nil {
				t.Fatal(err)
			}
			err = Check(tmpl, []string{"city", "limit"})
			if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

func TestWords(t *testing.T) {
	w, err := CompileWords([]schemas.Template{"grep", "-n", "${input.p}", "--", "${input.f}", ""})
	if err != nil {
		t.Fatal(err)
	}
	got, err := w.Eval(Input(args("p", "a b; $(c) 'd'", "f", "-x")))
	if err != nil || strings.Join(got, "|") != "grep|-n|a b; $(c) 'd'|--|-x|" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := w.Eval(Input(args("p", "-r", "f", "x"))); err == nil || !strings.Contains(err.Error(), "word 3") {
		t.Errorf("a dash before --: %v", err)
	}
	if err := w.Check([]string{"p"}); err == nil || !strings.Contains(err.Error(), "word 5") {
		t.Errorf("undeclared: %v", err)
	}
	for name, command := range map[string][]schemas.Template{
		"no program": {}, "empty program": {""}, "program from input": {"${input.x}"}, "broken word": {"a", "${"},
	} {
		if _, err := CompileWords(command); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestEvalIsSafeForConcurrentUse(t *testing.T) {
	tmpl, err := Compile(`${join("", input.l[*].x)}%{ for v in input.l }${v.x}%{ endfor }`, "text")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for _, s := range []string{"a", "b", "c", "d"} {
		wg.Go(func() {
			input := Input(args("l", []any{map[string]any{"x": s}}))
			for range 200 {
				if got, err := tmpl.Eval(input); err != nil || got != s+s {
					t.Errorf("got %q, %v; want %q", got, err, s+s)
				}
			}
		})
	}
	wg.Wait()
}

func TestEvalRefusesWhatIsNoInput(t *testing.T) {
	tmpl, err := Compile("${input.x}", "text")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []cty.Value{cty.NilVal, cty.DynamicVal, cty.StringVal("x"), cty.NullVal(cty.EmptyObject)} {
		if _, err := tmpl.Eval(v); err == nil {
			t.Errorf("%#v: no error", v)
		}
	}
}

// TestInputNeverChangesTheShapeOfAURL is the promise of escaping: whatever the
// arguments hold, host, number of segments, names of parameters and fragment
// are the author's.
func TestInputNeverChangesTheShapeOfAURL(t *testing.T) {
	tmpl, err := Compile("https://h:1/a/${input.x}/b-${input.y}?p=${input.x}&q=${input.y}#f", "url")
	if err != nil {
		t.Fatal(err)
	}
	piece := rapid.OneOf(rapid.String(), rapid.StringMatching(`[./%?&#=;:@\\\r\n0-9a-f-]*`))
	rapid.Check(t, func(t *rapid.T) {
		x, y := piece.Draw(t, "x"), piece.Draw(t, "y")
		text, err := tmpl.Eval(Input(args("x", x, "y", y)))
		if err != nil {
			return
		}
		u, err := url.Parse(text)
		if err != nil {
			t.Fatalf("%q: %s", text, err)
		}
		segments := strings.Split(u.EscapedPath(), "/")
		query, err := url.ParseQuery(u.RawQuery)
		if err != nil || u.Host != "h:1" || u.User != nil || len(segments) != 4 || segments[1] != "a" || u.Fragment != "f" || len(query) != 2 {
			t.Fatalf("%q: %v", text, err)
		}
		if x, y = cty.NormalizeString(x), cty.NormalizeString(y); query.Get("p") != x || query.Get("q") != y {
			t.Fatalf("%q does not bring %q and %q", text, x, y)
		}
	})
}

// TestPlainTemplatesMeanTheSame compares the short way of templates that only
// write inputs with their evaluation.
func TestPlainTemplatesMeanTheSame(t *testing.T) {
	for _, c := range []struct {
		src, where string
		plain      bool
	}{
		{"${input.x}", "text", true},
		{"a ${input.x} b ${input.y}${input.x}", "text", true},
		{"https://h/a/${input.x}?q=${input.y}", "url", true},
		{"k ${input.x}", "header", true},
		{"-${input.x}", "word", true},
		{"${input.x.z}", "text", false},
		{"${upper(input.x)}", "text", false},
		{"%{ if input.y != null }${input.x}%{ endif }", "text", false},
	} {
		tmpl, err := Compile(schemas.Template(c.src), c.where)
		if err != nil {
			t.Fatal(err)
		}
		if (tmpl.plain != nil) != c.plain {
			t.Errorf("%s: plain = %v", c.src, !c.plain)
		}
		value := rapid.OneOf(
			rapid.Map(rapid.String(), func(s string) any { return s }),
			rapid.SampledFrom([]any{"e\u0301", "..", "a/b\r\n", "\x00", "", nil, 1.5, true, []any{"x"}, json.Number("12345678901234567890")}),
		)
		rapid.Check(t, func(t *rapid.T) {
			given := map[string]any{}
			for _, name := range []string{"x", "y", ""} {
				if rapid.Bool().Draw(t, "given") {
					given[name] = value.Draw(t, name)
				}
			}
			want, wantErr := tmpl.Eval(Input(given))
			got, err := tmpl.EvalArguments(given)
			if got != want || (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error() {
				t.Fatalf("%s of %v: %q, %v; want %q, %v", c.src, given, got, err, want, wantErr)
			}
		})
	}
}

func TestInputNumbers(t *testing.T) {
	for src, want := range map[string]string{
		"1e3": "1000", "0.1": "0.1", "1e-999999999": "0", "1e400": "17976931348623", "-1e999999999": "-17976931348623",
	} {
		v := Input(args("x", json.Number(src)))
		tmpl, err := Compile("${input.x}", "text")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := tmpl.Eval(v); err != nil || !strings.HasPrefix(got, want) || len(got) > 400 {
			t.Errorf("%s: got %q, %v", src, got, err)
		}
	}
}

func BenchmarkEval(b *testing.B) {
	tmpl, err := Compile("https://h/a/${input.x}?q=${input.y}", "url")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tmpl.Eval(Input(args("x", "Oslo", "y", "three days"))); err != nil {
			b.Fatal(err)
		}
	}
}

// FuzzCompile looks for templates that panic, or that give what their place does
// not allow.
func FuzzCompile(f *testing.F) {
	for _, src := range []string{
		"https://h/a/${input.x}/b?c=${input.y}#x", "%{ for x in input.l }/${x}%{ endfor }", "a${input.x ? 1 : null}", "${input.o.k}-%2${input.x}",
		"https://h%{ if true }/%{ endif }${input.x}", "${[for v in input.l : \"${v}\"][0]}", "${input.l[*].k}",
	} {
		f.Add(src, "..", "-x\r\n")
	}
	f.Fuzz(func(t *testing.T, src, x, y string) {
		input := Input(args("x", x, "y", y, "l", []any{x, y}, "o", map[string]any{"k": x}, "n", 1.0))
		for _, where := range []string{"text", "word", "url", "header"} {
			tmpl, err := Compile(schemas.Template(src), where)
			if err != nil {
				continue
			}
			got, err := tmpl.Eval(input)
			if err != nil {
				continue
			}
			switch where {
			case "word":
				if strings.ContainsRune(got, 0) {
					t.Errorf("%q became %q", src, got)
				}
			case "header":
				if strings.ContainsFunc(got, isControl) {
					t.Errorf("%q became %q", src, got)
				}
			case "url":
				other, err := tmpl.Eval(Input(args("x", "a", "y", "b", "l", []any{"a", "b"}, "o", map[string]any{"k": "a"}, "n", 1.0)))
				if err == nil && origin.FindString(got) != origin.FindString(other) {
					t.Errorf("%q became %q and %q", src, got, other)
				}
			}
		}
	})
}
