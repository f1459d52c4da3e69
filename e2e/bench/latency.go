package main

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// paced has the clients call at a rate, evenly spread, and returns how long the
// slowest hundredth of the calls took at least.
func (c *contestant) paced(perSecond float64, length time.Duration) (p99 time.Duration, err error) {
	gap := time.Duration(float64(len(c.clients)) / perSecond * float64(time.Second))
	begin := time.Now().Add(5 * time.Millisecond)
	end := begin.Add(length)
	var mu sync.Mutex
	var took []time.Duration
	var running sync.WaitGroup
	for i, client := range c.clients {
		running.Go(func() {
			var mine []time.Duration
			var failed error
			next := begin.Add(gap * time.Duration(i) / time.Duration(len(c.clients)))
			for ; next.Before(end) && failed == nil; next = next.Add(gap) {
				time.Sleep(time.Until(next))
				sent := time.Now()
				failed = client.call()
				mine = append(mine, time.Since(sent))
			}
			mu.Lock()
			defer mu.Unlock()
			took = append(took, mine...)
			if failed != nil {
				err = fmt.Errorf("call %s: %w", c.name, failed)
			}
		})
	}
	running.Wait()
	if err != nil || len(took) == 0 {
		return 0, err
	}
	slices.Sort(took)
	return took[len(took)*99/100], nil
}

// latency is the p99 of two servers at the same load, in milliseconds, and their
// ratio.
type latency struct {
	first, second float64
	ratio         float64
}

// tails compares the p99 of two contestants at a load.
func tails(first, second *contestant, perSecond float64, rounds int, length time.Duration) (l latency, err error) {
	var a, b, ratios []float64
	for r := range rounds {
		var one, two time.Duration
		pair := []func() error{
			func() (err error) { one, err = first.paced(perSecond, length); return err },
			func() (err error) { two, err = second.paced(perSecond, length); return err },
		}
		if r%2 == 1 {
			slices.Reverse(pair)
		}
		for _, run := range pair {
			if err := run(); err != nil {
				return l, err
			}
		}
		a, b = append(a, float64(one)/1e6), append(b, float64(two)/1e6)
		ratios = append(ratios, float64(one)/float64(two))
	}
	return latency{first: median(a), second: median(b), ratio: median(ratios)}, nil
}
