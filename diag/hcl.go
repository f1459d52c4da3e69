package diag

import (
	"github.com/agext/levenshtein"
	"github.com/hashicorp/hcl/v2"
)

// FromHCL converts the diagnostics of the HCL parser and evaluator.
func FromHCL(in hcl.Diagnostics) List {
	out := make(List, 0, len(in))
	for _, d := range in {
		sev := Error
		if d.Severity == hcl.DiagWarning {
			sev = Warning
		}
		out = append(out, &Diagnostic{Severity: sev, Summary: d.Summary, Detail: d.Detail, Range: FromRange(d.Subject)})
	}
	return out
}

// FromRange converts a place of the HCL parser; nil stays nil.
func FromRange(r *hcl.Range) *Range {
	if r == nil {
		return nil
	}
	return &Range{
		File:  r.Filename,
		Start: Pos{Line: r.Start.Line, Column: r.Start.Column, Byte: r.Start.Byte},
		End:   Pos{Line: r.End.Line, Column: r.End.Column, Byte: r.End.Byte},
	}
}

// Suggest returns the candidate that the user most likely meant by given, or
// "" when none is near.
func Suggest(given string, candidates []string) string {
	best, bestDistance := "", 3
	if len(given) <= 3 {
		bestDistance = 2
	}
	for _, c := range candidates {
		d := levenshtein.Distance(given, c, nil)
		if d >= len(given) {
			continue // nothing of what was given is left
		}
		if d < bestDistance || (d == bestDistance && best != "" && c < best) {
			best, bestDistance = c, d
		}
	}
	return best
}
