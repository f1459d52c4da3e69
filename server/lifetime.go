package server

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/erlmcp/erlmcp/server/session"
)

// errCancelled is the cause of a context that the client has cancelled.
var errCancelled = errors.New("cancelled by the client")

// lifetime is the context of one call. It ends when the client cancels the call, when
// its time is over, and with the call itself. Its time stands still while the call
// waits for its client.
//
// Most calls are over before anything asks when they end, and for these it makes
// neither a channel nor a timer: what is needed for that is made when first asked
// for.
type lifetime struct {
	parent  context.Context
	pending session.Pending
	peer    *session.Client // that can cancel it; nil for nobody

	mu      sync.Mutex
	ends    time.Time // zero without a limit
	left    time.Duration
	waiting int
	over    bool
	timer   *time.Timer
	ctx     context.Context // nil until somebody asks
	cancel  context.CancelCauseFunc
}

// begin starts it. A limit of 0 is none.
func (s *lifetime) begin(parent context.Context, peer *session.Client, id []byte, limit time.Duration) {
	s.parent, s.peer = parent, peer
	if limit > 0 {
		s.ends = time.Now().Add(limit)
	}
	if peer != nil {
		s.pending.ID, s.pending.Cancel = id, s.cancelled
		peer.Begin(&s.pending)
	}
}

// unlist takes the call out of those that the client can cancel. Its id may be
// used again afterwards.
func (s *lifetime) unlist() {
	if s.peer != nil {
		s.peer.Finish(&s.pending)
		s.peer = nil
	}
}

// end ends the context, for whatever goes on after the call.
func (s *lifetime) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	if s.timer != nil {
		s.timer.Stop()
	}
	if s.ctx != nil {
		s.cancel(nil)
	}
}

func (s *lifetime) cancelled() { s.stop(errCancelled) }

func (s *lifetime) stop(cause error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.make()
	s.cancel(cause)
}

// make makes what tells of the end. The caller holds mu.
func (s *lifetime) make() {
	if s.ctx != nil {
		return
	}
	s.ctx, s.cancel = context.WithCancelCause(s.parent)
	switch {
	case s.over:
		s.cancel(nil)
	case !s.ends.IsZero():
		s.timer = time.AfterFunc(time.Until(s.ends), func() { s.stop(context.DeadlineExceeded) })
	}
}

// Deadline implements [context.Context]. That of the call may move, so that it is
// none to rely on.
func (s *lifetime) Deadline() (time.Time, bool) { return s.parent.Deadline() }

// Done implements [context.Context].
func (s *lifetime) Done() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.make()
	return s.ctx.Done()
}

// Err implements [context.Context].
func (s *lifetime) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx == nil && !s.over && (s.ends.IsZero() || time.Now().Before(s.ends)) {
		return s.parent.Err()
	}
	if s.ctx == nil {
		s.make()
		if !s.over {
			s.cancel(context.DeadlineExceeded)
		}
	}
	return s.ctx.Err()
}

// Value implements [context.Context].
func (s *lifetime) Value(key any) any {
	s.mu.Lock()
	ctx := s.ctx
	s.mu.Unlock()
	if ctx == nil {
		ctx = s.parent
	}
	return ctx.Value(key)
}

// cause is why the context has ended; nil while it has not.
func (s *lifetime) cause() error {
	s.mu.Lock()
	ctx := s.ctx
	s.mu.Unlock()
	if ctx == nil {
		return nil
	}
	return context.Cause(ctx)
}

// pause stops the clock until resume has been called as often. first and last
// say which call of them changes anything.
func (s *lifetime) pause() (first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.make()
	s.waiting++
	if first = s.waiting == 1; first && s.timer != nil && s.timer.Stop() {
		s.left = time.Until(s.ends)
	}
	return first
}

func (s *lifetime) resume() (last bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting--
	if last = s.waiting == 0; last && s.timer != nil {
		s.ends = time.Now().Add(s.left)
		s.timer.Reset(s.left)
	}
	return last
}
