package host

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/schemas"
)

func TestTheSamePlaceHoweverItIsWritten(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	if err := os.Symlink(dir, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	usual, err := rootOf(targetAt(cty.NullVal(cty.String)))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, one, other string // "" for a target block without a root
		same             bool
	}{
		{"both say nothing", "", "", true},
		{"one writes the default out", "", usual, true},
		{"one says nothing", "", dir, false},
		{"by the way of its parent", filepath.Join(dir, "a"), dir + "/b/../a/", true},
		{"relative", filepath.Join(dir, "a"), "a", true},
		{"by a link", filepath.Join(dir, "a"), filepath.Join(dir, "link", "a"), true},
		{"two folders", filepath.Join(dir, "a"), filepath.Join(dir, "b"), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := placed(t, c.one) == placed(t, c.other); got != c.same {
				t.Errorf("%s and %s", placed(t, c.one), placed(t, c.other))
			}
		})
	}
}

func targetAt(root cty.Value) resource.Target {
	return resource.Target{Address: address.Target{Kind: "host", Name: "here"}, Config: cty.ObjectVal(map[string]cty.Value{"root": root})}
}

// placed is where the folder of a server is on a target with that root.
func placed(t *testing.T, root string) string {
	t.Helper()
	at := targetAt(cty.NullVal(cty.String))
	if root != "" {
		at = targetAt(cty.StringVal(root))
	}
	doc, err := schemas.Value([]byte(`{"name":"docs"}`))
	if err != nil {
		t.Fatal(err)
	}
	l, diags := New().Lower(resource.Instance{Address: address.Server{Name: "docs"}, Target: at, Document: doc})
	if diags.HasErrors() {
		t.Fatal(diags.Err())
	}
	return placeOf(at, address.Server{Name: "docs"}, l.Resources[0].Values.GetAttr("folder"))
}
