package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/erlmcp/erlmcp/engine/apply"
	"github.com/erlmcp/erlmcp/engine/plan"
)

// Applied writes what an apply came to: counts, how to go on when it did not come
// to its end, and the outputs.
func Applied(w io.Writer, s Style, p *plan.Plan, r *apply.Result, interrupted bool) {
	var parts []string
	for _, c := range []struct {
		n    int
		what string
	}{{r.Created, "created"}, {r.Updated, "updated"}, {r.Replaced, "replaced"}, {r.Deleted, "deleted"}} {
		if c.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c.n, c.what))
		}
	}
	failed, skipped, standing := 0, 0, 0
	for _, step := range r.Steps {
		switch step.Outcome {
		case apply.Failed:
			failed++
		case apply.Standing:
			standing++
		case apply.Skipped:
			if !step.Step.GoesOn() {
				skipped++
			}
		}
	}
	head, color := "Applied:", Green
	switch {
	case interrupted:
		head, color = "Stopped:", Yellow
	case failed+skipped > 0 || !r.Saved:
		head, color = "Not all was applied:", Red
	case p.Mode == plan.Destroy:
		head = "Destroyed:"
	}
	if standing > 0 {
		parts = append(parts, fmt.Sprintf("%d under way", standing))
	}
	if len(parts) == 0 && failed == 0 {
		parts = append(parts, "nothing changed on the targets")
	}
	if failed > 0 {
		parts = append(parts, fmt.Sprintf("%d failed", failed))
	}
	if skipped > 0 {
		parts = append(parts, fmt.Sprintf("%d not done", skipped))
	}
	fmt.Fprintf(w, "\n%s %s.\n", s.Paint(color+";"+Bold, head), strings.Join(parts, ", "))
	for _, b := range r.RolledBack {
		if b.Err == nil {
			fmt.Fprintf(w, "%s on %s was put back: it is again as revision %d left it.\n", b.Server.Server, b.Server.Target, b.Revision)
		}
	}
	if failed+skipped > 0 || interrupted {
		fmt.Fprintln(w, "What was done is recorded. Run erlmcp apply again to go on from here.")
	}
	if failed+skipped == 0 && len(r.Snapshot.Outputs) > 0 {
		fmt.Fprintln(w)
		Outputs(w, s, r.Snapshot.Outputs)
	}
	if failed > 0 {
		fmt.Fprintln(w) // before the errors
	}
}
