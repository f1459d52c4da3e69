package view

import (
	"bytes"
	"testing"
	"time"

	"github.com/erlmcp/erlmcp/engine/state"
)

func TestHistory(t *testing.T) {
	at := time.Date(2026, 11, 21, 18, 0, 31, 0, time.UTC)
	s := &state.Snapshot{History: []state.Record{
		{Number: 1, At: at, Who: "alice@edge-1", Operation: "apply", Outcome: state.OutcomeDone, Counts: state.Counts{Created: 12}},
		{Number: 2, At: at.Add(time.Hour), Who: "bob@ci", Operation: "apply", Outcome: state.OutcomeFailed, Counts: state.Counts{Updated: 3, Failed: 1, PutBack: 1}},
		{Number: 3, Outcome: state.OutcomeInterrupted},
		{Number: 4, At: at.Add(2 * time.Hour), Who: "bob@ci", Operation: "rollback", Outcome: state.OutcomeDone, Counts: state.Counts{Replaced: 1, Deleted: 2}},
	}}
	var out bytes.Buffer
	History(&out, Style{Width: 120}, s)
	golden(t, "history.txt", out.String())
	out.Reset()
	History(&out, Style{Width: 120}, &state.Snapshot{})
	if out.String() != "Nothing was applied yet that is remembered.\n" {
		t.Errorf("without a history: %q", out.String())
	}
}
