package expr

import (
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/schemas"
)

var functionVariables = map[string]cty.Value{
	"unknown":      cty.UnknownVal(cty.String),
	"dynamic":      cty.DynamicVal,
	"unknown_list": cty.UnknownVal(cty.List(cty.String)),
	"half_known":   cty.ListVal([]cty.Value{cty.StringVal("a"), cty.UnknownVal(cty.String)}),
	"half_true":    cty.ListVal([]cty.Value{cty.UnknownVal(cty.Bool), cty.True}),
	"half_false":   cty.ListVal([]cty.Value{cty.UnknownVal(cty.Bool), cty.False}),
	"half_sum":     cty.ListVal([]cty.Value{cty.UnknownVal(cty.Number), cty.NumberIntVal(1)}),
	"secret":       cty.StringVal("hush").Mark(schemas.Sensitive),
	"secrets":      cty.ListVal([]cty.Value{cty.StringVal("hush").Mark(schemas.Sensitive), cty.StringVal("b")}),
	"one_secret":   cty.ListVal([]cty.Value{cty.NumberIntVal(1).Mark(schemas.Sensitive)}),
	"set":          cty.SetVal([]cty.Value{cty.StringVal("a")}),
	"nulls":        cty.ListVal([]cty.Value{cty.NullVal(cty.Bool), cty.True}),
}

func call(t *testing.T, src string) (cty.Value, hcl.Diagnostics) {
	t.Helper()
	e, diags := hclsyntax.ParseExpression([]byte(src), "", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return e.Value(&hcl.EvalContext{Functions: Functions(), Variables: functionVariables})
}

func TestFunctions(t *testing.T) {
	// Both sides are expressions and must be equal.
	tests := []struct{ src, want string }{
		{`sum([1, 2.5, -1])`, `2.5`},
		{`sum(toset([1, 2]))`, `3`},
		{`[abs(-1), ceil(1.2), floor(1.8), max(1, 3), min(1, 3), pow(2, 3), signum(-4), parseint("ff", 16), log(8, 2)]`, `[1, 2, 1, 3, 1, 8, -1, 255, 3]`},
		{`[startswith("abc", "ab"), endswith("abc", "bc"), strcontains("abc", "d")]`, `[true, true, false]`},
		{`replace("a.b.c", ".", "-")`, `"a-b-c"`},
		{`replace("a1b22", "/[0-9]+/", "<$0>")`, `"a<1>b<22>"`},
		{`replace("a/b", "/", "-")`, `"a-b"`},
		{`[chomp("a\n"), indent(2, "a\nb"), join("-", ["a", "b"]), title("ab cd"), trim("xax", "x"), strrev("abc"), substr("abcd", 1, 2)]`, `["a", "a\n  b", "a-b", "Ab Cd", "a", "cba", "bc"]`},
		{`[trimprefix("abc", "a"), trimsuffix("abc", "c"), trimspace(" a "), lower("A"), upper("a"), format("%03d", 7)]`, `["bc", "ab", "a", "a", "A", "007"]`},
		{`regex("(\\d+)-(\\d+)", "12-34")`, `["12", "34"]`},
		{`[alltrue([]), alltrue([true, false]), anytrue([]), anytrue([false, true])]`, `[true, false, false, true]`},
		{`[alltrue(half_false), anytrue(half_true), alltrue(nulls), anytrue(nulls)]`, `[false, true, false, true]`},
		{`coalesce("", null, "b", "c")`, `"b"`},
		{`coalesce(null, 0, 1)`, `0`},
		{`coalesce(1, "a")`, `"1"`},
		{`index(["a", "b"], "b")`, `1`},
		{`[length("héé"), length([1, 2]), length({ a = 1 }), length(set), length("")]`, `[3, 2, 1, 1, 0]`},
		{`matchkeys(["x", "y", "z"], ["a", "b", "a"], ["a"])`, `tolist(["x", "z"])`},
		{`length(matchkeys(["x"], ["a"], ["b"]))`, `0`},
		{`one([])`, `null`},
		{`one(["a"])`, `"a"`},
		{`one(set)`, `"a"`},
		{`transpose({ b = ["x"], a = ["x", "y"] })`, `tomap({ x = tolist(["a", "b"]), y = tolist(["a"]) })`},
		{`length(transpose({}))`, `0`},
		{`[chunklist(["a", "b", "c"], 2)[1][0], compact(["", "a"])[0], flatten([["a"], ["b"]])[1], keys({ a = 1 })[0]]`, `["c", "a", "b", "a"]`},
		{`lookup({ a = 1 }, "b", 2)`, `2`},
		{`merge({ a = 1 }, { b = 2 })`, `{ a = 1, b = 2 }`},
		{`setsubtract(["a", "b"], ["a"])`, `toset(["b"])`},
		{`zipmap(["a"], [1])`, `{ a = 1 }`},
		{`base64decode(base64encode("héé"))`, `"héé"`},
		{`urlencode("a b&c/d")`, `"a+b%26c%2Fd"`},
		{`jsondecode("{\"a\":[1,null]}")`, `{ a = [1, null] }`},
		{`yamldecode("a: [1, x]")`, `{ a = [1, "x"] }`},
		{`yamlencode({ a = 1 })`, `"\"a\": 1\n"`},
		{`csvdecode("a,b\n1,2")[0].b`, `"2"`},
		{`md5("a")`, `"0cc175b9c0f1b6a831c399e269772661"`},
		{`sha1("a")`, `"86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"`},
		{`sha256("a")`, `"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"`},
		{`substr(sha512("a"), 0, 16)`, `"1f40fc92da241694"`},
		{`base64sha256("a")`, `"ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs="`},
		{`uuidv5("dns", "www.example.com")`, `"2ed6657d-e927-568b-95e1-2665a8aea6a2"`},
		{`uuidv5("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "www.example.com")`, `"2ed6657d-e927-568b-95e1-2665a8aea6a2"`},
		{`cidrhost("10.12.112.0/20", 16)`, `"10.12.112.16"`},
		{`cidrhost("10.12.112.0/20", -1)`, `"10.12.127.255"`},
		{`cidrhost("fd00:fd12:3456:7890::/56", 34)`, `"fd00:fd12:3456:7800::22"`},
		{`cidrnetmask("172.16.0.0/12")`, `"255.240.0.0"`},
		{`cidrsubnet("172.16.0.0/12", 4, 2)`, `"172.18.0.0/16"`},
		{`cidrsubnets("10.1.0.0/16", 4, 4, 8, 4)`, `tolist(["10.1.0.0/20", "10.1.16.0/20", "10.1.32.0/24", "10.1.48.0/20"])`},
		{`[tobool("true"), tonumber("1"), tostring(1)]`, `[true, 1, "1"]`},
		{`[try(tonumber("x"), 2), can(tonumber("x"))]`, `[2, false]`},
		{`timeadd("2020-01-01T00:00:00Z", "1h")`, `"2020-01-01T01:00:00Z"`},
		{`formatdate("YYYY-MM", "2020-01-01T00:00:00Z")`, `"2020-01"`},
		{`[issensitive(secret), issensitive("a"), issensitive(nonsensitive(secret)), issensitive(sensitive("a"))]`, `[true, false, false, true]`},
		{`nonsensitive("a")`, `"a"`},
		{`range(3)[2]`, `2`},
	}
	for _, tc := range tests {
		t.Run(tc.src, func(t *testing.T) {
			got, diags := call(t, tc.src)
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			want, diags := call(t, tc.want)
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			if !got.RawEquals(want) && !(got.IsNull() && want.IsNull()) {
				t.Errorf("got %#v, want %#v", got, want)
			}
		})
	}
}

func TestFunctionsOnUnknownAndSensitiveValues(t *testing.T) {
	for _, src := range []string{
		`sum(half_sum)`, `startswith(unknown, "a")`, `replace("a", unknown, "b")`, `coalesce(unknown, "a")`, `index(half_known, "b")`,
		`length(unknown)`, `length(dynamic)`, `length(unknown_list)`, `one(unknown_list)`, `matchkeys(half_known, half_known, ["a"])`,
		`alltrue(half_true)`, `anytrue(half_false)`, `transpose({ a = half_known })`, `sha256(unknown)`, `uuidv5("dns", unknown)`,
		`cidrhost(unknown, 1)`, `cidrsubnets("10.0.0.0/8", tonumber(unknown))`, `issensitive(unknown)`, `base64encode(dynamic)`,
	} {
		if v, diags := call(t, src); diags.HasErrors() || v.IsWhollyKnown() {
			t.Errorf("%s: got %#v, %v; want unknown", src, v, diags)
		}
	}
	for _, src := range []string{
		`upper(secret)`, `sha256(secret)`, `replace("a", "b", secret)`, `coalesce(secret, "a")`, `startswith(secret, "a")`, `index(secrets, "b")`,
		`one(one_secret)`, `sum(one_secret)`, `matchkeys(secrets, ["a", "b"], ["a"])`, `transpose({ a = secrets })`, `base64encode(secret)`,
		`jsonencode({ a = secret })`, `sensitive("a")`, `uuidv5("dns", secret)`, `format("%s", secret)`, `join(",", secrets)`,
	} {
		if v, diags := call(t, src); diags.HasErrors() || !v.ContainsMarked() {
			t.Errorf("%s: got %#v, %v; want it sensitive", src, v, diags)
		}
	}
}

func TestFunctionErrorsSayWhatIsWrong(t *testing.T) {
	tests := []struct{ src, want string }{
		{`sum([])`, "nothing to add"},
		{`sum(["a"])`, "must be a number"},
		{`sum("a")`, "list, set or tuple"},
		{`sum([null])`, "must be a number"},
		{`replace("a", "/(/", "")`, "regular expression"},
		{`coalesce("", null)`, "null or an empty string"},
		{`coalesce([1], {})`, "same type"},
		{`index(["a"], "b")`, "does not hold"},
		{`index({}, "b")`, "list or tuple"},
		{`length(1)`, "not a number"},
		{`matchkeys(["a"], ["b", "c"], ["b"])`, "as many keys"},
		{`one(["a", "b"])`, "no element or one"},
		{`one(tolist(["a", "b"]))`, "no element or one"},
		{`one("a")`, "list, set or tuple"},
		{`transpose({ a = null })`, `"a" is null`},
		{`base64decode("?")`, "not base64"},
		{`base64decode("/w==")`, "not UTF-8"},
		{`uuidv5("x", "y")`, "dns, url, oid"},
		{`cidrhost("10.0.0.1", 1)`, "CIDR notation"},
		{`cidrhost("10.0.0.0/24", 1.5)`, "whole number"},
		{`cidrhost("10.0.0.0/24", 256)`, "256"},
		{`cidrnetmask("fd00::/8")`, "IPv4"},
		{`cidrsubnet("10.0.0.0/8", 4, 16)`, "16"},
		{`cidrsubnet("10.0.0.0/8", -1, 0)`, "from 0 to 128"},
		{`cidrsubnet("10.0.0.0/8", 1e10, 0)`, "from 0 to 128"},
		{`cidrsubnets("10.0.0.0/30", 1, 1, 1)`, "no room left"},
		{`tonumber("x")`, "number"},
	}
	for _, tc := range tests {
		t.Run(tc.src, func(t *testing.T) {
			v, diags := call(t, tc.src)
			if !diags.HasErrors() || !strings.Contains(diags.Error(), tc.want) {
				t.Errorf("got %#v, %v; want an error with %q", v, diags, tc.want)
			}
		})
	}
}

func TestFunctionsCanBeExtended(t *testing.T) {
	delete(Functions(), "upper")
	if _, ok := Functions()["upper"]; !ok {
		t.Error("a caller's change reached everybody")
	}
}

func TestNumbersAreFinite(t *testing.T) {
	for src, fails := range map[string]bool{
		"1/0": true, "0/0": true, "1 % 0": true, "log(0, 10)": true, "log(-1, 10)": true, "pow(10, 1000)": true, "pow(-1, 0.5)": true,
		"[for x in [0] : 1/x]": true, "1/2": false, "5 % 3": false, "pow(2, 10)": false, "0/5": false,
	} {
		e, diags := hclsyntax.ParseExpression([]byte(src), "t", hcl.InitialPos)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		Finite(e)
		v, diags := e.Value(&hcl.EvalContext{Functions: Functions()})
		if diags.HasErrors() != fails {
			t.Errorf("%s gives %#v, %v", src, v, diags)
		}
		if text := diags.Error(); strings.Contains(text, "goroutine") {
			t.Errorf("%s: %s", src, text)
		}
	}
}
