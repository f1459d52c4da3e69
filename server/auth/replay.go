package auth

import (
	"crypto/sha256"
	"sync"
	"time"
)

// maxSeen is how many signatures are remembered, of all keys together: about
// 40 MB when a server is busy that long. None is forgotten early, as it could be
// used again then: when there is no room, requests are refused.
const maxSeen = 1 << 19

// mark tells a signature from others: half of its bytes.
type mark [sha256.Size / 2]byte

// seen remembers signatures for a span. They are in two halves: when the younger
// is a span old, it becomes the older, and what was older is forgotten.
type seen struct {
	span time.Duration
	most int

	mu         sync.Mutex
	young, old map[mark]struct{}
	turn       time.Time  // when the younger half began
	since      int64      // Unix time from which on what was made is remembered
	tell       func(mark) // hears of each that is remembered; may be nil
}

func newSeen(span time.Duration, most int, since time.Time) *seen {
	return &seen{span: span, most: most, young: map[mark]struct{}{}, since: since.Unix()}
}

type verdict uint8

const (
	first verdict = iota
	again
	full
	early // nobody knows whether it was used
)

// add remembers a signature that was made at that Unix time, and says whether it
// was there already.
func (s *seen) add(mac []byte, created int64, now time.Time) verdict {
	key := mark(mac)
	s.mu.Lock()
	defer s.mu.Unlock()
	if created < s.since {
		return early
	}
	s.age(now)
	if _, ok := s.young[key]; ok {
		return again
	}
	if _, ok := s.old[key]; ok {
		return again
	}
	if len(s.young)+len(s.old) >= s.most {
		return full
	}
	s.young[key] = struct{}{}
	if s.tell != nil {
		s.tell(key)
	}
	return first
}

func (s *seen) age(now time.Time) {
	switch age := now.Sub(s.turn); {
	case age > 2*s.span:
		s.young, s.old, s.turn = map[mark]struct{}{}, nil, now
	case age > s.span:
		s.young, s.old, s.turn = map[mark]struct{}{}, s.young, now
	}
}

// follow returns all that is remembered, one after another, and has each that is
// remembered from now on told.
func (s *seen) follow(tell func(mark)) (all []byte, since int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tell = tell
	if tell == nil {
		return nil, s.since
	}
	for _, half := range []map[mark]struct{}{s.old, s.young} {
		for key := range half {
			all = append(all, key[:]...)
		}
	}
	return all, s.since
}

// restore remembers what another server did, whose signatures were good for window
// before and after they were made. They are kept until the last of them is good for
// nothing here.
func (s *seen) restore(all []byte, window time.Duration, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.age(now)
	for ; len(all) >= len(mark{}); all = all[len(mark{}):] {
		s.young[mark(all)] = struct{}{}
	}
	// They may be of a clock that is ahead by their window, and are good for ours,
	// half a span, after that. The younger half is kept for a span at least.
	if turn := now.Add(window - s.span/2); s.turn.Before(turn) {
		s.turn = turn
	}
}

// complete notes that what another server has remembered since then is remembered
// here too: it has forgotten what was made longer ago than its window.
func (s *seen) complete(since int64, window time.Duration, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.since = min(s.since, max(since, now.Add(-window).Unix()))
}
