package transport

import (
	"net"
	"strings"
	"testing"
	"time"
)

// TestDeadlinesThatMoveOn holds the lazy deadlines to what a connection's own do.
func TestDeadlinesThatMoveOn(t *testing.T) {
	server, client := net.Pipe()
	defer client.Close()
	var c timed
	c.begin(server)
	defer c.Close()
	one := make([]byte, 1)
	soon := func() { c.SetReadDeadline(time.Now().Add(20 * time.Millisecond)) }
	expired := func(when string) {
		t.Helper()
		if _, err := c.Read(one); err == nil || !strings.Contains(err.Error(), "timeout") {
			t.Errorf("%s: %v", when, err)
		}
	}
	answered := func(when string, after time.Duration) {
		t.Helper()
		time.AfterFunc(after, func() { client.Write([]byte("x")) })
		if n, err := c.Read(one); n != 1 || err != nil {
			t.Errorf("%s: %d, %v", when, n, err)
		}
	}
	soon()
	expired("a deadline passes")
	expired("it has passed")
	c.SetReadDeadline(time.Time{})
	answered("without a deadline", 60*time.Millisecond) // later than soon
	soon()
	c.SetReadDeadline(time.Now().Add(time.Hour))
	answered("a deadline was put off before it was reached", 60*time.Millisecond)
	c.SetReadDeadline(time.Now().Add(time.Hour))
	time.AfterFunc(10*time.Millisecond, func() { c.SetReadDeadline(time.Unix(1, 0)) })
	expired("a deadline is set while somebody reads")
	c.SetReadDeadline(time.Now().Add(time.Second)) // in time to be put off, on a busy machine too
	time.AfterFunc(5*time.Millisecond, func() { c.SetReadDeadline(time.Now().Add(time.Hour)) })
	answered("a deadline is put off while somebody reads", 1100*time.Millisecond)
	c.SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
	if _, err := c.Write([]byte("nobody reads this")); err == nil {
		t.Error("a write goes on after its deadline")
	}
}
