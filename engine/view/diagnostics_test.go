package view

import (
	"bytes"
	"testing"

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
