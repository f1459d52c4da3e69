package config

import (
	"path/filepath"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/schemas"
)

// outputOf loads files and gives the value of output "o".
func outputOf(t *testing.T, files map[string]string, opts Options) cty.Value {
	t.Helper()
	c := mustLoad(t, files, opts)
	out, diags := c.Outputs(nil)
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	for _, o := range out {
		if o.Name == "o" {
			return o.Value
		}
	}
	t.Fatal("there is no output o")
	return cty.NilVal
}

func TestTheLastOfManyValuesWins(t *testing.T) {
	files := map[string]string{
		"main.mcp.hcl":        "variable \"v\" { default = \"default\" }\noutput \"o\" { value = var.v }\n",
		"a.auto.mcpvars":      "v = \"a\"\n",
		"b.auto.mcpvars.json": `{"v": "b"}`,
		"file.mcpvars":        "v = \"file\"\n",
	}
	only := map[string]string{"main.mcp.hcl": files["main.mcp.hcl"]}
	env := []string{"ERLMCP_VAR_v=env", "OTHER=x"}
	for _, c := range []struct {
		name  string
		files map[string]string
		env   []string
		vars  []VarAssignment
		want  string
	}{
		{"the default", only, nil, nil, "default"},
		{"the environment", only, env, nil, "env"},
		{"files, by name", files, env, nil, "b"},
		{"a -var-file", files, env, []VarAssignment{{File: "file.mcpvars"}}, "file"},
		{"a -var after a -var-file", files, env, []VarAssignment{{File: "file.mcpvars"}, {Name: "v", Value: "flag"}}, "flag"},
		{"a -var-file after a -var", files, env, []VarAssignment{{Name: "v", Value: "flag"}, {File: "file.mcpvars"}}, "file"},
		{"the last -var", only, nil, []VarAssignment{{Name: "v", Value: "1"}, {Name: "v", Value: "2"}}, "2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := folder(t, c.files)
			for i := range c.vars {
				if c.vars[i].File != "" {
					c.vars[i].File = filepath.Join(dir, c.vars[i].File)
				}
			}
			conf, diags := Load(dir, Options{Vars: c.vars, Environ: c.env})
			if err := diags.Err(); err != nil {
				t.Fatal(err)
			}
			want(t, conf.Variables()[0].Value, cty.StringVal(c.want))
		})
	}
}

func TestVariableTypes(t *testing.T) {
	for _, c := range []struct {
		name, typ, text string
		want            cty.Value
	}{
		{"a string is taken as it is", "string", `["a"]`, cty.StringVal(`["a"]`)},
		{"a number", "number", "12", cty.NumberIntVal(12)},
		{"a bool", "bool", "true", cty.True},
		{"a list is an expression", "list(string)", `["a", "b"]`, cty.ListVal([]cty.Value{cty.StringVal("a"), cty.StringVal("b")})},
		{"optional attributes get their defaults", `object({ a = string, b = optional(number, 3) })`, `{ a = "x" }`,
			cty.ObjectVal(map[string]cty.Value{"a": cty.StringVal("x"), "b": cty.NumberIntVal(3)})},
		{"any is an expression", "any", "[1]", cty.TupleVal([]cty.Value{cty.NumberIntVal(1)})},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := outputOf(t, map[string]string{"main.mcp.hcl": "variable \"v\" { type = " + c.typ + " }\noutput \"o\" { value = var.v }\n"},
				Options{Environ: []string{"ERLMCP_VAR_v=" + c.text}})
			want(t, got, c.want)
		})
	}
}

func TestFunctionsThatLookAtThisMachine(t *testing.T) {
	files := map[string]string{
		"hello.txt":   "hello ${name}\n",
		"docs/a.md":   "a",
		"docs/b/c.md": "c",
		"docs/d.txt":  "d",
	}
	for _, c := range []struct {
		expr string
		want cty.Value
	}{
		{`file("docs/a.md")`, cty.StringVal("a")},
		{`file("${path.module}/docs/a.md")`, cty.StringVal("a")},
		{`filebase64("docs/a.md")`, cty.StringVal("YQ==")},
		{`filesha256("docs/a.md")`, cty.StringVal("ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb")},
		{`fileexists("docs/a.md")`, cty.True},
		{`fileexists("docs")`, cty.False},
		{`fileset("docs", "**/*.md")`, cty.SetVal([]cty.Value{cty.StringVal("a.md"), cty.StringVal("b/c.md")})},
		{`templatefile("hello.txt", { name = upper("you") })`, cty.StringVal("hello YOU\n")},
		{`basename("a/b.md")`, cty.StringVal("b.md")},
		{`dirname("a/b.md")`, cty.StringVal("a")},
		{`pathexpand("~/x")`, cty.StringVal("/home/me/x")},
		{`env("HOME")`, cty.StringVal("/home/me")},
		{`env("NOPE", "none")`, cty.StringVal("none")},
		{`abspath("x") == "${dirname(abspath("x"))}/x"`, cty.True},
	} {
		t.Run(c.expr, func(t *testing.T) {
			files["main.mcp.hcl"] = "output \"o\" { value = " + c.expr + " }\n"
			want(t, outputOf(t, files, Options{Environ: []string{"HOME=/home/me"}}), c.want)
		})
	}
}

func TestReferencesInAnyOrder(t *testing.T) {
	got := outputOf(t, map[string]string{
		"a.mcp.hcl": "output \"o\" { value = local.b }\nlocals { b = \"${local.a}!\" }\n",
		"z.mcp.hcl": "locals { a = var.v }\nvariable \"v\" { default = \"x\" }\n",
	}, Options{})
	want(t, got, cty.StringVal("x!"))
}

func TestASensitiveVariableStaysMarked(t *testing.T) {
	c := mustLoad(t, map[string]string{"main.mcp.hcl": sim + `
variable "key" { sensitive = true }
locals { header = "Bearer ${var.key}" }
server "a" {
  target = target.sim.s
  tls {
    certificate = "cert"
    key         = "plain text"
  }
  tool "t" {
    input "q" {
      type    = string
      default = var.key
    }
    http {
      url     = "https://example.com/"
      headers = { Authorization = local.header }
    }
  }
}
output "o" {
  value     = local.header
  sensitive = true
}
`}, Options{Vars: []VarAssignment{{Name: "key", Value: "s3cret"}}})
	doc := evaluated(t, c, simRef("a"), nil)
	want(t, at(doc, "tls", "key"), cty.StringVal("plain text").Mark(schemas.Sensitive))
	want(t, at(doc, "tool", "t", "http", "headers", "Authorization"), cty.StringVal("Bearer s3cret").Mark(schemas.Sensitive))
	want(t, at(doc, "tool", "t", "input", "q", "default"), cty.StringVal(`"s3cret"`).Mark(schemas.Sensitive))
	out, _ := c.Outputs(nil)
	want(t, out[0].Value, cty.StringVal("Bearer s3cret").Mark(schemas.Sensitive))
	if v := c.Variables()[0]; !v.Sensitive || !v.Value.HasMark(schemas.Sensitive) || v.Source != "-var" {
		t.Errorf("variable %+v", v)
	}
}

func TestAttributesOfOtherServers(t *testing.T) {
	c := only(t, sim+`
target "sim" "t" {}
server "one" { target = [target.sim.s, target.sim.t] }
server "many" {
  for_each = toset(["x", "y"])
  target   = target.sim.s
}
server "off" {
  target  = target.sim.s
  enabled = false
}
locals { urls = [for k, s in server.many : "${k}=${s.url}"] }
server "front" {
  target       = target.sim.s
  title        = server.one.url
  version      = server.one.targets["sim.t"].url
  description  = server.many["y"].url
  instructions = join(" ", local.urls)
  tool "t" {
    input "q" { type = string }
    http { url = "${server.many["x"].url}/${input.q}" }
  }
}
output "off" { value = try(server.off.url, "none") }
`)
	front := simRef("front")
	doc := evaluated(t, c, front, nil)
	want(t, at(doc, "title"), cty.UnknownVal(cty.String))
	if v := at(doc, "tool", "t", "http", "url"); v.IsKnown() {
		t.Errorf("url is known: %#v", v)
	}

	known := &Exports{}
	set := func(name, key, target, url string) {
		k := address.Key{}
		if key != "" {
			k = address.StringKey(key)
		}
		known.Set(Ref{Server: address.Server{Name: name, Key: k}, Target: address.Target{Kind: "sim", Name: target}}, exported(url))
	}
	set("one", "", "s", "http://one")
	set("one", "", "t", "http://two")
	set("many", "x", "s", "http://x")
	doc = evaluated(t, c, front, known)
	want(t, at(doc, "title"), cty.StringVal("http://one"))
	want(t, at(doc, "version"), cty.StringVal("http://two"))
	if at(doc, "description").IsKnown() || at(doc, "instructions").IsKnown() {
		t.Error("what is not known yet is known")
	}
	set("many", "y", "s", "http://y")
	doc = evaluated(t, c, front, known)
	want(t, at(doc, "description"), cty.StringVal("http://y"))
	want(t, at(doc, "instructions"), cty.StringVal("x=http://x y=http://y"))
	want(t, at(doc, "tool", "t", "http", "url"), cty.StringVal("http://x/${input.q}"))
	set("many", "y", "s", "http://z")
	doc = evaluated(t, c, front, known)
	want(t, at(doc, "instructions"), cty.StringVal("x=http://x y=http://z"))

	out, _ := c.Outputs(known)
	want(t, out[0].Value, cty.StringVal("none"))
}

func TestTargets(t *testing.T) {
	dir := folder(t, map[string]string{"main.mcp.hcl": `
locals { where = "srv" }
target "host" "h" { root = local.where }
target "docker" "d" { host = "tcp://10.0.0.5:2376" }
`})
	c, diags := Load(dir, Options{Targets: kinds()})
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	targets := c.Targets()
	if len(targets) != 2 || targets[0].Address.String() != "target.docker.d" {
		t.Fatalf("targets %+v", targets)
	}
	want(t, at(targets[0].Config, "host"), cty.StringVal("tcp://10.0.0.5:2376"))
	want(t, at(targets[0].Config, "network"), cty.NullVal(cty.String))
	want(t, at(targets[1].Config, "root"), cty.StringVal(filepath.Join(dir, "srv")))
}
