package guard

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/erlmcp/erlmcp/schemas"
)

// clock gives moments after one and the same start.
type clock struct{ start time.Time }

func newClock() clock                        { return clock{time.Now().Add(time.Hour)} }
func (c clock) at(d time.Duration) time.Time { return c.start.Add(d) }

func limiter(quota int, burst ...int) *Limiter {
	limit := &schemas.RateLimit{RequestsPerMinute: quota}
	if len(burst) > 0 {
		limit.Burst = &burst[0]
	}
	return NewLimiter(limit)
}

func TestQuotaOfASlidingMinute(t *testing.T) {
	c, l := newClock(), limiter(1000)
	admitted, refused := 0, 0
	for i := range 1100 {
		release, retry, ok := l.Admit("a", c.at(time.Duration(i)*50*time.Millisecond)) // in 55 seconds
		if !ok {
			refused++
			if want := time.Minute - time.Duration(i)*50*time.Millisecond; retry != want {
				t.Fatalf("request %d: retry after %s, want %s", i, retry, want)
			}
			continue
		}
		admitted++
		release()
	}
	if admitted != 1000 || refused != 100 {
		t.Fatalf("admitted %d, refused %d", admitted, refused)
	}
	// The first leaves the window after a minute, and makes room for one.
	if _, _, ok := l.Admit("a", c.at(time.Minute-1)); ok {
		t.Error("admitted before the minute was over")
	}
	if _, _, ok := l.Admit("a", c.at(time.Minute)); !ok {
		t.Error("refused when the minute was over")
	}
	if _, retry, ok := l.Admit("a", c.at(time.Minute)); ok || retry != 50*time.Millisecond {
		t.Errorf("admitted %t, retry after %s", ok, retry)
	}
	if _, _, ok := l.Admit("b", c.at(time.Minute)); !ok {
		t.Error("one client's quota bound another")
	}
}

func TestNoLimitAdmitsEverything(t *testing.T) {
	l := NewLimiter(nil)
	for range 5000 {
		release, _, ok := l.Admit("a", time.Now())
		if !ok {
			t.Fatal("refused")
		}
		release()
	}
}

func TestBurstBoundsWhatIsInProgress(t *testing.T) {
	c, l := newClock(), limiter(100, 2)
	one, _, _ := l.Admit("a", c.at(0))
	_, _, ok := l.Admit("a", c.at(0))
	if !ok {
		t.Fatal("second refused")
	}
	if _, retry, ok := l.Admit("a", c.at(0)); ok || retry <= 0 {
		t.Fatalf("third admitted %t, retry after %s", ok, retry)
	}
	if _, _, ok := l.Admit("b", c.at(0)); !ok {
		t.Error("one client's requests bound another")
	}
	one()
	if _, _, ok := l.Admit("a", c.at(0)); !ok {
		t.Error("refused after one had ended")
	}
	// Refusals do not count against the quota: 97 are left.
	l.burst = 0
	for i := range 97 {
		if _, _, ok := l.Admit("a", c.at(0)); !ok {
			t.Fatalf("request %d refused", i)
		}
	}
	if _, _, ok := l.Admit("a", c.at(0)); ok {
		t.Error("quota exceeded")
	}
}

// TestNeverOneTooMany compares with a list of all admissions, for quotas that
// are kept exactly and for those that are not.
func TestNeverOneTooMany(t *testing.T) {
	for name, tc := range map[string]struct {
		quota, melted int
		slack         time.Duration // how much later than at best a request may be admitted
	}{
		"exact": {20, 0, 0}, "buckets": {20, buckets, span / buckets}, "no room": {20, 0, span},
	} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				c, l := newClock(), limiter(tc.quota)
				if tc.melted > 0 {
					l.grain = span / time.Duration(tc.melted)
				}
				if tc.slack == span {
					l.room.Store(7)
				}
				var admitted []time.Duration
				now := time.Duration(0)
				for range rapid.IntRange(1, 200).Draw(t, "requests") {
					now += time.Duration(rapid.IntRange(0, 10_000).Draw(t, "ms")) * time.Millisecond
					within := func(from time.Duration) (n int) {
						for _, a := range admitted {
							if a > from {
								n++
							}
						}
						return n
					}
					_, retry, ok := l.Admit("a", c.at(now))
					switch {
					case ok && within(now-span) >= tc.quota:
						t.Fatalf("at %s: one too many", now)
					case !ok && within(now-span-tc.slack) < tc.quota:
						t.Fatalf("at %s: refused with %d in the last minute", now, within(now-span))
					case !ok && retry <= 0:
						t.Fatalf("at %s: retry after %s", now, retry)
					case ok:
						admitted = append(admitted, now)
					}
				}
			})
		})
	}
}

func TestLargeQuotaIsNeverExceededAndSmallInMemory(t *testing.T) {
	const quota = 100_000
	c, l := newClock(), limiter(quota)
	admitted := 0
	for i := range quota * 11 / 10 {
		if _, _, ok := l.Admit("a", c.at(time.Duration(i)*span/(quota*12/10))); ok {
			admitted++
		}
	}
	if admitted != quota {
		t.Errorf("admitted %d", admitted)
	}
	if n := maxEntries - l.room.Load(); n > 2*buckets {
		t.Errorf("%d entries", n)
	}
	if _, _, ok := l.Admit("a", c.at(span+span/buckets)); !ok {
		t.Error("refused although the first bucket is a minute old")
	}
}

func TestTheTableOfClientsIsBoundedAndStaysClosed(t *testing.T) {
	c, l := newClock(), limiter(1)
	if _, _, ok := l.Admit("first", c.at(0)); !ok {
		t.Fatal("refused")
	}
	refused := 0
	for i := range 2 * maxClients {
		if _, retry, ok := l.Admit(fmt.Sprint(i), c.at(0)); !ok {
			if refused++; retry <= 0 || retry > span {
				t.Fatalf("retry after %s", retry)
			}
		}
	}
	if n := known(l); n > maxClients || refused == 0 {
		t.Fatalf("%d clients known, %d refused", n, refused)
	}
	if _, _, ok := l.Admit("first", c.at(1)); ok {
		t.Error("a flood of clients gave the first its quota back")
	}
	// All have something in progress, so none can be forgotten.
	if _, _, ok := l.Admit("late", c.at(2*span)); ok && known(l) > maxClients {
		t.Error("the table grew")
	}
}

func TestIdleClientsAreForgotten(t *testing.T) {
	c, l := newClock(), limiter(1000)
	for i := range maxClients / 2 {
		for range 3 {
			release, _, _ := l.Admit(fmt.Sprint(i), c.at(time.Duration(i)))
			release()
		}
	}
	busy, _, _ := l.Admit("busy", c.at(0))
	for i := range 100 * shards { // touches every shard
		release, _, _ := l.Admit(fmt.Sprint("new", i%1000), c.at(2*span))
		release()
	}
	if n := known(l); n > 1001 {
		t.Errorf("%d clients known", n)
	}
	if room := l.room.Load(); room < maxEntries-100*shards*2 {
		t.Errorf("room for %d entries of %d", room, maxEntries)
	}
	busy()
}

func known(l *Limiter) (n int) {
	for i := range l.shards {
		n += len(l.shards[i].clients)
	}
	return n
}

func TestConcurrentRequestsShareOneQuota(t *testing.T) {
	c, l := newClock(), limiter(1000, 8)
	var admitted, inProgress, most atomic.Int64
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for i := range 500 {
				release, _, ok := l.Admit("a", c.at(time.Duration(i)))
				if !ok {
					continue
				}
				admitted.Add(1)
				n := inProgress.Add(1)
				for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
				}
				runtime.Gosched()
				inProgress.Add(-1)
				release()
			}
		})
	}
	wg.Wait()
	if admitted.Load() > 1000 || most.Load() > 8 {
		t.Errorf("admitted %d, at most %d at once", admitted.Load(), most.Load())
	}
}

func BenchmarkAdmit(b *testing.B) {
	for name, clients := range map[string]int{"one client": 1, "1000 clients": 1000} {
		b.Run(name, func(b *testing.B) {
			l := limiter(1_000_000_000)
			names := make([]string, clients)
			for i := range names {
				names[i] = fmt.Sprintf("192.0.2.%d", i)
			}
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for i := 0; pb.Next(); i++ {
					if release, _, ok := l.Admit(names[i%clients], time.Now()); ok {
						release()
					}
				}
			})
		})
	}
}
