package config

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"
	"golang.org/x/sync/errgroup"

	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/schemas"
)

func TestDynamicBlocks(t *testing.T) {
	c := only(t, sim+`
locals { cities = { oslo = "Oslo", rome = "Rome" } }
server "a" {
  target = target.sim.s
  dynamic "tool" {
    for_each = local.cities
    iterator = city
    labels   = ["weather_${city.key}"]
    content {
      description = city.value
      dynamic "input" {
        for_each = ["day", "hour"]
        labels   = [input.value]
        content { type = string }
      }
      http { url = "https://example.com/${city.key}?d=${input.day}" }
    }
  }
  dynamic "prompt" {
    for_each = toset(["p"])
    labels   = [prompt.value]
    content {
      message { text = prompt.key }
    }
  }
  dynamic "tls" {
    for_each = []
    content {}
  }
}
`)
	doc := evaluated(t, c, simRef("a"), nil)
	if diff := cmp.Diff([]string{"weather_oslo", "weather_rome"}, sortedKeys(at(doc, "tool").AsValueMap())); diff != "" {
		t.Error(diff)
	}
	want(t, at(doc, "tool", "weather_rome", "description"), cty.StringVal("Rome"))
	want(t, at(doc, "tool", "weather_rome", "input", "hour", "type"), cty.StringVal("string"))
	want(t, at(doc, "tool", "weather_rome", "http", "url"), cty.StringVal("https://example.com/rome?d=${input.day}"))
	want(t, at(doc, "prompt", "p", "message").Index(cty.NumberIntVal(0)).GetAttr("text"), cty.StringVal("p"))
	if !at(doc, "tls").IsNull() {
		t.Error("tls is there")
	}
}

func TestTemplatesKeepWhatMentionsInput(t *testing.T) {
	c := only(t, sim+`
locals { dir = "/srv/$${x}" }
server "a" {
  target = target.sim.s
  tool "t" {
    input "name" { type = string }
    exec {
      command = ["ls", "--", local.dir, input.name]
      env     = merge({ A = "1" }, { B = local.dir })
      stdin   = "${local.dir} ${upper(input.name)}"
    }
  }
}
`)
	exec := at(evaluated(t, c, simRef("a"), nil), "tool", "t", "exec")
	want(t, at(exec, "command"), cty.ListVal([]cty.Value{
		cty.StringVal("ls"), cty.StringVal("--"), cty.StringVal("/srv/$${x}"), cty.StringVal("${input.name}"),
	}))
	want(t, at(exec, "env", "B"), cty.StringVal("/srv/$${x}"))
	want(t, at(exec, "stdin"), cty.StringVal("/srv/$${x} ${upper(input.name)}"))
}

func TestKindsOfAttributes(t *testing.T) {
	c := only(t, sim+`
server "a" {
  target = target.sim.s
  limits {
    cpu     = "0.5"
    memory  = "1KB"
  }
  listen {
    port  = "0"
    hosts = []
  }
  tool "t" {
    input "a" {
      type    = "number"
      default = 1.5
    }
    input "b" {
      type    = object
      default = { k = ["v"] }
    }
    static { text = "x" }
  }
  tool "u" {
    input_schema = jsonencode({ type = "object", properties = { q = { type = "string" } } })
    static { text = "${input.q}" }
  }
}
`)
	doc := evaluated(t, c, simRef("a"), nil)
	want(t, at(doc, "limits", "cpu"), cty.NumberFloatVal(0.5))
	want(t, at(doc, "limits", "memory"), cty.StringVal("1KB"))
	want(t, at(doc, "listen", "port"), cty.NumberIntVal(0))
	want(t, at(doc, "listen", "hosts"), cty.NullVal(cty.List(cty.String)))
	want(t, at(doc, "tool", "t", "input", "a", "default"), cty.StringVal("1.5"))
	want(t, at(doc, "tool", "t", "input", "b", "default"), cty.StringVal(`{"k":["v"]}`))
	if !doc.Type().Equals(schemas.Describe[schemas.Server]().Type()) {
		t.Error("the document is not of the type of a server")
	}
}

const guide = sim + `
server "a" {
  count  = 2
  target = target.sim.s
  resource "guide" { folder = "docs" }
  resource "notes" {
    folder  = "./docs"
    include = ["**/*.md", ".hidden"]
  }
  resource "page"  { file = "docs/sub/b.md" }
  resource "there" { folder = "/srv/docs" }
}
`

func TestFilesTravelWithTheServer(t *testing.T) {
	dir := folder(t, map[string]string{
		"main.mcp.hcl": guide, "docs/a.md": "a", "docs/sub/b.md": "bb", "docs/c.txt": "c", "docs/.hidden": "h", "docs/.git/x.md": "x",
	})
	if err := os.Symlink("a.md", filepath.Join(dir, "docs", "link.md")); err != nil {
		t.Fatal(err)
	}
	c, diags := Load(dir, Options{Targets: kinds()})
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	in, _ := c.Evaluate(Ref{Server: address.Server{Name: "a", Key: address.IntKey(1)}, Target: address.Target{Kind: "sim", Name: "s"}}, nil)
	var paths []string
	for _, f := range in.Files {
		paths = append(paths, f.Path)
		if !filepath.IsAbs(f.Source) || len(f.SHA256) != 64 || f.Size == 0 {
			t.Errorf("file %+v", f)
		}
	}
	if diff := cmp.Diff([]string{
		"guide/a.md", "guide/c.txt", "guide/link.md", "guide/sub/b.md",
		"notes/.hidden", "notes/a.md", "notes/link.md", "notes/sub/b.md",
		"page/b.md",
	}, paths); diff != "" {
		t.Error(diff)
	}
	want(t, at(in.Document, "resource", "guide", "folder"), cty.StringVal("guide"))
	want(t, at(in.Document, "resource", "page", "file"), cty.StringVal("page/b.md"))
	want(t, at(in.Document, "resource", "there", "folder"), cty.StringVal("/srv/docs"))
}

func TestALinkOutOfTheFolderIsRefused(t *testing.T) {
	dir := folder(t, map[string]string{"main.mcp.hcl": sim + "server \"a\" {\n  target = target.sim.s\n  resource \"g\" { folder = \"docs\" }\n}\n", "docs/a.md": "a", "secret": "s"})
	if err := os.Symlink("../secret", filepath.Join(dir, "docs", "b.md")); err != nil {
		t.Fatal(err)
	}
	_, diags := Load(dir, Options{Targets: kinds()})
	if len(diags) != 1 || diags[0].Range == nil {
		t.Fatalf("diagnostics: %s", messages(diags))
	}
}

func TestInPlace(t *testing.T) {
	dir := folder(t, map[string]string{
		"main.mcp.hcl": "server \"a\" {\n  resource \"g\" { folder = \"docs\" }\n  resource \"p\" { file = \"docs/a.md\" }\n}\n",
		"docs/a.md":    "a",
	})
	c, diags := Load(dir, Options{InPlace: true})
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	in, diags := c.Evaluate(Ref{Server: address.Server{Name: "a"}}, nil)
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	want(t, at(in.Document, "resource", "g", "folder"), cty.StringVal(filepath.Join(dir, "docs")))
	want(t, at(in.Document, "resource", "p", "file"), cty.StringVal(filepath.Join(dir, "docs", "a.md")))
	if len(in.Files) != 0 {
		t.Errorf("files %v", in.Files)
	}
}

func TestRequiredVersion(t *testing.T) {
	for _, c := range []struct {
		own, op, want string
		fits          bool
	}{
		{"v0.1.0", ">=", "0.1", true},
		{"v0.1.0", "<", "0.1", false},
		{"v1.2.3", "~>", "1.1", true},
		{"v2.0.0", "~>", "1.1", false},
		{"v1.2.9", "~>", "1.2.3", true},
		{"v1.3.0", "~>", "1.2.3", false},
		{"v1.0.0", "", "1.0", true},
		{"v1.0.0", "!=", "1.0", false},
	} {
		if got := satisfies(c.own, c.op, c.want); got != c.fits {
			t.Errorf("%s %s %s: %v", c.own, c.op, c.want, got)
		}
	}
	if c := only(t, "erlmcp { required_version = \">= 0.1, < 2\" }\n"); c.RequiredVersion() != ">= 0.1, < 2" {
		t.Errorf("required version %q", c.RequiredVersion())
	}
}

func TestFormat(t *testing.T) {
	got, diags := Format("x", []byte("server \"a\"   {\n title=\"x\"\n    description = 1\n}\n"))
	if diags.HasErrors() || string(got) != "server \"a\" {\n  title       = \"x\"\n  description = 1\n}\n" {
		t.Errorf("%s %v", got, diags)
	}
	if _, diags := Format("x", []byte("server \"a\" {")); !diags.HasErrors() {
		t.Error("a broken file is formatted")
	}
}

func TestANullTemplateIsNotSet(t *testing.T) {
	c := only(t, sim+`
variable "body" { default = null }
server "a" {
  target = target.sim.s
  tool "t" {
    http {
      url     = "https://example.com/"
      body    = var.body
      headers = null
    }
  }
}
`)
	http := at(evaluated(t, c, simRef("a"), nil), "tool", "t", "http")
	want(t, at(http, "body"), cty.NullVal(cty.String))
	want(t, at(http, "headers"), cty.NullVal(cty.Map(cty.String)))
}

func TestInstancesAreEvaluatedAtTheSameTime(t *testing.T) {
	c := only(t, sim+`
server "a" {
  count  = 8
  target = target.sim.s
}
server "b" {
  count        = 8
  target       = target.sim.s
  instructions = "${server.a[count.index].url} ${file("main.mcp.hcl")}"
}
`)
	var group errgroup.Group
	for _, in := range c.Instances() {
		group.Go(func() error {
			_, diags := c.Evaluate(in.Ref, &Exports{})
			return diags.Err()
		})
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
}
