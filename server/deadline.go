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

// pause stops the clock until resume is called as often.
func (d *deadline) pause() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.waiting++; d.waiting == 1 && d.timer.Stop() {
		d.left = time.Until(d.ends)
	}
}

func (d *deadline) resume() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.waiting--; d.waiting == 0 {
		d.ends = time.Now().Add(d.left)
		d.timer.Reset(d.left)
	}
}
