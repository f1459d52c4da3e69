package session

import (
	"crypto/rand"
	"encoding/hex"
	"sync"
	"time"

	"github.com/erlmcp/erlmcp/server/protocol"
)

// Table is the sessions that are open. It is safe for concurrent use.
type Table struct {
	// Events are what was sent on streams of the sessions.
	Events *Events
	// Missing is called when a session is not found, and may see to it that it is
	// there. It is set before the table is used; nil for nothing.
	Missing func()

	most int
	ttl  time.Duration
	now  func() time.Time

	mu       sync.Mutex
	sessions map[ID]*Session
	copy     func(Change) // of whoever keeps a copy; nil for nobody
	oldest   Session      // sentinel of a ring: next is the one idle the longest, prev the latest used
}

// NewTable returns a table of at most that many sessions, each kept for ttl
// after its last use. now is the clock.
func NewTable(most int, ttl time.Duration, now func() time.Time) *Table {
	t := &Table{Events: &Events{now: now}, most: most, ttl: ttl, now: now, sessions: map[ID]*Session{}}
	t.oldest.prev, t.oldest.next = &t.oldest, &t.oldest
	return t
}

// Open starts a session of a client that can do this, and returns its name as
// clients carry it: visible ASCII.
// revision is that of the catalog that the client is about to see.
func (t *Table) Open(v protocol.Version, can protocol.Capabilities, owner string, revision uint64) string {
	s := &Session{Version: v, Owner: owner, told: revision}
	s.Declare(can)
	s.of = s
	rand.Read(s.id[:]) // never fails: see crypto/rand
	t.mu.Lock()
	defer t.mu.Unlock()
	t.expire()
	if len(t.sessions) >= t.most {
		t.remove(t.oldest.next)
	}
	t.sessions[s.id] = s
	t.use(s)
	if t.copy != nil {
		t.copy(Change{Opened: t.record(s)})
	}
	return s.name()
}

// Get returns the session of that name and counts it as used now; nil when there
// is none (any more).
func (t *Table) Get(name string) *Session {
	s := t.get(name)
	if s == nil && t.Missing != nil {
		t.Missing()
		s = t.get(name)
	}
	return s
}

func (t *Table) get(name string) *Session {
	id, ok := parse(name)
	if !ok {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.expire()
	s := t.sessions[id]
	if s != nil {
		unlink(s)
		t.use(s)
	}
	return s
}

// Close ends the session of that name and reports whether there was one.
func (t *Table) Close(name string) bool {
	id, ok := parse(name)
	if !ok {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.sessions[id]
	if s == nil {
		return false
	}
	t.remove(s)
	if t.copy != nil {
		t.copy(Change{Closed: name})
	}
	return true
}

// Len is how many sessions are open.
func (t *Table) Len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.expire()
	return len(t.sessions)
}

// expire removes the sessions that have been idle too long. They are at the
// front, so that each costs its removal and no more.
func (t *Table) expire() {
	limit := t.now().Add(-t.ttl)
	for s := t.oldest.next; s != &t.oldest && s.used.Before(limit); s = t.oldest.next {
		t.remove(s)
	}
}

func (t *Table) remove(s *Session) {
	delete(t.sessions, s.id)
	unlink(s)
	s.stream.Lock()
	s.endStream()
	s.stream.Unlock()
	s.End()
	t.Events.end(s)
}

func (t *Table) use(s *Session) {
	s.used = t.now()
	last := t.oldest.prev
	s.prev, s.next = last, &t.oldest
	last.next, t.oldest.prev = s, s
}

func unlink(s *Session) {
	s.prev.next, s.next.prev = s.next, s.prev
	s.prev, s.next = nil, nil
}

func parse(name string) (id ID, ok bool) {
	if len(name) != hex.EncodedLen(len(id)) {
		return id, false
	}
	_, err := hex.Decode(id[:], []byte(name))
	return id, err == nil
}
