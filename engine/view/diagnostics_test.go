package view

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/erlmcp/erlmcp/diag"
)

func TestDiagnostics(t *testing.T) {
	src := []byte("server \"x\" {\n  listen {\n    prot = 80\x1b[31m80\n  }\n}\n")
	at := &diag.Range{File: "main.mcp.hcl", Start: diag.Pos{Line: 3, Column: 5, Byte: 29}, End: diag.Pos{Line: 3, Column: 9, Byte: 33}}
	list := diag.List{
		diag.Errorf("No such thing", "Nothing is called so."),
		diag.Errorf("Unknown attribute", "A listen block has no attribute %q.", "prot").At(at).Fix("Did you mean %q?", "port"),
		{Severity: diag.Warning, Summary: "Careful", Address: "server.x"},
	}
	var out bytes.Buffer
	Diagnostics(&out, Style{Width: 80}, list, map[string][]byte{"main.mcp.hcl": src})
	want := `error: Unknown attribute
  at main.mcp.hcl:3,5
     2 │   listen {
     3 │     prot = 80·[31m80
       │     ^^^^
  A listen block has no attribute "prot".
  Did you mean "port"?

error: No such thing
  Nothing is called so.

warning: Careful
  in server.x
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestLongNamesAndLinesAreCut(t *testing.T) {
	name := strings.Repeat("z", 300)
	src := []byte("server \"" + name + "\" {}\n")
	at := &diag.Range{File: "a", Start: diag.Pos{Line: 1, Column: 8, Byte: 7}, End: diag.Pos{Line: 1, Column: 310, Byte: 309}}
	far := &diag.Range{File: "a", Start: diag.Pos{Line: 1, Column: 305, Byte: 304}, End: diag.Pos{Line: 1, Column: 307, Byte: 306}}
	var out bytes.Buffer
	Diagnostics(&out, Style{Width: 80}, diag.List{diag.Errorf("Not a name", "%q is too long.", name).At(at), diag.Errorf("Far", "").At(far)}, map[string][]byte{"a": src})
	for _, line := range strings.Split(out.String(), "\n") {
		if utf8.RuneCountInString(line) > 175 {
			t.Errorf("a line of %d characters: %s", utf8.RuneCountInString(line), line)
		}
	}
	if !strings.Contains(out.String(), "^^\n") || strings.Count(out.String(), "^^^") == 0 {
		t.Errorf("the marks are gone:\n%s", out.String())
	}
}

func TestLinesOfFilesWithSecretsAreNotShown(t *testing.T) {
	d := diag.Errorf("Broken", "It is.").At(&diag.Range{File: "a", Start: diag.Pos{Line: 1, Column: 1}, End: diag.Pos{Line: 1, Column: 2}})
	d.NoSource = true
	var out bytes.Buffer
	Diagnostics(&out, Style{Width: 80}, diag.List{d}, map[string][]byte{"a": []byte("key = s3cret")})
	if want := "error: Broken\n  at a:1,1\n  It is.\n"; out.String() != want {
		t.Errorf("got %q", out.String())
	}
}

func TestNoColourWithoutATerminal(t *testing.T) {
	s := StyleOf(&bytes.Buffer{})
	if s.Color || s.Live {
		t.Errorf("a buffer gets %+v", s)
	}
	if got := s.Paint(Red, "x"); got != "x" {
		t.Errorf("painted %q", got)
	}
	if got := (Style{Color: true}).Paint(Red, "x"); got != "\x1b[31mx\x1b[0m" {
		t.Errorf("painted %q", got)
	}
}
