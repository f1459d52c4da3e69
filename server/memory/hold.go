package memory

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// ErrShort is what fails for want of memory.
var ErrShort = errors.New("the server is short of memory")

// Hold is what one request holds of a budget. It is safe for concurrent use; a
// nil hold is without bound.
type Hold struct {
	budget *Budget
	held   atomic.Int64 // released when below 0
}

const released = -1

// Hold returns a hold of nothing yet; nil for a nil budget.
func (b *Budget) Hold() *Hold {
	if b == nil {
		return nil
	}
	return &Hold{budget: b}
}

// patience is how long the one request that may wait for room waits.
const patience = 2 * time.Second

// Take holds n more bytes of a message. It reports false when there is no room
// for them; then nothing more is held. One request at a time waits for a while for
// others to give back what they hold: so that of many that together ask for too
// much not all fail. After Release it holds nothing.
func (h *Hold) Take(n int) bool {
	if h == nil || n <= 0 {
		return true
	}
	if !h.budget.take(int64(n)*weight) && !h.wait(int64(n)*weight) {
		return false
	}
	h.add(int64(n) * weight)
	return true
}

// wait takes room when there is some, if this is the request that may wait.
func (h *Hold) wait(n int64) bool {
	b := h.budget
	held := max(h.held.Load(), 0)
	if held+n > b.room || !b.elder.CompareAndSwap(nil, h) && b.elder.Load() != h {
		return false
	}
	end := time.NewTimer(patience)
	defer end.Stop()
	for !b.take(n) {
		select {
		case <-b.freed:
		case <-end.C:
			return false
		}
	}
	return true
}

// Must holds n more bytes of what is there already, or is small, whether there is
// room or not.
func (h *Hold) Must(n int) {
	if h != nil && n > 0 {
		h.budget.used.Add(int64(n) * weight)
		h.add(int64(n) * weight)
	}
}

// Answer holds an answer of n bytes, as far as what it was made of is not held
// already.
func (h *Hold) Answer(n int) {
	if h != nil {
		h.Must(n - int(max(h.held.Load(), 0)/weight)) // of what is there
	}
}

// Reach holds a message of n bytes altogether, of which a part may be held
// already, as Take does.
func (h *Hold) Reach(n int) bool {
	return h == nil || h.Take(n-int(max(h.held.Load(), 0)/weight))
}

// add notes what the budget has counted.
func (h *Hold) add(n int64) {
	for {
		held := h.held.Load()
		if held == released {
			h.budget.give(n)
			return
		}
		if h.held.CompareAndSwap(held, held+n) {
			return
		}
	}
}

// Drop gives back what is held so far; the hold goes on.
func (h *Hold) Drop() {
	if h == nil {
		return
	}
	for {
		held := h.held.Load()
		if held == released {
			return
		}
		if h.held.CompareAndSwap(held, 0) {
			h.budget.give(held)
			return
		}
	}
}

// Release gives everything back, for good.
func (h *Hold) Release() {
	if h == nil {
		return
	}
	if held := h.held.Swap(released); held > 0 {
		h.budget.give(held)
	}
	h.budget.elder.CompareAndSwap(h, nil)
}

type holdKey struct{}

// With returns a context that carries the hold of a request.
func With(ctx context.Context, h *Hold) context.Context {
	if h == nil {
		return ctx
	}
	return context.WithValue(ctx, holdKey{}, h)
}

// Of returns the hold of the request that a context is for, or nil.
func Of(ctx context.Context) *Hold {
	h, _ := ctx.Value(holdKey{}).(*Hold)
	return h
}
