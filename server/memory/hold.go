package memory

import (
	"context"
	"errors"
	"sync/atomic"
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

// Take holds n more bytes of a message. It reports false when there is no room
// for them; then nothing more is held. After Release it holds nothing.
func (h *Hold) Take(n int) bool {
	if h == nil || n <= 0 {
		return true
	}
	if !h.budget.take(int64(n) * weight) {
		return false
	}
	h.add(int64(n) * weight)
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
		h.Must(n - int(max(h.held.Load(), 0)/weight))
	}
}

// add notes what the budget has counted.
func (h *Hold) add(n int64) {
	for {
		held := h.held.Load()
		if held == released {
			h.budget.used.Add(-n)
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
			h.budget.used.Add(-held)
			return
		}
	}
}

// Release gives everything back, for good.
func (h *Hold) Release() {
	if h != nil {
		if held := h.held.Swap(released); held > 0 {
			h.budget.used.Add(-held)
		}
	}
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
