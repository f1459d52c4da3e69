package memory

import "sync/atomic"

const (
	// weight is how many bytes live, at most, for one byte of a message: as it was
	// read, decoded, in a result, and encoded again.
	weight = 4
	// base is what the process needs for itself.
	base = 32 << 20
	// least is the smallest budget, however little memory there is.
	least = 4 << 20
	// perConnection is what an open connection holds when it is idle.
	perConnection = 16 << 10
	// Small is the size in bytes up to which a message is always taken: those
	// that control a server are smaller.
	Small = 4 << 10
)

// Budget is what requests in progress may hold. It is safe for concurrent use; a
// nil budget is without bound.
type Budget struct {
	room        int64
	used        atomic.Int64
	connections atomic.Int64
	elder       atomic.Pointer[Hold] // that waits for room, or has; there is one at a time
	freed       chan struct{}        // tells the elder that something was given back
}

// NewBudget returns the budget of a process that may have so many bytes of memory
// altogether: three quarters of what is left for requests, so that the collector
// has room to work in.
func NewBudget(limit int64) *Budget {
	return &Budget{room: max((limit/10*9-base)/4*3, least), freed: make(chan struct{}, 1)}
}

// Share is how much of the budget is held; it can be a little more than 1.
func (b *Budget) Share() float64 {
	if b == nil {
		return 0
	}
	return float64(b.used.Load()) / float64(b.room)
}

// Most is the size of the largest message that there can ever be room for.
func (b *Budget) Most() int64 {
	if b == nil {
		return 1<<63 - 1
	}
	return b.room / weight
}

// take holds so many bytes if there is room for them.
func (b *Budget) take(n int64) bool {
	if b.used.Add(n) > b.room {
		b.used.Add(-n)
		return false
	}
	return true
}

// give takes n bytes back.
func (b *Budget) give(n int64) {
	b.used.Add(-n)
	if b.elder.Load() != nil {
		select {
		case b.freed <- struct{}{}:
		default:
		}
	}
}

// Connect holds what an open connection needs, unless all connections together
// hold most of the budget already; Disconnect gives it back. What requests hold
// does not matter: a client that is refused must hear it.
func (b *Budget) Connect() bool {
	if b == nil {
		return true
	}
	if b.connections.Add(1) > b.room/4*3/perConnection {
		b.connections.Add(-1)
		return false
	}
	b.used.Add(perConnection)
	return true
}

// Disconnect gives back what Connect has taken.
func (b *Budget) Disconnect() {
	if b != nil {
		b.connections.Add(-1)
		b.give(perConnection)
	}
}
