package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/schemas"
)

// kinds are the targets that the tests know.
func kinds() map[string]*schemas.Block {
	return map[string]*schemas.Block{
		"host":       schemas.Describe[schemas.HostTarget](),
		"docker":     schemas.Describe[schemas.DockerTarget](),
		"kubernetes": schemas.Describe[schemas.KubernetesTarget](),
		"gke":        schemas.Describe[schemas.GKETarget](),
		"sim":        schemas.Describe[schemas.SimTarget](),
	}
}

// folder writes files, by name, to a folder of their own.
func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// mustLoad loads a configuration without errors.
func mustLoad(t testing.TB, files map[string]string, opts Options) *Configuration {
	t.Helper()
	opts.Targets = kinds()
	c, diags := Load(folder(t, files), opts)
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	return c
}

// only loads one file.
func only(t testing.TB, text string) *Configuration {
	t.Helper()
	return mustLoad(t, map[string]string{"main.mcp.hcl": text}, Options{})
}

func evaluated(t testing.TB, c *Configuration, r Ref, known *Exports) cty.Value {
	t.Helper()
	in, diags := c.Evaluate(r, known)
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	return in.Document
}

// at walks into a value by attribute names and map keys.
func at(v cty.Value, path ...string) cty.Value {
	for _, p := range path {
		if v.Type().IsMapType() {
			v = v.Index(cty.StringVal(p))
		} else {
			v = v.GetAttr(p)
		}
	}
	return v
}

func want(t *testing.T, got cty.Value, want cty.Value) {
	t.Helper()
	if !got.RawEquals(want) {
		t.Errorf("got %#v\nwant %#v", got, want)
	}
}

func simRef(name string) Ref {
	return Ref{Server: address.Server{Name: name}, Target: address.Target{Kind: "sim", Name: "s"}}
}

const sim = "target \"sim\" \"s\" {}\n"

func TestTheExampleOfTheDesign(t *testing.T) {
	c := mustLoad(t, map[string]string{"main.mcp.hcl": `
variable "weather_key" {
  type      = string
  sensitive = true
}

target "docker" "local" {}

server "weather" {
  target = target.docker.local

  listen { port = 8080 }

  rate_limit {
    requests_per_minute = 1000
    burst               = 100
  }

  tool "forecast" {
    description = "Weather forecast for a city"
    input "city" { type = string }
    http {
      url     = "https://api.example.com/v1/forecast?q=${input.city}"
      headers = { Authorization = "Bearer ${var.weather_key}" }
    }
  }
}

output "url" { value = server.weather.url }
`}, Options{Vars: []VarAssignment{{Name: "weather_key", Value: "s3cret"}}})

	if n := len(c.Instances()); n != 1 {
		t.Fatalf("%d instances", n)
	}
	r := c.Instances()[0].Ref
	doc := evaluated(t, c, r, nil)
	want(t, at(doc, "name"), cty.StringVal("weather"))
	want(t, at(doc, "listen", "port"), cty.NumberIntVal(8080))
	want(t, at(doc, "tool", "forecast", "http", "url"), cty.StringVal("https://api.example.com/v1/forecast?q=${input.city}"))
	want(t, at(doc, "tool", "forecast", "http", "headers", "Authorization"), cty.StringVal("Bearer s3cret").Mark(schemas.Sensitive))
	want(t, at(doc, "tool", "forecast", "input", "city", "type"), cty.StringVal("string"))

	raw, err := schemas.Encode(doc)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := schemas.Parse(raw); err != nil {
		t.Errorf("the runtime refuses it: %v", err)
	}
	back, err := schemas.Value(raw)
	if err != nil {
		t.Fatal(err)
	}
	if !back.RawEquals(doc) {
		t.Errorf("read back %#v\nwant %#v", back, doc)
	}

	out, diags := c.Outputs(nil)
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	want(t, out[0].Value, cty.UnknownVal(cty.String))
	known := &Exports{}
	known.Set(r, exported("http://127.0.0.1:8080/mcp"))
	out, _ = c.Outputs(known)
	want(t, out[0].Value, cty.StringVal("http://127.0.0.1:8080/mcp"))
}

func exported(url string) cty.Value {
	return cty.ObjectVal(map[string]cty.Value{
		"url": cty.StringVal(url), "address": cty.StringVal("127.0.0.1"),
		"port": cty.NumberIntVal(8080), "metrics_url": cty.NullVal(cty.String),
	})
}

// refs are the instances of a configuration, as text.
func refs(c *Configuration) []string {
	var out []string
	for _, in := range c.Instances() {
		line := in.Server.String() + "@" + in.Target.Kind + "." + in.Target.Name
		for _, d := range in.DependsOn {
			line += " < " + d.Server.String()
		}
		out = append(out, line)
	}
	return out
}

func TestInstances(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"what is mentioned comes first", `
server "a" {
  target       = target.sim.s
  instructions = server.b.url
}
server "b" { target = target.sim.s }
`, []string{"server.b@sim.s", "server.a@sim.s < server.b"}},
		{"depends_on orders too", `
server "a" {
  target     = target.sim.s
  depends_on = [server.b]
}
server "b" { target = target.sim.s }
`, []string{"server.b@sim.s", "server.a@sim.s < server.b"}},
		{"through a local", `
locals { u = "${server.b.url}/x" }
server "a" {
  target       = target.sim.s
  instructions = local.u
}
server "b" { target = target.sim.s }
`, []string{"server.b@sim.s", "server.a@sim.s < server.b"}},
		{"count", `
server "a" {
  count  = 2
  target = target.sim.s
}
`, []string{"server.a[0]@sim.s", "server.a[1]@sim.s"}},
		{"for_each over a set, in the order of keys", `
server "a" {
  for_each = toset(["x", "b"])
  target   = target.sim.s
}
`, []string{`server.a["b"]@sim.s`, `server.a["x"]@sim.s`}},
		{"for_each over targets", `
target "sim" "t" {}
server "a" {
  for_each = { one = target.sim.s, two = target.sim.t }
  target   = each.value
}
`, []string{`server.a["one"]@sim.s`, `server.a["two"]@sim.t`}},
		{"a list of targets, in the order written", `
target "sim" "r" {}
server "a" { target = [target.sim.s, target.sim.r] }
`, []string{"server.a@sim.s", "server.a@sim.r"}},
		{"an instance depends on the instance that it names", `
server "a" {
  count  = 3
  target = target.sim.s
}
server "b" {
  count        = 2
  target       = target.sim.s
  instructions = server.a[count.index + 1].url
}
server "c" {
  target       = target.sim.s
  instructions = join(" ", server.b[*].url)
}
`, []string{
			"server.a[0]@sim.s", "server.a[1]@sim.s", "server.a[2]@sim.s",
			"server.b[0]@sim.s < server.a[1]", "server.b[1]@sim.s < server.a[2]",
			"server.c@sim.s < server.b[0] < server.b[1]",
		}},
		{"disabled", `
server "a" {
  target  = target.sim.s
  enabled = false
}
server "b" {
  for_each = { x = true, y = false }
  enabled  = each.value
  target   = target.sim.s
}
`, []string{`server.b["x"]@sim.s`}},
		{"none", `
server "a" {
  count  = 0
  target = target.sim.s
}
`, nil},
		{"a condition chooses between kinds of target", `
target "host" "h" {}
server "a" { target = 1 > 2 ? target.sim.s : target.host.h }
`, []string{"server.a@host.h"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := refs(only(t, sim+c.text))
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func messages(diags diag.List) string {
	var lines []string
	for _, d := range diags {
		lines = append(lines, d.Error())
	}
	return strings.Join(lines, "\n")
}

func TestAFileThatIsNotUTF8IsOneError(t *testing.T) {
	for name, src := range map[string]string{
		"UTF-16":  "\xff\xfes\x00e\x00r\x00v\x00e\x00r\x00 \x00{\x00}\x00\n\x00",
		"Latin-1": "# caf\xe9\nserver \"a\" {}\n",
		"binary":  "\x7fELF\x01\x01\x00\x00\xde\xad\xbe\xef",
	} {
		_, diags := Load(folder(t, map[string]string{"main.mcp.hcl": src}), Options{Targets: kinds()})
		if len(diags) != 1 || diags[0].Summary != "Not a text file" || !diags[0].NoSource {
			t.Errorf("%s: %v", name, diags)
		}
	}
}

// What a variable must not be is told before what follows from it.
func TestAVariableIsHeldToItsRulesFirst(t *testing.T) {
	const source = `
variable "world" {
  default = "mars"
  validation {
    condition     = contains(local.worlds, var.world)
    error_message = "There is no such world."
  }
  validation {
    condition     = length(var.world) > 4
    error_message = "The name is too short."
  }
}
locals {
  worlds = ["earth"]
  place  = { earth = 1 }[var.world]
}
`
	for name, c := range map[string]struct{ value, want, not string }{
		"a rule about variables alone":               {"mars", "The name is too short.", "Invalid index"},
		"a rule with locals waits for what they are": {"venus", "Invalid index", "no such world"},
		"a value that holds to all of them is taken": {"earth", "", "world"},
	} {
		t.Run(name, func(t *testing.T) {
			_, diags := Load(folder(t, map[string]string{"main.mcp.hcl": source}), Options{Targets: kinds(), Vars: []VarAssignment{{Name: "world", Value: c.value}}})
			text := messages(diags)
			if !strings.Contains(text, c.want) || strings.Contains(text, c.not) {
				t.Errorf("it says %q", text)
			}
		})
	}
}
