package guard

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/erlmcp/erlmcp/schemas"
)

const (
	shards = 64
	// maxClients is how many clients are known at the same time. A client is
	// forgotten when it was admitted to nothing for a span and has nothing in
	// progress.
	maxClients = 64 << 10
	// maxEntries bounds the entries of all windows together: at 12 bytes each,
	// 24 MB. When they are used up, windows become coarser.
	maxEntries = 2 << 20
	// exactQuota is the largest quota for which every admission is an entry of
	// its own.
	exactQuota = 1024
)

// busyRetry is what a client is told that has too many requests in progress:
// nobody knows when one of them ends.
const busyRetry = time.Second

// Limiter bounds what each client may ask: how many requests within any minute,
// and how many at the same moment. It is safe for concurrent use.
//
// The minute slides: a request is admitted when fewer than the quota were
// admitted in the 60 seconds before it. Up to a quota of 1,024 that is exact to
// the nanosecond. Above, requests of the same 1/1,024 of a minute (59 ms) count as
// made at the last of them, so that a client gets its quota back up to 59 ms
// late; it never gets more.
//
// Memory is bounded by about 24 MB of entries and 65,536 clients, whatever the
// quota. When there is no room for another client, its requests are refused
// until one is forgotten.
type Limiter struct {
	quota  int // 0 admits everything
	burst  int // 0 is unbounded
	grain  time.Duration
	start  time.Time
	seed   maphash.Seed
	room   atomic.Int64  // entries that windows may still grow by
	tidies time.Duration // how often idle clients are forgotten
	armed  atomic.Bool   // whether a sweep is to come
	shards [shards]shard
}

type shard struct {
	mu      sync.Mutex
	clients map[string]*client
	tidy    time.Duration // when to forget idle clients next
	free    time.Duration // no client can be forgotten before
}

type client struct {
	window     window
	last       time.Duration // of the last admission
	inProgress int
	release    func()
}

// NewLimiter returns a limiter for that block; nil admits everything.
func NewLimiter(limit *schemas.RateLimit) *Limiter {
	l := &Limiter{start: time.Now(), seed: maphash.MakeSeed(), tidies: span}
	if limit == nil {
		return l
	}
	l.quota = limit.RequestsPerMinute
	if limit.Burst != nil {
		l.burst = *limit.Burst
	}
	if limit.CleanupInterval > 0 {
		l.tidies = time.Duration(limit.CleanupInterval)
	}
	if l.quota > exactQuota {
		l.grain = span / buckets
	}
	l.room.Store(maxEntries)
	for i := range l.shards {
		l.shards[i].clients = map[string]*client{}
		l.shards[i].tidy, l.shards[i].free = l.tidies, span
	}
	return l
}

// Admit asks whether a request of that client may start now. When it may,
// release must be called exactly once, when the request has ended. When it may
// not, retryAfter, which is above 0, says how long the client should wait, and
// release is nil. A refused request does not count.
func (l *Limiter) Admit(name string, now time.Time) (release func(), retryAfter time.Duration, ok bool) {
	if l.quota == 0 {
		return func() {}, 0, true
	}
	at := now.Sub(l.start)
	s := &l.shards[maphash.String(l.seed, name)%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	if at >= s.tidy {
		s.forget(at, l.tidies, &l.room)
	}
	c := s.clients[name]
	if c == nil {
		if wait := s.wait(at, l.tidies, &l.room); wait > 0 {
			return nil, wait, false
		}
		c = s.newClient(name)
		l.arm()
	}
	if l.burst > 0 && c.inProgress >= l.burst {
		return nil, busyRetry, false
	}
	c.window.expire(at)
	if c.window.total >= l.quota {
		return nil, c.window.frees(at), false
	}
	c.window.add(at, l.grain, &l.room)
	c.last = max(c.last, at)
	c.inProgress++
	return c.release, 0, true
}

func (s *shard) newClient(name string) *client {
	c := &client{}
	c.release = func() {
		s.mu.Lock()
		c.inProgress--
		s.mu.Unlock()
	}
	s.clients[name] = c
	return c
}

// wait returns how long it takes until there is room for another client.
func (s *shard) wait(now, tidies time.Duration, room *atomic.Int64) time.Duration {
	const most = maxClients / shards
	if len(s.clients) < most {
		return 0
	}
	if now >= s.free {
		s.forget(now, tidies, room)
	}
	if len(s.clients) < most {
		return 0
	}
	return s.free - now
}

// forget drops the clients whose window is empty and who have nothing in
// progress. Whoever comes back is a new client, which makes no difference to it.
func (s *shard) forget(now, tidies time.Duration, room *atomic.Int64) {
	s.tidy, s.free = now+tidies, now+span
	for name, c := range s.clients {
		switch empty := c.last + span; {
		case empty > now:
			s.free = min(s.free, empty)
		case c.inProgress > 0:
			s.free = min(s.free, now+busyRetry)
		default:
			c.window.free(room)
			delete(s.clients, name)
		}
	}
	if len(s.clients) == 0 {
		s.clients = map[string]*client{} // a map that was large stays large
	}
}

// arm has idle clients forgotten also when nobody asks any more. The last sweep
// is the one that leaves nobody.
func (l *Limiter) arm() {
	if !l.armed.Swap(true) {
		time.AfterFunc(l.tidies, l.sweep)
	}
}

func (l *Limiter) sweep() {
	l.armed.Store(false)
	at := time.Since(l.start)
	if l.tidyAll(at) > 0 {
		l.arm()
	}
}

// tidyAll forgets idle clients, and returns how many are left.
func (l *Limiter) tidyAll(at time.Duration) (left int) {
	for i := range l.shards {
		s := &l.shards[i]
		s.mu.Lock()
		s.forget(at, l.tidies, &l.room)
		left += len(s.clients)
		s.mu.Unlock()
	}
	return left
}

// Retract takes an admission back that [Limiter.Admit] has given to a client just
// now: the request was refused by somebody else. release must not be called then.
func (l *Limiter) Retract(name string) {
	if l.quota == 0 {
		return
	}
	s := &l.shards[maphash.String(l.seed, name)%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.clients[name]; c != nil {
		c.inProgress--
		c.window.retract()
	}
}
