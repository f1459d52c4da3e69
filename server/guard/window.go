package guard

import (
	"sync/atomic"
	"time"
)

// span is the length of the sliding window.
const span = time.Minute

// buckets is how finely a window divides a span when it does not keep every
// admission apart.
const buckets = 1024

// window is what one client was admitted to within the last span: a queue of
// entries, oldest first, of which each stands for count admissions, the last of
// them at stamp. An entry leaves the window a span after its stamp. Entries that
// were melted together so leave late, never early: a window may hold a client
// back for a moment too long, but never lets one request too many through.
type window struct {
	stamps []time.Duration // a ring, as long as counts
	counts []uint32
	first  int // index of the oldest entry
	length int
	total  int // sum of counts
}

// expire drops what is older than a span.
func (w *window) expire(now time.Duration) {
	for w.length > 0 && now-w.stamps[w.first] >= span {
		w.total -= int(w.counts[w.first])
		w.first = (w.first + 1) % len(w.stamps)
		w.length--
	}
}

// frees returns how long it takes until the oldest entry leaves.
func (w *window) frees(now time.Duration) time.Duration {
	return w.stamps[w.first] + span - now
}

// add records an admission. A grain above 0 melts it with those of the same
// grain of time; so does a lack of room.
func (w *window) add(now, grain time.Duration, room *atomic.Int64) {
	w.total++
	last := (w.first + w.length - 1 + len(w.stamps)) % max(len(w.stamps), 1)
	if w.length > 0 {
		now = max(now, w.stamps[last]) // callers read the clock before they take their turn
		melts := w.stamps[last] == now || grain > 0 && w.stamps[last]/grain == now/grain
		if melts || w.length == len(w.stamps) && !w.grow(room) {
			w.stamps[last] = now
			w.counts[last]++
			return
		}
	} else if len(w.stamps) == 0 {
		w.stamps, w.counts = make([]time.Duration, 1), make([]uint32, 1)
	}
	next := (w.first + w.length) % len(w.stamps)
	w.stamps[next], w.counts[next] = now, 1
	w.length++
}

// retract takes one admission out of the youngest entry.
func (w *window) retract() {
	if w.length == 0 {
		return // it has left already
	}
	last := (w.first + w.length - 1) % len(w.stamps)
	w.total--
	if w.counts[last]--; w.counts[last] == 0 {
		w.length--
	}
}

// grow doubles the ring, if there is room for that many more entries.
func (w *window) grow(room *atomic.Int64) bool {
	n := int64(len(w.stamps))
	if room.Add(-n) < 0 {
		room.Add(n)
		return false
	}
	stamps, counts := make([]time.Duration, 2*n), make([]uint32, 2*n)
	for i := range w.length {
		at := (w.first + i) % len(w.stamps)
		stamps[i], counts[i] = w.stamps[at], w.counts[at]
	}
	w.stamps, w.counts, w.first = stamps, counts, 0
	return true
}

// free gives back the room that grow took.
func (w *window) free(room *atomic.Int64) {
	if n := len(w.stamps); n > 1 {
		room.Add(int64(n - 1))
	}
}
