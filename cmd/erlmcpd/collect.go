package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// headroom is what the heap of a busy server grows by, at least, between two
// collections. A small heap would otherwise be collected tens of times a second.
const headroom = 16 << 20

// busyGap is how soon after the last collection the next one shows that the server
// is busy. An idle one keeps to Go's own pace, and so stays small.
const busyGap = time.Second

// pacer sets the pace of garbage collection after each one.
type pacer struct {
	last    time.Time
	percent int
	live    []metrics.Sample
}

// paceCollections begins to set the pace, unless GOGC does. The memory limit holds
// in any case.
func paceCollections() {
	if os.Getenv("GOGC") != "" {
		return
	}
	p := &pacer{last: time.Now(), percent: 100, live: []metrics.Sample{{Name: "/gc/heap/live:bytes"}}}
	p.arm()
}

// arm has collected called after the next collection.
func (p *pacer) arm() {
	runtime.AddCleanup(&struct{ unreachable [16]byte }{}, (*pacer).collected, p)
}

func (p *pacer) collected() {
	now, percent := time.Now(), 100
	if now.Sub(p.last) < busyGap {
		metrics.Read(p.live)
		percent = pace(p.live[0].Value.Uint64())
	}
	p.last = now
	if percent != p.percent {
		p.percent = percent
		debug.SetGCPercent(percent)
	}
	p.arm()
}

// pace is the percentage by which a busy heap of that many live bytes grows, in
// steps, as each change stops the world for a moment.
func pace(live uint64) int {
	const step, most = 50, 400
	return min(max(int(headroom*100/max(live, 1))/step*step, 100), most)
}
