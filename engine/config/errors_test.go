package config

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/schemas"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestErrors loads each archive of testdata/errors and compares what Load says
// with its section "says". A line "vars: a=b" before the first section is a -var,
// "environ: A=b" an environment variable, "inplace" an option.
func TestErrors(t *testing.T) {
	archives, err := filepath.Glob("testdata/errors/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, file := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			files, says := map[string]string{}, ""
			for _, f := range archive.Files {
				if f.Name == "says" {
					says = string(f.Data)
				} else {
					files[f.Name] = string(f.Data)
				}
			}
			dir := folder(t, files)
			c, diags := Load(dir, optionsOf(t, dir, string(archive.Comment)))
			if c == nil {
				t.Fatal("Load returned no configuration")
			}
			got := strings.ReplaceAll(golden(diags), dir, "DIR")
			if strings.Contains(got, "s3cret") {
				t.Errorf("a secret is shown:\n%s", got)
			}
			if *update {
				rewrite(t, file, archive, got)
				return
			}
			if diff := cmp.Diff(says, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func optionsOf(t *testing.T, dir, comment string) Options {
	opts := Options{Targets: kinds(), Check: (*schemas.Server).Check}
	for _, line := range strings.Split(comment, "\n") {
		name, value, _ := strings.Cut(line, ": ")
		switch name {
		case "vars":
			v, err := ParseVar(value)
			if err != nil {
				t.Fatal(err)
			}
			opts.Vars = append(opts.Vars, v)
		case "varfile":
			opts.Vars = append(opts.Vars, VarAssignment{File: filepath.Join(dir, value)})
		case "environ":
			opts.Environ = append(opts.Environ, value)
		case "inplace":
			opts.InPlace = true
		}
	}
	return opts
}

// golden is how diagnostics stand in an archive.
func golden(diags diag.List) string {
	var b strings.Builder
	for _, d := range diags {
		where := "nowhere"
		if d.Range != nil {
			where = fmt.Sprintf("%s-%d,%d", strings.Replace(d.Range.String(), "DIR/", "", 1), d.Range.End.Line, d.Range.End.Column)
		}
		if d.NoSource {
			where += ", whose lines are not shown"
		}
		fmt.Fprintf(&b, "%s at %s\n", d.Severity, where)
		for _, line := range []string{d.Summary, d.Detail, d.Remedy} {
			if line != "" {
				fmt.Fprintf(&b, "  %s\n", strings.ReplaceAll(line, "\n", "\n  "))
			}
		}
	}
	return b.String()
}

func rewrite(t *testing.T, file string, archive *txtar.Archive, says string) {
	t.Helper()
	kept := archive.Files[:0]
	for _, f := range archive.Files {
		if f.Name != "says" {
			kept = append(kept, f)
		}
	}
	archive.Files = append(kept, txtar.File{Name: "says", Data: []byte(says)})
	if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
		t.Fatal(err)
	}
}
