package jsonschema_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/erlmcp/erlmcp/server/jsonschema"
)

// suite is a folder of the test suite of json-schema.org, in the module that brings
// it here.
func suite(t *testing.T, draft string) []string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/google/jsonschema-go").Output()
	if err != nil {
		t.Fatalf("find the test suite: %v", err)
	}
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), "jsonschema", "testdata", draft, "*.json"))
	if err != nil || len(files) < 30 {
		t.Fatalf("%d files of the test suite, %v", len(files), err)
	}
	return files
}

// TestSuite runs the cases that json-schema.org tests implementations with. Schemas
// that refer to other documents are to be refused.
func TestSuite(t *testing.T) {
	for _, draft := range []struct{ name, uri string }{
		{"draft2020-12", "https://json-schema.org/draft/2020-12/schema"}, {"draft7", "http://json-schema.org/draft-07/schema#"},
	} {
		ran, elsewhere := 0, 0
		for _, file := range suite(t, draft.name) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var groups []struct {
				Description string
				Schema      json.RawMessage
				Tests       []struct {
					Description string
					Data        json.RawMessage
					Valid       bool
				}
			}
			if err := json.Unmarshal(raw, &groups); err != nil {
				t.Fatal(err)
			}
			for _, g := range groups {
				source := g.Schema
				if draft.name == "draft7" && source[0] == '{' && !strings.Contains(string(source), `"$schema"`) {
					source = append(json.RawMessage(`{"$schema":"`+draft.uri+`",`), source[1:]...)
				}
				name := draft.name + "/" + filepath.Base(file) + "/" + g.Description
				s, err := jsonschema.Compile(source, false)
				if err != nil && strings.Contains(err.Error(), "elsewhere are not fetched") {
					elsewhere++
					continue
				}
				if err != nil {
					t.Errorf("%s: %v", name, err)
					continue
				}
				for _, c := range g.Tests {
					ran++
					for how, decode := range map[string]func([]byte) (any, error){"float64": plain, "json.Number": jsonschema.Decode} {
						v, err := decode(c.Data)
						if err != nil {
							continue // 1e400 is no float64
						}
						if err := s.Validate(v); (err == nil) != c.Valid {
							t.Errorf("%s/%s, %s: %v, want it to fit: %v", name, c.Description, how, err, c.Valid)
						}
					}
				}
			}
		}
		if ran < 800 || elsewhere > 25 {
			t.Errorf("%s: %d cases were run, and %d schemas refused for what they refer to", draft.name, ran, elsewhere)
		}
		t.Logf("%s: %d cases, %d schemas that refer elsewhere", draft.name, ran, elsewhere)
	}
}
