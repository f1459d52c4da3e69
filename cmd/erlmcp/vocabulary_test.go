package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/erlmcp/erlmcp/schemas"
)

const examplesDir = "../../examples"

// TestEveryWordHasAnExample fails for each block and attribute of the vocabulary
// that no file in examples/ writes. Files are counted, snippets in the guides are
// not. An attribute counts once for its block, wherever that block may stand: the
// src of an icon is the same in a tool and in a prompt. A nested block counts in
// each block that it may stand in.
func TestEveryWordHasAnExample(t *testing.T) {
	used := usage{}
	err := filepath.WalkDir(examplesDir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(path, ".hcl") {
			used.file(t, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	v := vocabulary{used: used, seen: map[*schemas.Block]bool{}}
	for _, root := range roots() {
		v.block(root.name, root.block)
	}
	if v.words < 500 {
		t.Errorf("only %d words were looked for", v.words)
	}
	for _, word := range v.missing {
		t.Errorf("no example uses %s", word)
	}
}

type root struct {
	name  string
	block *schemas.Block
}

// roots are the blocks of the top level. Backends stand inside of erlmcp, one kind
// at a time.
func roots() []root {
	out := []root{
		{"erlmcp", schemas.Describe[schemas.Settings]()},
		{"variable", schemas.Describe[schemas.Variable]()},
		{"output", schemas.Describe[schemas.Output]()},
		{"check", schemas.Describe[schemas.Check]()},
		{"server", schemas.Describe[schemas.Server]()},
		{"server", schemas.Describe[schemas.Placement]()},
	}
	for kind, b := range targetSchemas() {
		out = append(out, root{"target." + kind, b})
	}
	for kind, b := range schemas.Backends() {
		out = append(out, root{"backend." + kind, b})
	}
	slices.SortStableFunc(out, func(a, b root) int { return strings.Compare(a.name, b.name) })
	return out
}

// usage is which names of which blocks are written somewhere. The name "" stands
// for the block itself.
type usage map[*schemas.Block]map[string]bool

func (u usage) file(t *testing.T, path string) {
	src, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, diags := hclsyntax.ParseConfig(src, path, hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	body := f.Body.(*hclsyntax.Body)
	// NAME.KIND.hcl holds what a backend block leaves out.
	if kind := strings.TrimPrefix(filepath.Ext(strings.TrimSuffix(path, ".hcl")), "."); schemas.Backends()[kind] != nil {
		u.body(body, schemas.Backends()[kind])
		return
	}
	for _, b := range body.Blocks {
		u.top(b)
	}
}

func (u usage) top(b *hclsyntax.Block) {
	for _, inner := range b.Body.Blocks {
		if b.Type == "erlmcp" && inner.Type == "backend" {
			u.body(inner.Body, schemas.Backends()[inner.Labels[0]])
		}
	}
	name := b.Type
	if name == "target" {
		name += "." + b.Labels[0]
	}
	for _, r := range roots() {
		if r.name == name {
			u.body(b.Body, r.block)
		}
	}
}

func (u usage) body(body *hclsyntax.Body, block *schemas.Block) {
	if u[block] == nil {
		u[block] = map[string]bool{"": true}
	}
	for name := range body.Attributes {
		u[block][name] = true
	}
	for _, b := range body.Blocks {
		name, inner := b.Type, b.Body
		if name == "dynamic" {
			name, inner = b.Labels[0], b.Body.Blocks[0].Body
		}
		if n := block.Nested(name); n != nil {
			u[block][name] = true
			u.body(inner, n.Block)
		}
	}
}

// vocabulary goes through all words, and gathers those that are not used.
type vocabulary struct {
	used    usage
	seen    map[*schemas.Block]bool
	words   int
	missing []string
}

func (v *vocabulary) block(path string, b *schemas.Block) {
	if v.seen[b] {
		return
	}
	v.seen[b] = true
	v.word(path, b, "")
	for _, a := range b.Attributes {
		if !a.Internal {
			v.word(path+"."+a.Name, b, a.Name)
		}
	}
	for _, n := range b.Blocks {
		v.word(path+"."+n.Name+" { … }", b, n.Name)
		v.block(path+"."+n.Name, n.Block)
	}
}

func (v *vocabulary) word(path string, b *schemas.Block, name string) {
	v.words++
	if !v.used[b][name] {
		v.missing = append(v.missing, path)
	}
}
