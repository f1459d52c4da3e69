package transport

import (
	"errors"
	"math"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// timed is a connection whose deadlines may be set for every message and cost
// next to nothing: one that only moves on is not handed to the connection below
// until the earlier one has passed there. One reader and one writer at a time.
type timed struct {
	net.Conn
	read, write deadline
}

// deadline is when an operation ends, as moments of the clock of moment.
type deadline struct {
	wanted atomic.Int64
	busy   atomic.Bool // an operation is in progress

	mu    sync.Mutex   // held while armed changes
	armed atomic.Int64 // what the connection below knows; at most wanted, while busy
}

// never is the moment of no deadline.
const never = math.MaxInt64

// epoch is a time that moments are counted from: they follow the monotonic clock.
var epoch = time.Now()

func moment(t time.Time) int64 {
	if t.IsZero() {
		return never
	}
	return int64(t.Sub(epoch))
}

// begin takes up a connection that has no deadlines yet.
func (t *timed) begin(conn net.Conn) {
	t.Conn = conn
	for _, d := range []*deadline{&t.read, &t.write} {
		d.wanted.Store(never)
		d.armed.Store(never)
	}
}

// set sets the deadline, also of an operation in progress.
func (d *deadline) set(t time.Time, arm func(time.Time) error) error {
	d.wanted.Store(moment(t))
	if d.busy.Load() {
		return d.arm(arm)
	}
	return nil // begin looks at it
}

// arm sees to it that the connection below wakes up in time.
func (d *deadline) arm(arm func(time.Time) error) error {
	if d.armed.Load() <= d.wanted.Load() {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	wanted := d.wanted.Load()
	if d.armed.Load() <= wanted {
		return nil
	}
	d.armed.Store(wanted)
	return arm(epoch.Add(time.Duration(wanted)))
}

func (d *deadline) begin(arm func(time.Time) error) error {
	d.busy.Store(true)
	if d.wanted.Load() < 0 { // before the program began: what must end at once
		return os.ErrDeadlineExceeded
	}
	return d.arm(arm)
}

// tooEarly reports whether the connection below has woken up for a deadline that
// has moved on since, after which the operation goes on.
func (d *deadline) tooEarly(err error, arm func(time.Time) error) bool {
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	wanted := d.wanted.Load()
	if wanted <= moment(time.Now()) {
		return false
	}
	d.armed.Store(wanted)
	if wanted == never {
		return arm(time.Time{}) == nil
	}
	return arm(epoch.Add(time.Duration(wanted))) == nil
}

// Read reads until the deadline for reading.
func (t *timed) Read(p []byte) (n int, err error) {
	defer t.read.busy.Store(false)
	if err := t.read.begin(t.Conn.SetReadDeadline); err != nil {
		return 0, err
	}
	for {
		if n, err = t.Conn.Read(p); n > 0 || err == nil || !t.read.tooEarly(err, t.Conn.SetReadDeadline) {
			return n, err
		}
	}
}

// Write writes all of p until the deadline for writing.
func (t *timed) Write(p []byte) (n int, err error) {
	defer t.write.busy.Store(false)
	if err := t.write.begin(t.Conn.SetWriteDeadline); err != nil {
		return 0, err
	}
	for {
		m, err := t.Conn.Write(p[n:])
		n += m
		if err == nil || !t.write.tooEarly(err, t.Conn.SetWriteDeadline) {
			return n, err
		}
	}
}

// SetDeadline sets both deadlines.
func (t *timed) SetDeadline(at time.Time) error {
	return errors.Join(t.SetReadDeadline(at), t.SetWriteDeadline(at))
}

// SetReadDeadline sets the deadline for reading, also for a Read in progress.
func (t *timed) SetReadDeadline(at time.Time) error { return t.read.set(at, t.Conn.SetReadDeadline) }

// SetWriteDeadline sets the deadline for writing, also for a Write in progress.
func (t *timed) SetWriteDeadline(at time.Time) error {
	return t.write.set(at, t.Conn.SetWriteDeadline)
}
