package config

import (
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/schemas"
)

// TestEveryServerIsJudged lets a check refuse all documents: of each block the
// first instance stands for the others, and what is not known is not shown to it.
func TestEveryServerIsJudged(t *testing.T) {
	dir := folder(t, map[string]string{"main.mcp.hcl": `target "sim" "s" {}
target "sim" "z" {}
server "many" {
  count  = 3
  target = [target.sim.s, target.sim.z]
  title  = "number ${count.index}"
  tool "t" {
    static { text = "x" }
  }
}
server "late" {
  target       = target.sim.s
  title        = "known"
  instructions = server.many[0].url
  listen { port = 9 }
  metrics { port = 10 }
  tool "open" {
    static { text = server.many[0].url }
  }
  tool "settled" {
    static { text = "y" }
  }
}
`})
	var mu sync.Mutex
	seen := map[string]int{}
	_, diags := Load(dir, Options{Targets: kinds(), Check: func(doc *schemas.Server) diag.List {
		mu.Lock()
		defer mu.Unlock()
		seen[fmt.Sprintf("%s %s %q %d", doc.Name, doc.Title, doc.Instructions, len(doc.Tools))]++
		d := diag.Errorf("Refused", "It is %q.", doc.Title)
		d.Address = "tool.t.static.text"
		return diag.List{d}
	}})
	want := map[string]int{`many number 0 "" 1`: 1, `many number 1 "" 1`: 1, `many number 2 "" 1`: 1, `late known "" 1`: 1}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Error(diff)
	}
	got := []string{}
	for _, d := range diags {
		got = append(got, fmt.Sprintf("%d,%d %s %s", d.Range.Start.Line, d.Range.Start.Column, d.Address, d.Detail))
	}
	if diff := cmp.Diff([]string{`8,21 server.many[0] It is "number 0".`, `11,1 server.late It is "known".`}, got); diff != "" {
		t.Error(diff)
	}
}
