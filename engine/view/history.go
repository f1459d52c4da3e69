package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/erlmcp/erlmcp/engine/state"
)

// History writes the revisions, the latest first.
func History(w io.Writer, s Style, snapshot *state.Snapshot) {
	list := snapshot.History
	if len(list) == 0 {
		fmt.Fprintln(w, "Nothing was applied yet that is remembered.")
		return
	}
	who, operation := 0, 0
	for _, r := range list {
		who, operation = max(who, len(r.Who)), max(operation, len(r.Operation))
	}
	for i := len(list) - 1; i >= 0; i-- {
		r := list[i]
		when := "unknown time           "
		if !r.At.IsZero() {
			when = r.At.UTC().Format("2006-01-02 15:04:05 MST")
		}
		color := map[state.Outcome]string{state.OutcomeDone: Green, state.OutcomeFailed: Red, state.OutcomeInterrupted: Yellow}[r.Outcome]
		line := fmt.Sprintf("%s  %s  %-*s  %-*s  %s  %s", s.Paint(Bold, fmt.Sprintf("%4d", r.Number)), s.Paint(Dim, when),
			who, r.Who, operation, r.Operation, s.Paint(color, fmt.Sprintf("%-11s", r.Outcome)), countsText(r.Counts))
		fmt.Fprintln(w, strings.TrimRight(line, " "))
	}
}

func countsText(n state.Counts) string {
	var parts []string
	for _, c := range []struct {
		n    int
		what string
	}{{n.Created, "created"}, {n.Updated, "updated"}, {n.Replaced, "replaced"}, {n.Deleted, "deleted"}, {n.Failed, "failed"}, {n.PutBack, "put back"}} {
		if c.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c.n, c.what))
		}
	}
	return strings.Join(parts, ", ")
}

// HistoryJSON is the machine's form of the revisions, the latest first.
func HistoryJSON(snapshot *state.Snapshot) []state.Record {
	out := make([]state.Record, 0, len(snapshot.History))
	for i := len(snapshot.History) - 1; i >= 0; i-- {
		out = append(out, snapshot.History[i])
	}
	return out
}
