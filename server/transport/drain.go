package transport

import (
	"context"
	"maps"
	"net"
	"slices"
	"time"
)

// Drain takes no new connections and no new requests, and returns when those in
// progress have been answered, or with the context's error.
func (f *Front) Drain(ctx context.Context) error {
	f.stop()
	f.farewell(ctx)
	return f.finish(ctx)
}

// finish waits for the end of what a drain has left.
func (f *Front) finish(ctx context.Context) error {
	failed := f.http.Shutdown(ctx)
	done := make(chan struct{})
	go func() { f.conns.Wait(); close(done) }() // ends when Cut closes what is left
	select {
	case <-done:
		return failed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// farewellPeriod is how long connections that are kept alive may come once more.
const farewellPeriod = 300 * time.Millisecond

// farewell lets clients that ask again and again find out, with an answer, that
// their connection ends: closed under them, a request that is on its way would be
// lost, and clients do not repeat what may have had an effect (RFC 9110, 9.2.2).
func (f *Front) farewell(ctx context.Context) {
	tick := time.NewTicker(farewellPeriod / 30)
	defer tick.Stop()
	end := time.After(farewellPeriod)
	for f.open.Load() > 0 {
		select {
		case <-tick.C:
		case <-end:
			return
		case <-ctx.Done():
			return
		}
	}
}

// Cut closes everything at once.
func (f *Front) Cut() {
	f.stop()
	f.http.Close()
	f.mu.Lock()
	raw := slices.Collect(maps.Keys(f.raw))
	f.mu.Unlock()
	for _, conn := range raw {
		conn.conn.Close()
	}
}

// stop takes no new connections, and no new requests but those that a successor
// gets.
func (f *Front) stop() {
	f.once.Do(func() { close(f.drained) })
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, l := range f.listeners {
		l.Close()
	}
	passing := f.passing.Load() != nil
	for conn := range f.silent {
		if passing {
			conn.SetReadDeadline(longAgo)
		} else {
			conn.Close()
		}
	}
	for conn := range f.raw {
		if passing {
			conn.conn.SetReadDeadline(longAgo)
		} else {
			conn.stopReading()
		}
	}
	if passing {
		for conn := range f.web {
			conn.hurry()
		}
	}
}

// Pause has the kernel keep new connections until Resume, or until somebody else
// accepts on the same socket.
func (f *Front) Pause() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.resumed = make(chan struct{})
	for _, l := range f.listeners {
		if tcp, ok := l.(*net.TCPListener); ok {
			tcp.SetDeadline(longAgo)
		}
	}
}

// Resume accepts connections again after a Pause.
func (f *Front) Resume() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, l := range f.listeners {
		if tcp, ok := l.(*net.TCPListener); ok {
			tcp.SetDeadline(time.Time{})
		}
	}
	close(f.resumed)
	f.resumed = nil
}

// awaitResume waits for the end of a pause, and reports false when there is none.
func (f *Front) awaitResume() bool {
	f.mu.Lock()
	resumed := f.resumed
	f.mu.Unlock()
	if resumed == nil {
		return false
	}
	select {
	case <-resumed:
	case <-f.drained:
	}
	return true
}
