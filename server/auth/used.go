package auth

import (
	"maps"
	"slices"
	"time"
)

// Used are signatures that were used, as a server tells the one that takes its
// place.
type Used struct {
	Key    string        `json:"key"`    // name of the block
	Window time.Duration `json:"window"` // of the block
	// Marks are what tells them apart, 16 bytes each.
	Marks []byte `json:"marks,omitempty"`
	// Since is the Unix time from which on all signatures of the key have been told
	// of; 0 while more are to come.
	Since int64 `json:"since,omitempty"`
}

// usedPart is how many marks are told at once.
const usedPart = 1 << 14

// Copy tells of all signatures that are remembered, then of each before its request
// is let in, until it is called with nil.
func (g *Gate) Copy(to func(Used)) {
	for _, name := range slices.Sorted(maps.Keys(g.signers)) {
		s := g.signers[name]
		if to == nil {
			s.seen.follow(nil)
			continue
		}
		all, since := s.seen.follow(func(t mark) { to(Used{Key: name, Window: s.window, Marks: t[:]}) })
		for part := range slices.Chunk(all, usedPart*len(mark{})) {
			to(Used{Key: name, Window: s.window, Marks: part})
		}
		to(Used{Key: name, Window: s.window, Since: since})
	}
}

// Apply takes in what another server tells of. What it tells of keys that are not
// known here is of no use.
func (g *Gate) Apply(u Used) {
	s := g.signers[u.Key]
	if s == nil {
		return
	}
	now := g.now()
	s.seen.restore(u.Marks, u.Window, now)
	if u.Since != 0 {
		s.seen.complete(u.Since, u.Window, now)
	}
}
