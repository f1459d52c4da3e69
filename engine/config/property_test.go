package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/erlmcp/erlmcp/schemas"
)

// writer writes a random server that is right by the vocabulary.
type writer struct {
	t *rapid.T
	b strings.Builder
}

// fixed are attributes whose values follow a rule beyond the vocabulary.
var fixed = map[string]string{
	"address": `"127.0.0.1"`, "path": `"/x"`, "client_auth": `"none"`, "resources": "[]", "default": "null",
	"pattern": `"^a"`, "include": `["**/*.md"]`, "uri": `"x://{n0}/{n1}"`,
}

func (w *writer) body(b *schemas.Block) {
	exactly, atMost := b.Groups()
	skip := map[string]bool{}
	must := map[string]bool{}
	for i, groups := range [][][]string{exactly, atMost} {
		for _, names := range groups {
			for _, n := range names {
				skip[n] = true
			}
			chosen := rapid.SampledFrom(names).Draw(w.t, "choice")
			delete(skip, chosen)
			must[chosen] = i == 0
		}
	}
	for _, a := range b.Attributes {
		if a.Internal || skip[a.Name] {
			continue
		}
		if a.Required || must[a.Name] || rapid.IntRange(0, 3).Draw(w.t, a.Name) == 0 {
			fmt.Fprintf(&w.b, "%s = %s\n", a.Name, w.value(a))
		}
	}
	for _, n := range b.Blocks {
		if skip[n.Name] || n.Name == "openapi" { // which stands for tools, and is not in a document
			continue
		}
		least, most := 0, 1
		if n.Required || must[n.Name] {
			least = 1
		}
		if n.Mode == schemas.Labelled || n.Mode == schemas.Listed {
			most = 2
		}
		for i := range rapid.IntRange(least, most).Draw(w.t, n.Name) {
			w.b.WriteString(n.Name)
			if n.Mode == schemas.Labelled {
				fmt.Fprintf(&w.b, " \"n%d\"", i)
			}
			w.b.WriteString(" {\n")
			w.body(n.Block)
			w.b.WriteString("}\n")
		}
	}
}

func (w *writer) value(a *schemas.Attribute) string {
	if v, ok := fixed[a.Name]; ok {
		return v
	}
	one := w.scalar(a)
	if rapid.IntRange(0, 9).Draw(w.t, "sensitive") == 0 && a.Kind != schemas.KindType && a.Kind != schemas.KindPath {
		one = "sensitive(" + one + ")"
	}
	switch {
	case a.Type.IsListType():
		return "[" + one + ", " + w.scalar(a) + "]"
	case a.Type.IsMapType():
		return "{ \"k/~1\" = " + one + ", b = " + w.scalar(a) + " }"
	}
	return one
}

func (w *writer) scalar(a *schemas.Attribute) string {
	switch {
	case a.Kind == schemas.KindType:
		return rapid.SampledFrom(a.Enum).Draw(w.t, "type")
	case len(a.Enum) > 0:
		return strconv.Quote(rapid.SampledFrom(a.Enum).Draw(w.t, "enum"))
	case a.Kind == schemas.KindDuration:
		return rapid.SampledFrom([]string{`"5s"`, `"1h30m"`, `"250ms"`}).Draw(w.t, "duration")
	case a.Kind == schemas.KindSize:
		return rapid.SampledFrom([]string{`"5MB"`, `"1.5 GB"`, `"12B"`}).Draw(w.t, "size")
	case a.Kind == schemas.KindJSON:
		return "jsonencode({ type = \"object\" })"
	case a.Kind == schemas.KindBase64:
		return `"eA=="`
	case a.Kind == schemas.KindPath:
		return `"/srv/docs"`
	case a.Template == "url":
		return `"https://example.com/a?b=c"`
	}
	elem := a.Type
	if elem.IsCollectionType() {
		elem = elem.ElementType()
	}
	switch elem.FriendlyName() {
	case "bool":
		return rapid.SampledFrom([]string{"true", "false"}).Draw(w.t, "bool")
	case "number":
		low, high := 1, 5
		if n, err := strconv.Atoi(a.Min); err == nil {
			low, high = n, n+5
		}
		if n, err := strconv.Atoi(a.Max); err == nil {
			high = min(high, n)
		}
		if a.NoZero {
			low = max(low, 1)
		}
		return strconv.Itoa(rapid.IntRange(low, high).Draw(w.t, "number"))
	}
	return rapid.SampledFrom([]string{`"x"`, `"a \"b\" \u00e9 \\ c"`, `"$${x} %%{if}"`, "join(\"-\", [\"a\", 1])"}).Draw(w.t, "text")
}

// TestWhatConfigAcceptsTheRuntimeAccepts checks that the document of a server
// reads back as it was, and loads.
func TestWhatConfigAcceptsTheRuntimeAccepts(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		w := &writer{t: t}
		w.b.WriteString(sim + "server \"a\" {\ntarget = target.sim.s\n")
		w.body(schemas.Describe[schemas.Server]())
		w.b.WriteString("}\n")
		if err := os.WriteFile(filepath.Join(dir, "main.mcp.hcl"), []byte(w.b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		c, diags := Load(dir, Options{Targets: kinds()})
		if err := diags.Err(); err != nil {
			t.Fatalf("%s\n%v", w.b.String(), err)
		}
		in, _ := c.Evaluate(simRef("a"), nil)
		raw, err := schemas.Encode(in.Document)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := schemas.Parse(raw); err != nil {
			t.Fatalf("%s\n%s\n%v", w.b.String(), raw, err)
		}
		back, err := schemas.Value(raw)
		if err != nil {
			t.Fatal(err)
		}
		if !back.RawEquals(in.Document) {
			t.Fatalf("%s\n%s\nread back %#v\nwant %#v", w.b.String(), raw, back, in.Document)
		}
	})
}

// TestTheOrderOfFilesDoesNotMatter spreads the same blocks over files at random.
func TestTheOrderOfFilesDoesNotMatter(t *testing.T) {
	blocks := []string{
		"target \"sim\" \"s\" {}\n", "target \"sim\" \"t\" {}\n",
		"variable \"v\" { default = \"x\" }\n",
		"locals { a = var.v }\n", "locals { b = server.one.url }\n",
		"server \"one\" { target = [target.sim.t, target.sim.s] }\n",
		"server \"two\" {\n  for_each = { p = 1, q = 2 }\n  target = target.sim.s\n  title = local.a\n  instructions = local.b\n}\n",
		"server \"three\" {\n  target = target.sim.t\n  depends_on = [server.two]\n}\n",
		"server \"four\" {\n  target = target.sim.t\n}\n",
		"output \"o\" { value = server.two[\"p\"].url }\n",
	}
	describe := func(blocks []string, files int) string {
		dir, err := os.MkdirTemp("", "order")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		texts := make([]string, files)
		for i, b := range blocks {
			texts[i%files] += b
		}
		for i, text := range texts {
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.mcp.hcl", i)), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		c, diags := Load(dir, Options{Targets: kinds()})
		if err := diags.Err(); err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		b.WriteString(strings.Join(refs(c), "\n"))
		for _, in := range c.Instances() {
			got, _ := c.Evaluate(in.Ref, nil)
			fmt.Fprintf(&b, "\n%s %#v %#v", got.Target.Address, got.Target.Config, got.Document)
		}
		return b.String()
	}
	first := describe(blocks, 1)
	rapid.Check(t, func(t *rapid.T) {
		got := describe(rapid.Permutation(blocks).Draw(t, "order"), rapid.IntRange(1, 4).Draw(t, "files"))
		if diff := cmp.Diff(first, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

// FuzzLoad checks that no file makes Load panic.
func FuzzLoad(f *testing.F) {
	archives, err := filepath.Glob("testdata/errors/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range archives {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(guide))
	for _, write := range shapes {
		f.Add([]byte(sim + "variable \"one\" { default = 1 }\n" + write(4)))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		dir := folder(t, map[string]string{"main.mcp.hcl": string(text)})
		for _, inPlace := range []bool{false, true} {
			c, _ := Load(dir, Options{Targets: kinds(), InPlace: inPlace})
			for _, in := range c.Instances() {
				c.Evaluate(in.Ref, &Exports{})
			}
		}
	})
}
