package state

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
