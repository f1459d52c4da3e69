package main

import (
	"crypto/tls"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// crowd is how many clients call at the same time.
const crowd = 64

// contestant is a server and the clients that call it.
type contestant struct {
	*peer
	clients []*client
}

// way is how clients reach a server.
type way struct {
	era
	headers  string      // that every request has besides those of its era
	secure   *tls.Config // nil for plain connections
	lines    bool        // newline-delimited JSON instead of HTTP
	sessions bool        // each client has a session of its own
}

// enter connects the clients to a server.
func enter(p *peer, w way) (*contestant, error) {
	c := &contestant{peer: p}
	for range crowd {
		client, err := dial(p.addr, w.secure)
		if err != nil {
			c.leave()
			return nil, fmt.Errorf("connect to %s: %w", p.name, err)
		}
		c.clients = append(c.clients, client)
		client.lines = w.lines
		if w.lines {
			client.request = []byte(w.call + "\n")
			continue
		}
		session := ""
		if w.sessions {
			if session, err = client.session(w.headers); err != nil {
				c.leave()
				return nil, fmt.Errorf("begin a session of %s: %w", p.name, err)
			}
		}
		client.request = post(w.era.headers+sessionHeader(session)+w.headers, w.call)
	}
	return c, nil
}

func (c *contestant) leave() {
	for _, client := range c.clients {
		client.drop()
	}
}

// figure is what one round, or the median over rounds, says of a server.
type figure struct {
	perSecond float64 // calls
	cpu       float64 // of the server for each call, in microseconds
	allocated float64 // by the server for each call, in KB
}

// round has all clients call again and again for a while.
func (c *contestant) round(length time.Duration) (f figure, err error) {
	bytesBefore, err := c.allocated()
	if err != nil {
		return f, err
	}
	before, err := c.cpu()
	if err != nil {
		return f, err
	}
	begun := time.Now()
	calls, err := c.hammer(length)
	if err != nil {
		return f, fmt.Errorf("call %s: %w", c.name, err)
	}
	took := time.Since(begun)
	after, err := c.cpu()
	if err != nil {
		return f, err
	}
	bytesAfter, err := c.allocated()
	n := float64(calls)
	return figure{
		perSecond: n / took.Seconds(),
		cpu:       float64(after-before) / float64(time.Microsecond) / n,
		allocated: float64(bytesAfter-bytesBefore) / 1024 / n,
	}, err
}

func (c *contestant) hammer(length time.Duration) (calls int64, err error) {
	var over atomic.Bool
	var total atomic.Int64
	var failed atomic.Pointer[error]
	var running sync.WaitGroup
	defer time.AfterFunc(length, func() { over.Store(true) }).Stop()
	for _, client := range c.clients {
		running.Go(func() {
			n := int64(0)
			for ; !over.Load(); n++ {
				if err := client.call(); err != nil {
					failed.Store(&err)
					return
				}
			}
			total.Add(n)
		})
	}
	running.Wait()
	if p := failed.Load(); p != nil {
		return 0, *p
	}
	return total.Load(), nil
}

// standing is what came of a contestant: medians over the rounds, and the medians
// of the ratios to the first contestant in the same round.
type standing struct {
	name string
	figure
	speed float64 // ratio of calls per second: above 1 is faster
	work  float64 // ratio of processor time: above 1 is less of it
}

// compare has contestants take turns, in another order each round.
func compare(contestants []*contestant, rounds int, length time.Duration) ([]standing, error) {
	all := make([][]figure, len(contestants))
	for i := range contestants { // warm up
		if _, err := contestants[i].round(length / 3); err != nil {
			return nil, err
		}
	}
	for r := range rounds {
		for i := range contestants {
			turn := (i + r) % len(contestants)
			f, err := contestants[turn].round(length)
			if err != nil {
				return nil, err
			}
			all[turn] = append(all[turn], f)
		}
	}
	var out []standing
	for i, c := range contestants {
		of := func(value func(r int) float64) float64 {
			values := make([]float64, rounds)
			for r := range values {
				values[r] = value(r)
			}
			return median(values)
		}
		out = append(out, standing{
			name: c.name,
			figure: figure{
				perSecond: of(func(r int) float64 { return all[i][r].perSecond }),
				cpu:       of(func(r int) float64 { return all[i][r].cpu }),
				allocated: of(func(r int) float64 { return all[i][r].allocated }),
			},
			speed: of(func(r int) float64 { return all[i][r].perSecond / all[0][r].perSecond }),
			work:  of(func(r int) float64 { return all[0][r].cpu / all[i][r].cpu }),
		})
	}
	return out, nil
}

func median(values []float64) float64 {
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}
