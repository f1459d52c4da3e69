package view

import (
	"fmt"
	"io"

	"github.com/erlmcp/erlmcp/engine/plan"
	"github.com/erlmcp/erlmcp/engine/resource"
)

// Drift writes how the world has moved since the last apply, for people.
func Drift(w io.Writer, s Style, p *plan.Plan) {
	if n := driftOf(w, s, p, ""); n == 0 {
		text := "Nothing is applied from here."
		if len(p.Changes) > 0 {
			text = allAre(len(p.Changes), "as last applied")
		}
		fmt.Fprintln(w, s.Paint(Green+";"+Bold, "No drift."), text)
	} else {
		fmt.Fprintf(w, "\n%s %s moved. erlmcp apply puts it back; erlmcp apply -refresh-only takes it up.\n",
			s.Paint(Yellow+";"+Bold, "Drift:"), count(n, "resource"))
	}
}

// driftOf writes the drifted resources and returns how many there are.
func driftOf(w io.Writer, s Style, p *plan.Plan, heading string) int {
	n := 0
	for i := range p.Changes {
		c := &p.Changes[i]
		if !c.Drifted() {
			continue
		}
		if n == 0 && heading != "" {
			fmt.Fprintln(w, s.Paint(Bold, heading))
		}
		n++
		if c.Gone {
			fmt.Fprintf(w, "  %s %s  %s\n", s.Paint(Red+";"+Bold, "!"), s.Paint(Bold, c.Address.String()), s.Paint(Red, "is gone"))
			continue
		}
		fmt.Fprintf(w, "  %s %s\n", s.Paint(Yellow+";"+Bold, "!"), s.Paint(Bold, c.Address.String()))
		diffs(w, s, "      ", c.Drift, c)
	}
	return n
}

// allAre says that all of n resources are so.
func allAre(n int, so string) string {
	if n == 1 {
		return "The one resource is " + so + "."
	}
	return fmt.Sprintf("All %d resources are %s.", n, so)
}

// DriftJSON is the machine's form of drift.
type DriftJSON struct {
	Drift     bool                `json:"drift"`
	Resources []DriftResourceJSON `json:"resources"`
}

// DriftResourceJSON is one resource that moved.
type DriftResourceJSON struct {
	Address    string           `json:"address"`
	Type       string           `json:"type"`
	Gone       bool             `json:"gone,omitempty"`
	Attributes []DifferenceJSON `json:"attributes,omitempty"`
}

// NewDriftJSON takes the drift out of a plan.
func NewDriftJSON(p *plan.Plan) DriftJSON {
	out := DriftJSON{Drift: p.Drifted(), Resources: []DriftResourceJSON{}}
	for i := range p.Changes {
		if c := &p.Changes[i]; c.Drifted() {
			out.Resources = append(out.Resources, DriftResourceJSON{c.Address.String(), c.Type, c.Gone, differencesJSON(c.Drift)})
		}
	}
	return out
}

// DifferenceJSON is one attribute that differs. Values are absent for secrets
// and for what is not known yet.
type DifferenceJSON struct {
	Path      string `json:"path"`
	Before    any    `json:"before,omitempty"`
	After     any    `json:"after,omitempty"`
	Sensitive bool   `json:"sensitive,omitempty"`
	Unknown   bool   `json:"after_unknown,omitempty"`
	Replace   bool   `json:"requires_replacement,omitempty"`
	Impact    string `json:"impact,omitempty"`
}

func differencesJSON(list []resource.Difference) []DifferenceJSON {
	var out []DifferenceJSON
	for _, d := range list {
		out = append(out, DifferenceJSON{
			Path: resource.FormatPath(d.Path), Before: valueJSON(d.Before), After: valueJSON(d.After),
			Sensitive: d.Sensitive, Unknown: !absent(d.After) && !d.After.IsWhollyKnown(),
			Replace: d.Replace, Impact: d.Impact.String(),
		})
	}
	return out
}
