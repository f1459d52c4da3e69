package server

import (
	"context"
	"sync"
	"time"
)

// deadline ends a call that takes too long. It stands still while the call waits
// for its client.
type deadline struct {
	cancel context.CancelCauseFunc

	mu      sync.Mutex
	left    time.Duration // when it stands still
	ends    time.Time
	waiting int
	timer   *time.Timer
}

// withDeadline returns a context that ends with [context.DeadlineExceeded] as its
// cause after that time, and what must be called at the end.
func withDeadline(ctx context.Context, limit time.Duration) (context.Context, *deadline) {
	ctx, cancel := context.WithCancelCause(ctx)
	d := &deadline{cancel: cancel, ends: time.Now().Add(limit)}
	d.timer = time.AfterFunc(limit, func() { cancel(context.DeadlineExceeded) })
	return ctx, d
}

func (d *deadline) end() {
	d.timer.Stop()
	d.cancel(nil)
}

// pause stops the clock until resume has been called as often. first and last
// say which call of them changes anything.
func (d *deadline) pause() (first bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waiting++
	if first = d.waiting == 1; first && d.timer.Stop() {
		d.left = time.Until(d.ends)
	}
	return first
}

func (d *deadline) resume() (last bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waiting--
	if last = d.waiting == 0; last {
		d.ends = time.Now().Add(d.left)
		d.timer.Reset(d.left)
	}
	return last
}
