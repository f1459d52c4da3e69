// Package erlmcp_test holds the rules of the house: which folder may import which.
package erlmcp_test

import (
	"bytes"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/erlmcp/erlmcp/"

// floors lists the folders from the top of the house to its ground: each may
// import only what stands below it.
var floors = []string{"cmd", "providers", "engine", "server", "receipt", "schemas", "diag", "version", "examples"}

// rooms does the same inside a folder.
var rooms = map[string][]string{
	"engine": {"view", "release", "apply", "plan", "state", "seal", "graph", "config", "openapi", "resource", "address"},
}

// forbidden are arrows that point down and are still wrong.
var forbidden = map[string]string{
	"engine": "server", // the engine knows no MCP
}

func TestEachFolderImportsOnlyWhatStandsBelowIt(t *testing.T) {
	checked := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != "." || d.Name() == "testdata" || d.Name() == "node_modules" || path == "e2e") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		from := strings.Split(filepath.ToSlash(filepath.Dir(path)), "/")
		for _, spec := range file.Imports {
			name, _ := strconv.Unquote(spec.Path.Value)
			rest, ours := strings.CutPrefix(name, module)
			if !ours {
				continue
			}
			checked++
			to := strings.Split(rest, "/")
			if why := wrong(from, to); why != "" {
				t.Errorf("%s imports %s: %s", path, rest, why)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if checked == 0 {
		t.Fatal("no import was looked at")
	}
}

// wrong says why a package at from must not import one at to, or "".
func wrong(from, to []string) string {
	if from[0] == to[0] {
		order := rooms[from[0]]
		if len(order) == 0 || len(from) < 2 || len(to) < 2 || from[1] == to[1] {
			return ""
		}
		return above(order, from[1], to[1])
	}
	if forbidden[from[0]] == to[0] {
		return from[0] + " must not know " + to[0]
	}
	return above(floors, from[0], to[0])
}

func above(order []string, from, to string) string {
	i, j := slices.Index(order, from), slices.Index(order, to)
	switch {
	case i < 0:
		return from + " has no place in the house"
	case j < 0:
		return to + " has no place in the house"
	case i >= j:
		return to + " does not stand below " + from
	}
	return ""
}

func TestTheRuleFindsWrongArrows(t *testing.T) {
	for _, c := range []struct{ from, to string }{
		{"server", "engine/plan"}, {"engine/plan", "server/protocol"}, {"diag", "schemas"},
		{"schemas", "server"}, {"engine/resource", "engine/plan"}, {"providers/sim", "cmd/erlmcp"}, {"util", "diag"},
	} {
		if wrong(strings.Split(c.from, "/"), strings.Split(c.to, "/")) == "" {
			t.Errorf("%s may import %s", c.from, c.to)
		}
	}
}

// TestEachDependencyHasAReason looks for every direct dependency in
// docs/dependencies.md.
func TestEachDependencyHasAReason(t *testing.T) {
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	reasons, err := os.ReadFile("docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	direct := regexp.MustCompile(`(?m)^\t(?:github\.com/)?(\S+?)(?:/v\d+)? v\S+$`).FindAllSubmatch(mod, -1)
	if len(direct) < 10 {
		t.Fatalf("only %d dependencies were found", len(direct))
	}
	for _, m := range direct {
		if !bytes.Contains(reasons, []byte("`"+string(m[1])+"`")) {
			t.Errorf("docs/dependencies.md does not say why %s is there", m[1])
		}
	}
}
