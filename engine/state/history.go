package state

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/erlmcp/erlmcp/diag"
)

// keptHistory is how many revisions the history goes back.
const keptHistory = 50

// Record is what the history tells of a revision.
type Record struct {
	Number int `json:"number"`
	// At is when it ended; of an interrupted one, when it began.
	At        time.Time `json:"at,omitzero"`
	Who       string    `json:"who,omitempty"`       // user@host
	Operation string    `json:"operation,omitempty"` // "apply", "destroy", "rollback"
	Outcome   Outcome   `json:"outcome"`
	Counts    Counts    `json:"counts"`
	Plan      string    `json:"plan,omitempty"` // digest of the plan that was carried out
	// Serial is that of the snapshot that it left; 0 when it left none.
	Serial uint64 `json:"serial,omitempty"`
}

// Counts is how many operations of a revision came to what.
type Counts struct {
	Created  int `json:"created,omitempty"`
	Updated  int `json:"updated,omitempty"`
	Replaced int `json:"replaced,omitempty"`
	Deleted  int `json:"deleted,omitempty"`
	Failed   int `json:"failed,omitempty"`
	PutBack  int `json:"put_back,omitempty"` // servers
}

// remember adds a record to the history, in place of one of the same number.
func (s *Snapshot) remember(r Record) {
	h := slices.DeleteFunc(slices.Clone(s.History), func(x Record) bool { return x.Number == r.Number })
	h = append(h, r)
	s.History = h[max(0, len(h)-keptHistory):]
}

// Record is what the history tells of a revision; nil when it goes back less far.
func (s *Snapshot) Record(number int) *Record {
	i := slices.IndexFunc(s.History, func(r Record) bool { return r.Number == number })
	if i < 0 {
		return nil
	}
	return &s.History[i]
}

// At reads the snapshot that a revision left. The error is a *diag.Diagnostic when
// the revision is not known or its snapshot not kept any more.
func At(ctx context.Context, store Store, now *Snapshot, number int) (*Snapshot, error) {
	r := now.Record(number)
	switch {
	case r == nil && len(now.History) == 0:
		return nil, diag.Errorf("There is no such revision", "Nothing was applied yet that is remembered.")
	case r == nil:
		first, last := now.History[0].Number, now.History[len(now.History)-1].Number
		return nil, diag.Errorf("There is no such revision", "The history has the revisions %d to %d, not %d.", first, last, number).
			Fix("See erlmcp history.")
	case r.Serial == 0:
		return nil, diag.Errorf("The revision left no state", "Revision %d was interrupted; what it had done went into the next one.", number).
			Fix("Choose another one: erlmcp history.")
	case r.Serial == now.Serial:
		return now, nil
	}
	file, err := store.Earlier(ctx, r.Serial)
	if err != nil {
		return nil, fmt.Errorf("read the state of revision %d: %w", number, err)
	}
	if file == nil {
		return nil, diag.Errorf("The state of that revision is not kept any more", "Revision %d is remembered, and the snapshot that it left was removed since.", number).
			Fix("Check out the configuration of that revision and apply it.")
	}
	s, err := decodeSnapshot(file)
	if err != nil {
		return nil, diag.Errorf("The state of that revision cannot be read", "The snapshot that revision %d left %s.", number, err).
			Fix("Check out the configuration of that revision and apply it.")
	}
	return s, nil
}
