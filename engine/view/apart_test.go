package view

import (
	"bytes"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/plan"
	"github.com/erlmcp/erlmcp/engine/resource"
)

// changes writes an update of one attribute, as a plan and drift show it.
func changes(t *testing.T, before, after string) string {
	t.Helper()
	var out bytes.Buffer
	diffs(&out, Style{Width: 100}, "", []resource.Difference{{Path: cty.GetAttrPath("title"), Before: cty.StringVal(before), After: cty.StringVal(after)}}, &plan.Change{})
	return out.String()
}

func TestWhatDiffersIsSeen(t *testing.T) {
	long := strings.Repeat("all the same ", 30)
	for _, c := range []struct{ name, before, after, want string }{
		{"at the end of a long text", long + "one", long + "two", `"…ll the same one" → "…ll the same two"`},
		{"of an address that gets longer", "x" + long, "x" + long + "!", `"…ll the same " → "…ll the same !"`},
		{"at the beginning", "A" + long, "B" + long, `"Aall the same all the same all t…" → "Ball the same all the same all t…"`},
		{"in a short text", "all the same one", "all the same two", `"all the same one" → "all the same two"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := changes(t, c.before, c.after); !strings.Contains(got, c.want) {
				t.Errorf("got\n%s\nwithout %s", got, c.want)
			}
		})
	}
}

func TestTextsOfOthersDoNotSteerTheTerminal(t *testing.T) {
	for name, text := range map[string]string{"a command": "\x1b[2J", "a command of one byte": "\u009b2J", "an order turned around": "\u202e", "a bell": "\a"} {
		t.Run(name, func(t *testing.T) {
			for _, got := range []string{changes(t, "one\ntwo", "one\n"+text), changes(t, text+"one", "two"), changes(t, text, "a\nb")} {
				if strings.Contains(got, text) {
					t.Errorf("it is written as it is: %q", got)
				}
			}
		})
	}
}

func TestOutputsOfManyLinesStandApart(t *testing.T) {
	var out bytes.Buffer
	outputs(&out, Style{Width: 100}, []plan.OutputChange{
		{Name: "url", Changed: true, After: resource.Object{Values: cty.StringVal("http://a/?b&c")}},
		{Name: "address", Changed: true, After: resource.Object{Values: cty.MapVal(map[string]cty.Value{"a": cty.StringVal("x&y")})}},
	})
	want := `outputs
  + url      "http://a/?b&c"
  + address  {
      "a": "x&y"
    }
`
	if !strings.Contains(out.String(), want) {
		t.Errorf("got\n%s\nnot\n%s", &out, want)
	}
}
