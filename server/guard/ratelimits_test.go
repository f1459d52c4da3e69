package guard

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"pgregory.net/rapid"

	"github.com/erlmcp/erlmcp/schemas"
)

func limits(blocks ...schemas.RateLimit) *RateLimits {
	return NewRateLimits(blocks, LimitEnv{Server: "s", Logger: hclog.NewNullLogger()}, nil)
}

// TestWhatOneBlockRefusesCountsInNone compares several blocks with a plain count
// of what was admitted.
func TestWhatOneBlockRefusesCountsInNone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := newClock()
		perClient, perTool, total := rapid.IntRange(1, 5).Draw(t, "client"), rapid.IntRange(1, 5).Draw(t, "tool"), rapid.IntRange(1, 12).Draw(t, "server")
		l := limits(
			schemas.RateLimit{Per: "client", RequestsPerMinute: perClient},
			schemas.RateLimit{Per: "tool", RequestsPerMinute: perTool},
			schemas.RateLimit{Per: "server", RequestsPerMinute: total},
		)
		counts := map[string]int{}
		for i := range rapid.IntRange(1, 40).Draw(t, "requests") {
			q := Asked{Client: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "who"), Tool: rapid.SampledFrom([]string{"", "x", "y"}).Draw(t, "tool")}
			want := counts["c"+q.Client] < perClient && (q.Tool == "" || counts["t"+q.Tool] < perTool) && counts["s"] < total
			release, refused := l.Admit(t.Context(), q, c.at(time.Duration(i)*time.Millisecond))
			if (refused == nil) != want {
				t.Fatalf("request %d of %+v: refused %+v, want it admitted: %t (%v)", i, q, refused, want, counts)
			}
			if refused != nil {
				continue
			}
			release()
			counts["c"+q.Client]++
			counts["t"+q.Tool]++
			counts["s"]++
		}
	})
}

func TestIdleClientsAreForgottenWhenNobodyAsks(t *testing.T) {
	c := newClock()
	l := NewLimiter(&schemas.RateLimit{RequestsPerMinute: 5, CleanupInterval: schemas.Duration(time.Second)})
	for i := range 1000 {
		release, _, _ := l.Admit(fmt.Sprint(i), c.at(0))
		release()
	}
	if !l.armed.Load() {
		t.Error("nothing is to come that forgets them")
	}
	busy, _, _ := l.Admit("busy", c.at(time.Second))
	if left := l.tidyAll(c.at(30 * time.Second).Sub(l.start)); left != 1001 {
		t.Errorf("%d are known after 30 s, want all", left)
	}
	if left := l.tidyAll(c.at(2 * time.Minute).Sub(l.start)); left != 1 {
		t.Errorf("%d are known after two minutes, want the one that is busy", left)
	}
	busy()
	if left := l.tidyAll(c.at(2 * time.Minute).Sub(l.start)); left != 0 {
		t.Errorf("%d are known at the end", left)
	}
}

// TestAMillionClients asks as many clients as there may be, and more.
func TestAMillionClients(t *testing.T) {
	c := newClock()
	l := limits(schemas.RateLimit{Per: "client", RequestsPerMinute: 1000})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	refused := 0
	for i := range 1_000_000 {
		release, no := l.Admit(t.Context(), Asked{Client: fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255)}, c.at(time.Duration(i)))
		if no != nil {
			if refused++; no.Status != 429 || no.RetryAfter <= 0 {
				t.Fatalf("got %+v", no)
			}
			continue
		}
		release()
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	held := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	t.Logf("%d refused, %d KB held", refused, held>>10)
	if refused != 1_000_000-maxClients || held > 32<<20 {
		t.Errorf("%d refused, %d bytes held", refused, held)
	}
	runtime.KeepAlive(l)
}

func TestNamesOfKeysAreBounded(t *testing.T) {
	long := strings.Repeat("x", 10_000)
	if a, b := short(long), short(long+"y"); len(a) > 100 || a == b {
		t.Errorf("got %q and %q", a, b)
	}
	a := blockKey("s", schemas.RateLimit{Per: "client"})
	if a == blockKey("s", schemas.RateLimit{Per: "tool"}) || a == blockKey("t", schemas.RateLimit{Per: "client"}) || !strings.HasPrefix(a, "{erlmcp:s}:") {
		t.Errorf("got %q", a)
	}
}

func BenchmarkRateLimits(b *testing.B) {
	one := schemas.RateLimit{Per: "client", RequestsPerMinute: 1_000_000_000}
	for name, l := range map[string]*RateLimits{
		"none": limits(), "one": limits(one), "three": limits(one, schemas.RateLimit{Per: "server", RequestsPerMinute: 1_000_000_000}, schemas.RateLimit{Per: "tool", RequestsPerMinute: 1_000_000_000}),
	} {
		b.Run(name, func(b *testing.B) {
			q := Asked{Client: "127.0.0.1", Tool: "echo"}
			for b.Loop() {
				release, _ := l.Admit(b.Context(), q, time.Now())
				release()
			}
		})
	}
}
