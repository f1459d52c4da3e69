package expr

import (
	"encoding/json"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/erlmcp/erlmcp/schemas"
)

func strs(n int) []any {
	out := make([]any, n)
	for i := range out {
		out[i] = strings.Repeat("x", i%7)
	}
	return out
}

func mixed(n int) []any {
	out := strs(n)
	for i := range out {
		if i%2 == 0 {
			out[i] = float64(i)
		}
	}
	return out
}

// TestEvaluationIsBounded holds templates in which what a caller sends could
// grow without end. All must fail, soon and without filling the memory.
func TestEvaluationIsBounded(t *testing.T) {
	long := strings.Repeat("s", 1000)
	tests := map[string]struct {
		src  string
		args map[string]any
		want string
	}{
		"nested loops with join":       {`${join("", [for a in range(1000) : join("", [for b in range(1000) : input.s])])}`, args("s", long), "more work or memory"},
		"three loops":                  {`${length([for a in range(1000) : [for b in range(1000) : [for c in range(1000) : input.s]]])}`, args("s", "x"), "more work or memory"},
		"loops without a result":       {`${length([for a in range(1000) : [for b in range(1000) : [for c in range(1000) : c] if input.s == ""]])}`, args("s", "x"), "more work or memory"},
		"directives":                   {`%{ for a in range(1000) }%{ for b in range(1000) }${input.s}%{ endfor }%{ endfor }`, args("s", long), "more work or memory"},
		"directives of literals":       {`%{ for a in input.l }%{ for b in input.l }%{ for c in input.l }%{ endfor }%{ endfor }%{ endfor }`, args("l", strs(2000)), "more work or memory"},
		"loop over objects":            {`${jsonencode({ for a in range(1000) : a => { for b in range(1000) : b => input.s } })}`, args("s", long), "more work or memory"},
		"errors in a loop":             {`${length([for a in range(1000) : [for b in range(1000) : tonumber(input.s)]])}`, args("s", "x"), "more work or memory"},
		"errors in a loop, swallowed":  {`${length([for a in range(1000) : try([for b in range(1000) : tonumber(input.s)], 1)])}`, args("s", "x"), "more work or memory"},
		"splat":                        {`${jsonencode([for a in range(1000) : input.l[*].x])}`, args("l", []any{map[string]any{"x": strings.Repeat(long, 100)}}), "more work or memory"},
		"setproduct":                   {`${length(setproduct(range(1000), range(1000), input.l))}`, args("l", strs(1000)), "more work or memory"},
		"distinct":                     {`${length(distinct(input.l))}`, args("l", strs(20000)), "more work or memory"},
		"matchkeys":                    {`${length(matchkeys(input.l, input.l, input.l))}`, args("l", strs(20000)), "more work or memory"},
		"elements of several types":    {`${join(",", input.l)}`, args("l", mixed(100000)), "more work or memory"},
		"conditional of several types": {`${jsonencode([input.l == null ? input.l : [1]])}`, args("l", mixed(100000)), "more work or memory"},
		"expanded arguments":           {`${join(input.l...)}`, args("l", []any{"", mixed(100000)}), "more work or memory"},
		"replace":                      {`${replace(input.s, "s", input.s)}`, args("s", strings.Repeat(long, 100)), "more work or memory"},
		"replace, regular expression":  {`${replace(input.s, "/.*/", "$0$0$0$0$0$0$0$0")}`, args("s", strings.Repeat(long, 10000)), "more work or memory"},
		"separator":                    {`${join(input.s, input.l)}`, args("s", strings.Repeat(long, 1000), "l", strs(1000)), "more work or memory"},
		"format":                       {`${format("%${input.n}d", 1)}`, args("n", 900000000.0), "more work or memory"},
		"format, precision":            {`${format("%.${input.n}f", 1)}`, args("n", 900000000.0), "more work or memory"},
		"format, wide beyond numbers":  {`${format("%${input.s}d", 1)}`, args("s", strings.Repeat("9", 100)), "more work or memory"},
		"formatlist":                   {`${length(formatlist("%100000s", input.l))}`, args("l", strs(2000)), "more work or memory"},
		"indent":                       {`${indent(input.n, input.s)}`, args("n", 100000.0, "s", strings.Repeat("a\n", 10000)), "more work or memory"},
		"split":                        {`${length(split("", input.s))}`, args("s", strings.Repeat(long, 5000)), "more work or memory"},
		"regexall":                     {`${length(regexall(".", input.s))}`, args("s", strings.Repeat(long, 10000)), "more work or memory"},
		"long integer":                 {`${parseint(input.s, 10)}`, args("s", strings.Repeat("7", 2000000)), "more work or memory"},
		"long number":                  {`${tonumber(input.s)}`, args("s", strings.Repeat("7", 2000000)), "number is too large"},
		"long operand":                 {`${input.s + 1}`, args("s", strings.Repeat("7", 2000000)), "number is too large"},
		"long key":                     {`${input.l[input.s]}`, args("s", strings.Repeat("7", 2000000), "l", strs(3)), "number is too large"},
		"long element":                 {`${sum(input.l)}`, args("l", []any{strings.Repeat("7", 2000000)}), "number is too large"},
		"large number":                 {`${tonumber(input.s)}`, args("s", "1e999999999"), "number is too large"},
		"large number, binary":         {`${tonumber(input.s)}`, args("s", "1p999999999"), "number is too large"},
		"large operand":                {`${input.s % 7}`, args("s", "1e999999999"), "number is too large"},
		"large argument":               {`${format("%d", input.s)}`, args("s", "1e999999999"), "number is too large"},
		"large number in JSON":         {`${jsonencode(jsondecode(input.s))}`, args("s", "[1e999999999]"), "number is too large"},
		"long number in JSON":          {`${jsonencode(jsondecode(input.s))}`, args("s", "["+strings.Repeat("7", 2000000)+"]"), "more work or memory"},
		"division by zero":             {`${1 / input.n}`, args("n", 0.0), "divided by zero"},
		"nested YAML":                  {`${length(yamldecode(input.s))}`, args("s", "a: &a [1,1]\n"+strings.Repeat("b: [*a,*a,*a,*a,*a]\n", 9)), "more work or memory"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			tmpl, err := Compile(schemas.Template(tc.src), "text")
			if err != nil {
				t.Fatal(err)
			}
			input := Input(tc.args)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			begun := time.Now()
			got, err := tmpl.Eval(input)
			took := time.Since(begun)
			runtime.ReadMemStats(&after)
			made := (after.TotalAlloc - before.TotalAlloc) >> 20
			t.Logf("%s, %d MB", took.Round(time.Millisecond), made)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %d bytes, %v; want an error with %q", len(got), err, tc.want)
			}
			if took > time.Minute || made > 1024 { // a second, but for the race detector on a busy machine
				t.Errorf("it took %s and %d MB", took, made)
			}
		})
	}
}

func TestEvaluationHasRoomForWhatIsCommon(t *testing.T) {
	text := strings.Repeat("A line of text, with 3.14 numbers & *stars*.\n", 20000) // 900 KB
	tests := map[string]struct {
		src  string
		args map[string]any
	}{
		"long text":             {`<${input.s}>`, args("s", text)},
		"long text, changed":    {`${upper(trimspace(replace(input.s, "line", "row")))}`, args("s", text)},
		"long text, escaped":    {`${jsonencode({ text = input.s })}`, args("s", text)},
		"long list, joined":     {`${join(",", input.l)}`, args("l", strs(50000))},
		"long list, looped":     {`${join("\n", [for x in input.l : "- ${x}"])}`, args("l", strs(50000))},
		"long list, directive":  {`%{ for x in input.l }- ${x}%{ endfor }`, args("l", strs(50000))},
		"list of several types": {`${jsonencode(input.l)}`, args("l", mixed(50000))},
		"list as a list":        {`${length(tolist(input.l))}`, args("l", strs(50000))},
		"lines":                 {`${length(split("\n", input.s))}`, args("s", text)},
		"document":              {`${jsondecode(input.s)[1999].b}`, args("s", document(2000))},
		"digest":                {`${sha256(input.s)}`, args("s", text)},
		"number that is a text": {`${format("%s", input.s)}`, args("s", "1e999999")},
		"wide":                  {`${format("%-80s|%05.2f", input.s, input.n)}`, args("s", "a", "n", 3.0)},
		"tenth":                 {`${input.n / 3}`, args("n", 1.0)},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			tmpl, err := Compile(schemas.Template(tc.src), "text")
			if err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			if got, err := tmpl.Eval(Input(tc.args)); err != nil || got == "" {
				t.Errorf("got %d bytes, %v", len(got), err)
			}
			t.Log(time.Since(begun))
		})
	}
}

func document(n int) string {
	all := make([]any, n)
	for i := range all {
		all[i] = map[string]any{"a": i, "b": "x", "c": []int{1, 2, 3}}
	}
	s, _ := json.Marshal(all)
	return string(s)
}

func TestTextIsBoundedForItsPlace(t *testing.T) {
	for where, src := range map[string]string{"url": "https://h/a?q=${input.s}", "header": "a ${input.s}", "word": "a${input.s}"} {
		tmpl, err := Compile(schemas.Template(src), where)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tmpl.Eval(Input(args("s", strings.Repeat("a", 60<<10)))); err != nil {
			t.Errorf("%s: %v", where, err)
		}
		if _, err := tmpl.Eval(Input(args("s", strings.Repeat("a", 128<<10)))); err == nil || !strings.Contains(err.Error(), "too long") {
			t.Errorf("%s: got %v", where, err)
		}
	}
}

// TestErrorsQuoteNothing holds templates with a secret, as it stands in a
// document, whose evaluation fails.
func TestErrorsQuoteNothing(t *testing.T) {
	const secret = "S3CRET"
	for _, src := range []string{
		`${tonumber(coalesce(input.x, "S3CRET"))}`, `${parseint("S3CRET${input.x}", 10)}`, `${regex("S3CRET[${input.x}", "a")}`,
		`${uuidv5("S3CRET${input.x}", "a")}`, `${cidrhost("S3CRET${input.x}", 1)}`, `${timeadd("S3CRET${input.x}", "1h")}`,
		`${formatdate("S3CRET${input.x}", "2020-01-01T00:00:00Z")}`, `${jsondecode("S3CRET${input.x}")}`, `${yamldecode("[S3CRET${input.x}")}`,
		`${csvdecode("a,b\n\"S3CRET${input.x}")}`, `${{ for k in ["S3CRET${input.x}", "S3CRET"] : k => 1 }}`, `${{ a = 1 }["S3CRET${input.x}"]}`,
		`${lookup({ a = 1 }, "S3CRET${input.x}")}`, `${format("%d", "S3CRET${input.x}")}`, `${"S3CRET${input.x}" + 1}`, `${index(["a"], "S3CRET${input.x}")}`,
		`%{ if "S3CRET${input.x}" }a%{ endif }`, `%{ for x in "S3CRET${input.x}" }a%{ endfor }`, `${base64decode("S3CRET${input.x}")}`, `${tobool("S3CRET${input.x}")}`,
		`${timeadd("2020-01-01T00:00:00Z", "S3CRET${input.x}")}`, `${element(["a"], "S3CRET${input.x}")}`, `${join("", {S3CRET = input.x})}`,
	} {
		tmpl, err := Compile(schemas.Template(src), "text")
		if err != nil {
			t.Fatal(src, err)
		}
		got, err := tmpl.Eval(Input(nil))
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: got %q, %v", src, got, err)
		}
	}
}

func BenchmarkEvalWithBudget(b *testing.B) {
	tmpl, err := Compile(`${join(", ", [for x in input.l : upper(x)])}`, "text")
	if err != nil {
		b.Fatal(err)
	}
	input := Input(args("l", []any{"a", "b", "c"}))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tmpl.Eval(input); err != nil {
			b.Fatal(err)
		}
	}
}
