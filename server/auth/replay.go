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

// seen remembers signatures for a span. They are in two halves: when the younger
// is a span old, it becomes the older, and what was older is forgotten.
type seen struct {
	span time.Duration
	most int

	mu         sync.Mutex
	young, old map[[16]byte]struct{}
	turn       time.Time // when the younger half began
}

func newSeen(span time.Duration, most int) *seen {
	return &seen{span: span, most: most, young: map[[16]byte]struct{}{}}
}

type verdict uint8

const (
	first verdict = iota
	again
	full
)

// add remembers a signature, and says whether it was there already. Half of its
// bytes tell it from others.
func (s *seen) add(mac [sha256.Size]byte, now time.Time) verdict {
	key := [16]byte(mac[:16])
	s.mu.Lock()
	defer s.mu.Unlock()
	switch age := now.Sub(s.turn); {
	case age > 2*s.span:
		s.young, s.old, s.turn = map[[16]byte]struct{}{}, nil, now
	case age > s.span:
		s.young, s.old, s.turn = map[[16]byte]struct{}{}, s.young, now
	}
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
	return first
}
