package state

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/google/uuid"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
)

// View is what was read of a state: the snapshot with the journal of an
// interrupted apply taken in.
type View struct {
	Snapshot *Snapshot
	// Journal counts the entries of such a journal; 0 when there is none.
	Journal int
	// Fresh says that there never was a state: lineage and key are new and not
	// written anywhere.
	Fresh bool
}

// New returns an empty snapshot that was never written. The key should be 32
// random bytes.
func New(lineage string, key []byte) *Snapshot {
	return &Snapshot{
		Lineage: lineage, DigestKey: key,
		Targets:   map[address.Target]Target{},
		Resources: map[address.Resource]*Resource{},
		Uncertain: map[address.Resource]*Uncertain{},
		Outputs:   map[string]Output{},
	}
}

func newRandom() *Snapshot {
	key := make([]byte, 32)
	rand.Read(key) // never fails
	return New(uuid.NewString(), key)
}

// Read reads a state without locking it. A store without a state gives a fresh
// view. The error of a state that is not whole is a *diag.Diagnostic.
func Read(ctx context.Context, store Store) (*View, error) {
	stored, err := store.Load(ctx)
	if err != nil {
		return nil, fmt.Errorf("read state: %w", err)
	}
	in, err := interpret(stored)
	if err != nil {
		return nil, err
	}
	return in.view, nil
}

// interpreted is what the bytes of a store come to.
type interpreted struct {
	view   *View
	serial uint64 // of the snapshot that lies there, 0 for none
	stale  bool   // a journal lies there that has been folded already
}

func interpret(stored Stored) (*interpreted, error) {
	entries, err := parseJournal(stored.Journal)
	if err != nil {
		return nil, damagedJournal(stored.Where, err)
	}
	if stored.Snapshot == nil {
		if stored.Earlier || len(entries) > 0 {
			return nil, damaged(stored.Where, fmt.Errorf("is missing, though there was one"))
		}
		return &interpreted{view: &View{Snapshot: newRandom(), Fresh: true}, stale: stored.Journal != nil}, nil
	}
	s, err := decodeSnapshot(stored.Snapshot)
	if err != nil {
		return nil, damaged(stored.Where, err)
	}
	out := &interpreted{view: &View{Snapshot: s, Journal: len(entries)}, serial: s.Serial}
	if len(entries) == 0 || entries[0].Base < s.Serial {
		out.view.Journal, out.stale = 0, stored.Journal != nil
		return out, nil
	}
	if entries[0].Lineage != s.Lineage {
		return nil, damagedJournal(stored.Where, fmt.Errorf("belongs to the state with lineage %s, not %s", entries[0].Lineage, s.Lineage))
	}
	if err := replay(s, entries); err != nil {
		return nil, damagedJournal(stored.Where, fmt.Errorf("is damaged: %w", err))
	}
	// A snapshot that was restored by hand may be older than the journal.
	s.Serial = max(s.Serial, entries[0].Base)
	s.Settle()
	return out, nil
}

func damaged(w Where, err error) error {
	return diag.Errorf("The state cannot be read", "%s %s. Nothing was changed.", w.Snapshot, err).
		Fix("Earlier snapshots are in %s. %s", w.Earlier, w.Restore)
}

func damagedJournal(w Where, err error) error {
	return diag.Errorf("The journal of an interrupted apply cannot be read", "%s %s. Nothing was changed.", w.Journal, err).
		Fix("Restore the file from a backup. Or move it away: then what the interrupted apply created is not recorded, and is found again only where the configuration still wants it.")
}
