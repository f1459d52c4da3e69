package server

import (
	"context"
	"encoding/json"
	"errors"
	"sync"

	"github.com/erlmcp/erlmcp/server/session"
)

// errCancelled is the cause of a context that the client has cancelled.
var errCancelled = errors.New("cancelled by the client")

// inflight knows the requests that can be cancelled by name.
type inflight struct {
	mu      sync.Mutex
	cancels map[requestKey]*context.CancelCauseFunc
}

// requestKey names a request: the client that its id belongs to, and the id as it
// was written.
type requestKey struct {
	peer *session.Client
	id   string
}

func newInflight() *inflight {
	return &inflight{cancels: map[requestKey]*context.CancelCauseFunc{}}
}

// begin returns a context that [inflight.cancel] ends, and what must be called
// at the end of the request. Without a peer nothing can cancel it.
func (f *inflight) begin(ctx context.Context, peer *session.Client, id json.RawMessage) (context.Context, func()) {
	if peer == nil {
		return ctx, func() {}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	key, mine := requestKey{peer, string(id)}, &cancel
	f.mu.Lock()
	f.cancels[key] = mine // a client that uses an id twice can cancel the later
	f.mu.Unlock()
	return ctx, func() {
		f.mu.Lock()
		if f.cancels[key] == mine {
			delete(f.cancels, key)
		}
		f.mu.Unlock()
		cancel(nil)
	}
}

// cancel ends a request, if it is still in progress.
func (f *inflight) cancel(peer *session.Client, id json.RawMessage) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if cancel := f.cancels[requestKey{peer, string(id)}]; cancel != nil {
		(*cancel)(errCancelled)
	}
}
