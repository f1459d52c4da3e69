package state

import (
	"context"
	"fmt"
	"time"
)

// Store is a place where the bytes of a state lie.
type Store interface {
	// Load reads without a lock. It reads the journal before the snapshot, so
	// that a fold that happens meanwhile cannot hide what the journal held.
	Load(context.Context) (Stored, error)
	// Lock takes the state for one holder. When another has it, Lock waits up to
	// wait for it, then fails with a *HeldError.
	Lock(ctx context.Context, holder Holder, wait time.Duration) (Lease, error)
	// Earlier is the snapshot with that serial, nil when it is not kept any more.
	Earlier(ctx context.Context, serial uint64) ([]byte, error)
}

// Stored is what lies in a Store.
type Stored struct {
	Snapshot []byte // nil when there never was one
	Journal  []byte // nil when there is none
	Earlier  bool   // there are earlier snapshots
	Where    Where
}

// Where names places for messages to the user.
type Where struct {
	Snapshot string // of the snapshot, such as ".erlmcp/state.json"
	Journal  string // of the journal
	Earlier  string // of earlier snapshots
	Restore  string // how to put an earlier snapshot in place: a sentence
}

// Lease is the right to write, for as long as it is held. Every method fails
// once another holder has overtaken.
type Lease interface {
	// Append adds lines to the journal, after those of earlier calls. What it
	// returns waits until they are durable; lines that wait at the same time
	// share the cost. After an error every later Append fails too.
	Append(lines []byte) (durable func() error)
	// Replace puts a new snapshot in place, keeps the previous one among the
	// earlier ones, and drops the journal. It either happens as a whole or not
	// at all, except that a crash may leave a journal whose base shows that it
	// has been folded already. Previous is the serial of the snapshot that it
	// replaces, 0 for none; Replace fails when another stands there.
	Replace(ctx context.Context, snapshot []byte, previous uint64) error
	// Retire takes the snapshot out of its place, which has been copied elsewhere,
	// and keeps it among the earlier ones: whoever still looks here is told that
	// the state is missing. The journal, which has been copied with it, is dropped.
	Retire(ctx context.Context) error
	// Release gives the lock back. It may be called twice.
	Release() error
}

// Holder is who holds a lock.
type Holder struct {
	Operation string    `json:"operation"` // what for: "apply", "destroy"
	Who       string    `json:"who"`       // user@host
	PID       int       `json:"pid"`
	Since     time.Time `json:"since"`
}

// String is "apply by alice@edge-1 (process 4711) since 2026-11-21 18:00:31 UTC".
func (h Holder) String() string {
	return fmt.Sprintf("%s by %s (process %d) since %s", h.Operation, h.Who, h.PID, h.Since.UTC().Format("2006-01-02 15:04:05 MST"))
}

// HeldError says that another holder has the lock.
type HeldError struct {
	Holder Holder // zero when it is not known
	Where  string // of the lock
	// Ends is when the lock ends unless its holder renews it; 0 for one that ends
	// with its holder.
	Ends time.Duration
}

func (e *HeldError) Error() string {
	text := fmt.Sprintf("the lock %s is held", e.Where)
	if e.Holder.Who != "" {
		text += ": " + e.Holder.String()
	}
	if e.Ends > 0 {
		text += fmt.Sprintf("; unless it is renewed, the lock ends in %s", e.Ends.Round(time.Second))
	}
	return text
}
