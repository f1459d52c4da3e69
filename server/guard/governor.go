package guard

import (
	"fmt"
	"math"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"

	"github.com/erlmcp/erlmcp/schemas"
)

// Class is what kind of work a request is, in the order in which it is shed.
type Class uint8

const (
	// Control is never shed: pings, cancellations, initialize, discovery, log
	// levels and what is asked of tasks. It is cheap, and refusing it would make
	// things worse.
	Control Class = iota
	// Listing is what clients can do without for a while, and ask again for
	// free: lists, completions, subscriptions.
	Listing
	// Reading gives what can be read later: resources and prompts.
	Reading
	// Calling is tool calls: what the server is there for, shed last.
	Calling
)

// Phase is how a governor sees its server.
type Phase uint32

const (
	Boot        Phase = iota // it does not serve yet
	Stable                   // it takes everything
	Intervening              // it sheds what is cheap to lose
	Refusing                 // it takes control messages only
)

func (p Phase) String() string {
	return [...]string{"boot", "stable", "intervening", "refusing"}[p]
}

const (
	// sampleEvery is how often pressure is looked at, when somebody asks.
	sampleEvery = 20 * time.Millisecond
	// fewWaiting is how many calls may always wait: a short queue that is full
	// says nothing.
	fewWaiting = 32
	// relief is how far below its mark pressure must fall before a phase ends.
	relief = 0.8
	// retryAfter is what clients are told whose work is shed.
	retryAfter = 2 * time.Second
	// waitMemory is over how many calls the time in the queue is averaged, and
	// waitFades how long it counts when no more come.
	waitMemory = 16
	waitFades  = time.Second
)

// Load is what a governor looks at. Its functions are called from many
// goroutines.
type Load struct {
	Limit   int64                             // bytes of memory that the process may have
	Held    func() float64                    // share of the memory for requests that they hold
	Waiting func() (waiting, queue int)       // calls that wait for a worker, and may
	Changed func(from, to Phase, by Pressure) // hears of each change of phase
}

// Pressure is how much there is of what may be short, each as a share of what
// there may be.
type Pressure struct{ Memory, Queue, Wait float64 }

// Most is the highest of them.
func (p Pressure) Most() float64 { return max(p.Memory, p.Queue, p.Wait) }

// String names what is most pressing, such as "memory at 93%".
func (p Pressure) String() string {
	name := "memory"
	switch p.Most() {
	case p.Memory:
	case p.Queue:
		name = "the queue"
	default:
		name = "waiting"
	}
	return fmt.Sprintf("%s at %.0f%%", name, 100*p.Most())
}

// Governor sheds work when a server is short of memory, room in its queue, or
// time. It does nothing on its own: it looks when it is asked. It is safe for
// concurrent use.
type Governor struct {
	load                Load
	intervene, refuseAt float64
	queueWait, hold     time.Duration
	phase               atomic.Uint32
	pressure            atomic.Uint64 // float64 of the last look
	next                atomic.Int64  // when to look again, in Unix nanoseconds

	mu     sync.Mutex
	calm   time.Time // since when pressure has been low enough for a lower phase
	waited float64   // seconds in the queue, averaged
	at     time.Time // of the last call that waited
	seen   Pressure
}

// NewGovernor returns the governor of a server, which is booting; nil when it is
// switched off. A nil governor admits everything.
func NewGovernor(g schemas.Governor, load Load) *Governor {
	if g.Enabled != nil && !*g.Enabled {
		return nil
	}
	return &Governor{
		load: load, intervene: g.InterveneAt, refuseAt: g.RefuseAt,
		queueWait: time.Duration(g.QueueWait), hold: time.Duration(g.Hold),
	}
}

// Serve ends the boot.
func (g *Governor) Serve() {
	if g != nil && g.phase.CompareAndSwap(uint32(Boot), uint32(Stable)) {
		g.load.Changed(Boot, Stable, Pressure{})
	}
}

// Admit reports whether work of a class is taken, and otherwise after how long to
// come back.
func (g *Governor) Admit(class Class, now time.Time) (retry time.Duration, ok bool) {
	if g == nil || class == Control {
		return 0, true
	}
	switch phase := g.Phase(now); {
	case phase < Intervening:
		return 0, true
	case phase == Refusing, class == Listing:
		return retryAfter, false
	case class == Reading && math.Float64frombits(g.pressure.Load()) >= (g.intervene+g.refuseAt)/2:
		return retryAfter, false
	}
	return 0, true
}

// Waited notes how long a call has waited for a worker.
func (g *Governor) Waited(d time.Duration, now time.Time) {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waited += (d.Seconds() - g.faded(now)) / waitMemory
	g.at = now
}

// faded lets the average fall when no call has waited for a while.
func (g *Governor) faded(now time.Time) float64 {
	if idle := now.Sub(g.at); idle > waitFades {
		g.waited *= math.Exp2(-float64(idle) / float64(waitFades))
		g.at = now
	}
	return g.waited
}

// Phase says how the server is.
func (g *Governor) Phase(now time.Time) Phase {
	if g == nil {
		return Stable
	}
	phase := Phase(g.phase.Load())
	next := g.next.Load()
	if phase == Boot || now.UnixNano() < next || !g.next.CompareAndSwap(next, now.Add(sampleEvery).UnixNano()) {
		return phase
	}
	return g.look(now)
}

// Pressure is what pressure there was at the last look.
func (g *Governor) Pressure() Pressure {
	if g == nil {
		return Pressure{}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.seen
}

// look takes in what pressure there is, and changes the phase: to a higher one at
// once, to a lower one when the pressure has been well below its mark for a while.
func (g *Governor) look(now time.Time) Phase {
	g.mu.Lock()
	g.seen = g.measure(now)
	p := g.seen.Most()
	g.pressure.Store(math.Float64bits(p))
	from := Phase(g.phase.Load())
	to := g.phaseAt(p, 1)
	if to < from {
		if low := g.phaseAt(p, relief); low >= from {
			to, g.calm = from, time.Time{}
		} else if g.calm.IsZero() {
			to, g.calm = from, now
		} else if now.Sub(g.calm) < g.hold {
			to = from
		} else {
			to, g.calm = low, time.Time{}
		}
	} else {
		g.calm = time.Time{}
	}
	g.phase.Store(uint32(to))
	seen := g.seen
	g.mu.Unlock()
	if to != from {
		g.load.Changed(from, to, seen)
	}
	return to
}

// phaseAt is the phase that a pressure stands for, with the marks at a part of
// their height.
func (g *Governor) phaseAt(p, part float64) Phase {
	switch {
	case p >= g.refuseAt*part:
		return Refusing
	case p >= g.intervene*part:
		return Intervening
	}
	return Stable
}

func (g *Governor) measure(now time.Time) Pressure {
	p := Pressure{Wait: g.faded(now) / g.queueWait.Seconds()}
	p.Memory = max(g.load.Held(), float64(heap())/(0.9*float64(g.load.Limit)))
	if waiting, queue := g.load.Waiting(); waiting >= fewWaiting {
		p.Queue = float64(waiting) / float64(queue)
	}
	return p
}

// heap is what the Go heap held after the last collection, with all stacks. What
// could be collected does not count: the collector sees to it in time.
func heap() uint64 {
	samples := [...]metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(samples[:])
	var sum uint64
	for _, s := range samples {
		sum += s.Value.Uint64()
	}
	return sum
}
