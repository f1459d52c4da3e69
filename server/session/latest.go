package session

import (
	"encoding/hex"
	"time"

	"github.com/erlmcp/erlmcp/server/protocol"
)

// Brief is what may be told of a session to whoever looks at the server.
type Brief struct {
	Name       string // the beginning of it, which opens nothing
	Version    protocol.Version
	Owner      string
	Used       time.Time
	Subscribed int // resources
	Streaming  bool
}

// Latest tells of the sessions that were used last, at most that many.
func (t *Table) Latest(most int) []Brief {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.expire()
	out := make([]Brief, 0, max(0, min(most, len(t.sessions))))
	for s := t.oldest.prev; s != &t.oldest && len(out) < most; s = s.prev {
		s.stream.Lock()
		streaming := s.closed != nil
		s.stream.Unlock()
		out = append(out, Brief{
			Name: hex.EncodeToString(s.id[:4]), Version: s.Version, Owner: s.Owner, Used: s.used,
			Subscribed: len(s.Subscribed()), Streaming: streaming,
		})
	}
	return out
}
