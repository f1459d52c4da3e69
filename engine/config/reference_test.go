package config

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/erlmcp/erlmcp/schemas"
)

// TestReferencePages checks that docs/reference says what the vocabulary says.
func TestReferencePages(t *testing.T) {
	dir := filepath.Join("..", "..", "docs", "reference")
	for name, page := range schemas.Reference(kinds(), Functions()) {
		file := filepath.Join(dir, name)
		if *update {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, page, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		committed, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(committed), string(page)); diff != "" {
			t.Errorf("%s is out of date; run go test ./engine/config -run TestReferencePages -update\n%s", file, diff)
		}
	}
}

func TestEveryFunctionIsDocumented(t *testing.T) {
	for name, f := range Functions() {
		if f.Description() == "" {
			t.Errorf("%s has no description", name)
		}
	}
}
