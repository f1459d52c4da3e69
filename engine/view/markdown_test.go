package view

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/plan"
)

func TestMarkdown(t *testing.T) {
	var out bytes.Buffer
	PlanMarkdown(&out, sampleTypes, sample(t))
	golden(t, "plan.md", out.String())
	out.Reset()
	DriftMarkdown(&out, sample(t))
	golden(t, "drift.md", out.String())
}

func TestMarkdownOfNothing(t *testing.T) {
	var out bytes.Buffer
	PlanMarkdown(&out, sampleTypes, &plan.Plan{})
	DriftMarkdown(&out, &plan.Plan{})
	for _, want := range []string{"### erlmcp plan: no changes\n", "### erlmcp drift: none\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, out.String())
		}
	}
}

// What a comment can hold is bounded, and no text ends the block that it stands in.
func TestMarkdownIsBounded(t *testing.T) {
	p := &plan.Plan{}
	for i := range 3000 {
		p.Changes = append(p.Changes, plan.Change{
			Address: at(t, fmt.Sprintf("server.s%d@sim.world/process", i)), Action: plan.Create,
			After: object(map[string]cty.Value{"text": cty.StringVal("```")}),
		})
	}
	var out bytes.Buffer
	PlanMarkdown(&out, sampleTypes, p)
	text := out.String()
	if len(text) > 60_000 {
		t.Errorf("%d bytes", len(text))
	}
	for _, want := range []string{"… and 2900 more.", " more lines, in the log.", "\n````text\n", "\n````\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing", want)
		}
	}
}
