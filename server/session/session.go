package session

import (
	"sync"
	"time"

	"github.com/erlmcp/erlmcp/server/protocol"
)

// ID names a session: 128 random bits.
type ID [16]byte

// Session is what is remembered of a client between its requests.
type Session struct {
	Client
	// Version is what initialize settled on.
	Version protocol.Version
	// Owner is the identity that has opened the session; "" without auth. The
	// session is there for nobody else.
	Owner string

	id         ID
	used       time.Time // guarded by the table
	prev, next *Session  // guarded by the table: neighbours by use

	streams uint64    // how many there were; guarded by Events
	kept    []*Stream // guarded by Events

	stream sync.Mutex
	closed chan struct{} // of the open stream; nil without one
	told   uint64        // the catalog's revision that the client knows of
}

// OpenStream makes the caller the one that carries notifications to the client.
// An older stream of the session ends, as a client opens a new one when it has
// lost the old. The stream must end when ended is closed; the caller calls close
// when it does.
func (s *Session) OpenStream() (ended <-chan struct{}, close func()) {
	s.stream.Lock()
	defer s.stream.Unlock()
	s.endStream()
	mine := make(chan struct{})
	s.closed = mine
	return mine, func() {
		s.stream.Lock()
		defer s.stream.Unlock()
		if s.closed == mine {
			s.closed = nil
		}
	}
}

// endStream ends the open stream, if any. The caller holds stream.
func (s *Session) endStream() {
	if s.closed != nil {
		close(s.closed)
		s.closed = nil
	}
}

// Told is the revision of the catalog that the client knows of.
func (s *Session) Told() uint64 {
	s.stream.Lock()
	defer s.stream.Unlock()
	return s.told
}

// Tell records the revision of the catalog that the client has been told of.
func (s *Session) Tell(revision uint64) {
	s.stream.Lock()
	defer s.stream.Unlock()
	s.told = revision
}
