package session

import (
	"encoding/hex"
	"slices"
	"time"

	"github.com/erlmcp/erlmcp/server/protocol"
)

// Change is one thing that has changed in a table, for a server that keeps a copy
// of it. One of its members is set.
type Change struct {
	Opened *Record       `json:"opened,omitempty"` // or changed
	Closed string        `json:"closed,omitempty"` // the name of the session
	Stream *StreamRecord `json:"stream,omitempty"`
}

// Record is a session.
type Record struct {
	Name    string           `json:"name"`
	Version protocol.Version `json:"version"`
	Owner   string           `json:"owner,omitempty"`
	Memory
	Told    uint64        `json:"told"`
	Streams uint64        `json:"streams,omitempty"`
	Idle    time.Duration `json:"idle"` // since its last use
}

// StreamRecord is what has come to an event stream.
type StreamRecord struct {
	Session string   `json:"session"`
	Number  uint64   `json:"number"`
	First   int      `json:"first"` // number of the first of the events
	Events  [][]byte `json:"events,omitempty"`
	Ended   bool     `json:"ended,omitempty"`
	Dropped bool     `json:"dropped,omitempty"`
}

// apart is how far the numbers of a server are from those of the one that it has
// the sessions of: both count on for a while.
const apart = 1 << 20

// Copy tells of all that is in the table, then of each change before whoever made
// it hears of it, until it is called with nil.
func (t *Table) Copy(to func(Change)) {
	t.mu.Lock()
	t.copy = to
	var all []*Session
	for s := t.oldest.next; s != &t.oldest; s = s.next {
		all = append(all, s)
	}
	t.mu.Unlock()
	t.Events.setCopy(to)
	if to == nil {
		return
	}
	for _, s := range all {
		t.renew(s)
		t.Events.tell(s)
	}
}

// Renew tells of a session whose memory has changed, if somebody keeps a copy.
func (t *Table) Renew(c *Client) {
	if c.of != nil {
		t.renew(c.of)
	}
}

func (t *Table) renew(s *Session) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.copy != nil && t.sessions[s.id] == s {
		t.copy(Change{Opened: t.record(s)})
	}
}

func (t *Table) record(s *Session) *Record {
	return &Record{
		Name: s.name(), Version: s.Version, Owner: s.Owner, Memory: s.Client.Memory(), Told: s.Told(),
		Streams: t.Events.opened(s), Idle: t.now().Sub(s.used),
	}
}

// Apply makes a change that another table has told of.
func (t *Table) Apply(c Change) {
	switch {
	case c.Opened != nil:
		t.restore(c.Opened)
	case c.Closed != "":
		t.Close(c.Closed)
	case c.Stream != nil:
		if s := t.get(c.Stream.Session); s != nil {
			t.Events.restore(s, c.Stream)
		}
	}
}

func (t *Table) restore(r *Record) {
	id, ok := parse(r.Name)
	if !ok {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.sessions[id]
	if s == nil {
		if len(t.sessions) >= t.most {
			return // the most recent ones come last; what was used since is here already
		}
		s = &Session{Version: r.Version, Owner: r.Owner, id: id, streams: r.Streams + apart}
		s.of = s
		r.Asked += apart
		t.sessions[id] = s
		t.use(s)
		s.used = t.now().Add(-r.Idle)
	}
	s.Recall(r.Memory)
	s.Tell(max(s.Told(), r.Told))
}

func (s *Session) name() string { return hex.EncodeToString(s.id[:]) }

func (e *Events) setCopy(to func(Change)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.copy = to
}

// opened is how many streams a session has had.
func (e *Events) opened(s *Session) uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return s.streams
}

// tell tells of the streams of a session.
func (e *Events) tell(s *Session) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, st := range s.kept {
		e.copied(st, st.first, st.kept, false)
	}
}

// copied tells whoever keeps a copy of events of a stream. The caller holds mu.
func (e *Events) copied(st *Stream, first int, events [][]byte, dropped bool) {
	if e.copy != nil {
		e.copy(Change{Stream: &StreamRecord{
			Session: st.session.name(), Number: st.number, First: first, Events: events, Ended: st.ended, Dropped: dropped,
		}})
	}
}

// restore takes in what has come to a stream on another server.
func (e *Events) restore(s *Session, r *StreamRecord) {
	e.mu.Lock()
	defer e.mu.Unlock()
	i := slices.IndexFunc(s.kept, func(st *Stream) bool { return st.number == r.Number })
	switch {
	case r.Dropped && i >= 0:
		e.drop(s.kept[i])
		return
	case r.Dropped:
		return
	case i < 0:
		st := e.open(s, r.Number)
		st.first = r.First
		i = len(s.kept) - 1
	}
	st := s.kept[i]
	if r.First < st.first { // all of it, and only the latest was told before
		e.held -= st.held
		st.held, st.kept, st.first = 0, nil, r.First
	}
	for n, message := range r.Events {
		if r.First+n >= st.first+len(st.kept) {
			e.keep(st, message)
		}
	}
	st.ended = st.ended || r.Ended
	e.tidy()
	st.wake()
}
