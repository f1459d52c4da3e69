package main

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// settle is how long a server is left alone before its memory is looked at.
const settle = 3 * time.Second

// openSessions begins that many sessions of the older era, and returns some of
// the first of them. No connection stays open.
func openSessions(p *peer, many int) (first []string, err error) {
	var running sync.WaitGroup
	var mu sync.Mutex
	var left atomic.Int64
	left.Store(int64(many))
	for range crowd {
		running.Go(func() {
			c, failed := dial(p.addr, nil)
			if failed == nil {
				defer c.drop()
			}
			for failed == nil && left.Add(-1) >= 0 {
				var name string
				name, failed = c.session("")
				mu.Lock()
				if len(first) < 200 {
					first = append(first, name)
				}
				mu.Unlock()
			}
			if failed != nil {
				mu.Lock()
				err = fmt.Errorf("begin a session of %s: %w", p.name, failed)
				mu.Unlock()
			}
		})
	}
	running.Wait()
	return first, err
}

// idleSessions is how many bytes a server has grown by for each session, and the
// sessions begun first.
func idleSessions(p *peer, many int) (each float64, first []string, err error) {
	before, err := p.resident()
	if err != nil {
		return 0, nil, err
	}
	if first, err = openSessions(p, many); err != nil {
		return 0, nil, err
	}
	time.Sleep(settle)
	after, err := p.resident()
	return float64(after-before) / float64(many), first, err
}

// wake calls in sessions that were idle, and returns the median and the longest
// time to the answer.
func wake(p *peer, sessions []string) (usual, worst time.Duration, err error) {
	c, err := dial(p.addr, nil)
	if err != nil {
		return 0, 0, err
	}
	defer c.drop()
	var took []time.Duration
	for _, name := range sessions {
		c.request = post(older.headers+sessionHeader(name), older.call)
		begun := time.Now()
		if err := c.call(); err != nil {
			return 0, 0, fmt.Errorf("wake a session: %w", err)
		}
		took = append(took, time.Since(begun))
	}
	slices.Sort(took)
	return took[len(took)/2], took[len(took)-1], nil
}

// idleConnections opens that many connections, has each make one call, and says
// how many bytes the server has grown by for each.
func idleConnections(p *peer, many int, w way) (each float64, open []*client, err error) {
	before, err := p.resident()
	if err != nil {
		return 0, nil, err
	}
	request := post(w.era.headers, w.call)
	if w.lines {
		request = []byte(w.call + "\n")
	}
	for range many {
		c, err := dial(p.addr, nil)
		if err != nil {
			dropAll(open)
			return 0, nil, fmt.Errorf("connection %d to %s: %w", len(open)+1, p.name, err)
		}
		open = append(open, c)
		c.lines, c.request = w.lines, request
		if err := c.call(); err != nil {
			dropAll(open)
			return 0, nil, fmt.Errorf("call on connection %d to %s: %w", len(open), p.name, err)
		}
		c.buf = nil
	}
	time.Sleep(settle)
	after, err := p.resident()
	return float64(after-before) / float64(many), open, err
}

func dropAll(list []*client) {
	for _, c := range list {
		c.drop()
	}
}

// holdings are what a server holds that a client could make it keep.
type holdings struct{ goroutines, descriptors, connections float64 }

func (e *erlmcpd) holdings() (h holdings, err error) {
	for _, m := range []struct {
		name string
		into *float64
	}{{"go_goroutines", &h.goroutines}, {"process_open_fds", &h.descriptors}, {"erlmcp_connections", &h.connections}} {
		if *m.into, err = e.metric(m.name); err != nil {
			return h, err
		}
	}
	return h, nil
}

// backTo waits until the server holds no more than it did.
func (e *erlmcpd) backTo(start holdings) (h holdings, ok bool, err error) {
	const slack = 8 // the scrape itself, and what the runtime keeps of its own
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if h, err = e.holdings(); err != nil {
			return h, false, err
		}
		if h.goroutines <= start.goroutines+slack && h.descriptors <= start.descriptors+slack && h.connections <= start.connections {
			return h, true, nil
		}
	}
	return h, false, nil
}
