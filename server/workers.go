package server

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server/telemetry"
)

// workers bounds how many calls are carried out at the same time, and how many
// wait. Messages that control other calls never come here.
type workers struct {
	slots    chan struct{}
	admitted atomic.Int64 // carried out or waiting
	most     int64
	metrics  *telemetry.Metrics
	waited   func(d time.Duration, now time.Time) // hears how long a call has waited for its turn
}

func newWorkers(l schemas.Limits, m *telemetry.Metrics) *workers {
	return &workers{slots: make(chan struct{}, l.Workers), most: int64(l.Workers + *l.Queue), metrics: m}
}

// admit takes a place among those that are carried out or wait; there is none
// left when it reports false. leave gives it back.
func (w *workers) admit() bool {
	if w.admitted.Add(1) > w.most {
		w.admitted.Add(-1)
		return false
	}
	return true
}

func (w *workers) leave() { w.admitted.Add(-1) }

// begin waits for a turn, unless the context ends first, which is its error; done
// ends it.
func (w *workers) begin(ctx context.Context) error {
	select {
	case w.slots <- struct{}{}:
		return nil
	default:
	}
	w.metrics.Queue.Inc()
	since := time.Now()
	defer func() {
		w.metrics.Queue.Dec()
		now := time.Now()
		w.waited(now.Sub(since), now)
	}()
	select {
	case w.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *workers) done() { <-w.slots }

// yield gives up a turn for as long as the call only waits; resume waits for
// another. Turns end, so that it needs no context.
func (w *workers) yield() { <-w.slots }

func (w *workers) resume() {
	w.metrics.Queue.Inc()
	w.slots <- struct{}{}
	w.metrics.Queue.Dec()
}

// waiting is how many calls wait for a worker, and how many may.
func (w *workers) waiting() (waiting, queue int) {
	return max(int(w.admitted.Load())-cap(w.slots), 0), int(w.most) - cap(w.slots)
}

// inProgress is how many calls are carried out or wait.
func (w *workers) inProgress() int { return int(w.admitted.Load()) }
