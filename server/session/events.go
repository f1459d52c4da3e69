package session

import (
	"container/list"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// How much is kept for clients that come back: bytes in all and of one stream,
// and how long after a stream has ended.
const (
	eventBytes  = 4 << 20
	streamBytes = 1 << 20
	endedFor    = time.Minute
)

// Events keeps what was sent on event streams, so that a client that has lost its
// connection gets the rest on another (MCP 2025-11-25, basic/transports,
// "Resumability and Redelivery"). It keeps a bounded number of bytes: the streams
// on which nothing has happened for the longest time lose theirs first.
type Events struct {
	now func() time.Time

	mu    sync.Mutex
	held  int
	order list.List    // of *Stream: the one that was quiet the longest in front
	copy  func(Change) // of whoever keeps a copy; nil for nobody
}

// Stream is the event stream that answers one POST. Its events count from 1; 0
// is what comes before them.
type Stream struct {
	events  *Events
	session *Session
	number  uint64
	// The rest is guarded by events.
	place   *list.Element
	kept    [][]byte
	first   int // number of kept[0]
	held    int
	carrier int // counts those that have taken the stream over
	ended   bool
	used    time.Time
	more    chan struct{} // closed at the next event
}

// Open begins a stream of the session.
func (e *Events) Open(s *Session) *Stream {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.tidy()
	s.streams++
	st := e.open(s, s.streams)
	e.copied(st, st.first, nil, false)
	return st
}

// open begins a stream of that number. The caller holds mu.
func (e *Events) open(s *Session, number uint64) *Stream {
	st := &Stream{events: e, session: s, number: number, first: 1, used: e.now(), more: make(chan struct{})}
	st.place = e.order.PushBack(st)
	s.kept = append(s.kept, st)
	return st
}

// ID names an event of the stream, for Last-Event-ID.
func (st *Stream) ID(number int) string {
	return strconv.FormatUint(st.number, 10) + "-" + strconv.Itoa(number)
}

// Append keeps a copy of a message, the last one of the stream if so said, and
// returns the number of its event. mine says whether the connection that the
// stream began on still carries it.
func (st *Stream) Append(message []byte, last bool) (number int, mine bool) {
	e := st.events
	e.mu.Lock()
	defer e.mu.Unlock()
	number = st.first + len(st.kept)
	if st.place == nil { // lost with its session
		return number, st.carrier == 0
	}
	st.ended = st.ended || last
	e.copied(st, number, [][]byte{message}, false)
	e.keep(st, slices.Clone(message))
	e.tidy()
	st.wake()
	return number, st.carrier == 0
}

// keep keeps an event, and forgets those for which it leaves no room. The caller
// holds mu.
func (e *Events) keep(st *Stream, message []byte) {
	st.kept = append(st.kept, message)
	st.held += len(message)
	e.held += len(message)
	st.used = e.now()
	e.order.MoveToBack(st.place)
	for st.held > streamBytes && len(st.kept) > 1 {
		e.forget(st)
	}
}

// Delivered says that the client has all of the stream, which is dropped.
func (st *Stream) Delivered() {
	st.events.mu.Lock()
	defer st.events.mu.Unlock()
	st.events.copied(st, st.first, nil, true)
	st.events.drop(st)
}

// Resume takes over the stream that an event of that id was on. Whoever carried
// it before carries it no more. The error says why there is nothing to take over.
func (e *Events) Resume(s *Session, lastEventID string) (*Carrier, error) {
	before, after, ok := strings.Cut(lastEventID, "-")
	number, err := strconv.ParseUint(before, 10, 64)
	last, err2 := strconv.Atoi(after)
	if !ok || err != nil || err2 != nil || last < 0 {
		return nil, fmt.Errorf("the event ID is not one of this server")
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, st := range s.kept {
		if st.number != number {
			continue
		}
		if last+1 < st.first || last >= st.first+len(st.kept) {
			return nil, fmt.Errorf("the events that follow are not kept any more")
		}
		st.carrier++
		st.wake() // whoever carried it
		return &Carrier{stream: st, turn: st.carrier, next: last + 1}, nil
	}
	return nil, fmt.Errorf("the stream of the event is not kept any more")
}

// Carrier is a connection that has taken a stream over.
type Carrier struct {
	stream *Stream
	turn   int
	next   int
}

// Next returns the events that have not been carried yet, the number of the
// first of them, and whether the stream goes on after them; more is closed when
// there are others.
func (c *Carrier) Next() (events [][]byte, first int, more <-chan struct{}, goesOn bool) {
	st := c.stream
	st.events.mu.Lock()
	defer st.events.mu.Unlock()
	if st.carrier != c.turn || st.place == nil && !st.ended || c.next < st.first {
		return nil, c.next, nil, false // taken over by another, or lost
	}
	first = c.next
	events = slices.Clone(st.kept[c.next-st.first:])
	c.next += len(events)
	return events, first, st.more, !st.ended
}

// Stream is what is carried.
func (c *Carrier) Stream() *Stream { return c.stream }

// end drops all streams of a session that has ended.
func (e *Events) end(s *Session) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for len(s.kept) > 0 {
		e.drop(s.kept[0])
	}
}

// tidy drops what has ended for long enough, and what is too much. The caller
// holds mu.
func (e *Events) tidy() {
	limit := e.now().Add(-endedFor)
	for at := e.order.Front(); at != nil; {
		st := at.Value.(*Stream)
		at = at.Next()
		if e.held > eventBytes {
			for e.held > eventBytes && len(st.kept) > 0 {
				e.forget(st)
			}
		}
		switch {
		case st.used.After(limit):
			if e.held <= eventBytes {
				return
			}
		case st.ended:
			e.drop(st)
		}
	}
}

// forget drops the oldest event of a stream. The caller holds mu.
func (e *Events) forget(st *Stream) {
	n := len(st.kept[0])
	st.kept, st.first = st.kept[1:], st.first+1
	st.held -= n
	e.held -= n
}

// drop drops a stream. The caller holds mu.
func (e *Events) drop(st *Stream) {
	if st.place == nil {
		return
	}
	e.order.Remove(st.place)
	st.place = nil
	e.held -= st.held
	st.held, st.kept, st.first = 0, nil, st.first+len(st.kept)
	if i := slices.Index(st.session.kept, st); i >= 0 {
		st.session.kept = slices.Delete(st.session.kept, i, i+1)
	}
	if len(st.session.kept) == 0 {
		st.session.kept = nil
	}
	st.wake()
}

// wake has carriers look at the stream. The caller holds mu.
func (st *Stream) wake() {
	close(st.more)
	st.more = make(chan struct{})
}
