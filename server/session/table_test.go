package session

import (
	"testing"
	"time"

	"github.com/erlmcp/erlmcp/server/protocol"
)

type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func TestSessionsEnd(t *testing.T) {
	c := &clock{time.Unix(1000, 0)}
	table := NewTable(10, time.Minute, c.now)
	a, b := table.Open(protocol.V20251125, 0, "", 1), table.Open(protocol.V20250618, 0, "", 1)
	c.t = c.t.Add(40 * time.Second)
	if s := table.Get(a); s == nil || s.Version != protocol.V20251125 {
		t.Fatalf("session a = %+v", s)
	}
	c.t = c.t.Add(40 * time.Second)
	if table.Get(b) != nil {
		t.Error("a session that was idle too long is still there")
	}
	if table.Get(a) == nil || table.Len() != 1 {
		t.Error("a session in use is gone")
	}
	if !table.Close(a) || table.Close(a) || table.Len() != 0 {
		t.Error("a session does not end when its client ends it")
	}
	for _, name := range []string{"", "x", a + a, "zz" + a[2:]} {
		if table.Get(name) != nil || table.Close(name) {
			t.Errorf("there is a session %q", name)
		}
	}
}

func TestAFullTableDropsTheOneThatIsIdleTheLongest(t *testing.T) {
	c := &clock{time.Unix(1000, 0)}
	table := NewTable(2, time.Hour, c.now)
	a, b := table.Open(protocol.V20251125, 0, "", 1), table.Open(protocol.V20251125, 0, "", 1)
	ended, _ := table.Get(b).OpenStream()
	table.Get(a)
	d := table.Open(protocol.V20251125, 0, "", 1)
	if table.Get(a) == nil || table.Get(b) != nil || table.Get(d) == nil {
		t.Error("the wrong session made way")
	}
	select {
	case <-ended:
	default:
		t.Error("the stream of a session that is gone goes on")
	}
}

func TestANewStreamEndsTheOld(t *testing.T) {
	table := NewTable(2, time.Hour, time.Now)
	s := table.Get(table.Open(protocol.V20251125, 0, "", 1))
	first, closeFirst := s.OpenStream()
	second, closeSecond := s.OpenStream()
	select {
	case <-first:
	default:
		t.Error("two streams are open")
	}
	closeFirst()
	select {
	case <-second:
		t.Error("the end of the old stream ended the new one")
	default:
	}
	closeSecond()
	before := s.Told()
	s.Tell(2)
	if before != 1 || s.Told() != 2 {
		t.Error("what the client was told is not kept")
	}
}
