package sink

import (
	"io"
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
)

// datagrams receives what is sent to a datagram socket.
func datagrams(t *testing.T, network, address string) (at string, next func() string) {
	t.Helper()
	conn, err := net.ListenPacket(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn.LocalAddr().String(), func() string {
		t.Helper()
		b := make([]byte, 1<<17)
		conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		n, _, err := conn.ReadFrom(b)
		if err != nil {
			t.Fatal(err)
		}
		return string(b[:n])
	}
}

func wantMatch(t *testing.T, got, pattern string) {
	t.Helper()
	if !regexp.MustCompile(pattern).MatchString(got) {
		t.Errorf("got %q, want %s", got, pattern)
	}
}

func TestSyslog(t *testing.T) {
	options := func(network, address string) SyslogOptions {
		return SyslogOptions{Network: network, Address: address, Facility: "local1", Tag: "weather"}
	}
	t.Run("locally", func(t *testing.T) {
		path, next := datagrams(t, "unixgram", filepath.Join(t.TempDir(), "log"))
		s := ToSyslog(hclog.Info, options("unixgram", path))
		defer s.Close()
		s.Accept("", hclog.Debug, "quiet")
		s.Accept("", hclog.Error, "loud", "why", "two\nlines")
		wantMatch(t, next(), `^<139>[A-Z][a-z]{2} [ 0-9]\d \d\d:\d\d:\d\d weather\[\d+\]: loud: +why=.*two.*lines`)
		s.Accept("auth", hclog.Warn, "named")
		wantMatch(t, next(), `^<140>.*: auth: named$`)
	})
	t.Run("over UDP", func(t *testing.T) {
		address, next := datagrams(t, "udp", "127.0.0.1:0")
		s := ToSyslog(hclog.Info, options("udp", address))
		defer s.Close()
		s.Accept("", hclog.Info, "hello", "n", 1)
		s.Accept("", hclog.Info, strings.Repeat("x", 1<<17))
		wantMatch(t, next(), `^<142>1 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\S+ \S+ weather \d+ - - hello: n=1$`)
		long := next()
		wantMatch(t, long, `^<142>1 .* - - x+…$`)
		if n := strings.Count(long, "x"); n > maxSyslog+1 { // the host's name may have one
			t.Errorf("a message has %d bytes", n)
		}
	})
	t.Run("over TCP, after it was away", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		address := l.Addr().String()
		l.Close()
		s := ToSyslog(hclog.Info, options("tcp", address))
		defer s.Close()
		s.Accept("", hclog.Info, "early")
		if l, err = net.Listen("tcp", address); err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		s.Close()
		conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		all, err := io.ReadAll(conn)
		if err != nil {
			t.Fatal(err)
		}
		length, rest, _ := strings.Cut(string(all), " ")
		wantMatch(t, length, `^\d+$`)
		wantMatch(t, rest, `^<142>1 .* early$`)
	})
}

func TestJournal(t *testing.T) {
	path, next := datagrams(t, "unixgram", filepath.Join(t.TempDir(), "journal"))
	s := ToJournal(hclog.Trace, path, "weather")
	defer s.Close()
	s.Accept("", hclog.Warn, "a\nb")
	if got, want := next(), "PRIORITY=4\nSYSLOG_IDENTIFIER=weather\nMESSAGE\n\x03\x00\x00\x00\x00\x00\x00\x00a\nb\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	s.Accept("", hclog.Trace, strings.Repeat("x", 1<<17))
	wantMatch(t, next(), `^PRIORITY=7\n(?s).*x…\n$`)
}

func TestADaemonThatIsNotThereKeepsNobodyWaiting(t *testing.T) {
	s := ToSyslog(hclog.Info, SyslogOptions{Network: "unixgram", Address: filepath.Join(t.TempDir(), "gone"), Tag: "a"})
	for range 3 * maxQueued {
		s.Accept("", hclog.Info, "line")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestAQueueIsBounded(t *testing.T) {
	begin := make(chan struct{})
	var got []message
	q := newQueue(100, func(q *queue) {
		<-begin
		q.each(func(m message) error { got = append(got, m); return nil })
	})
	for range 50 {
		q.put(1, []byte("0123456789"))
	}
	if text := q.lost(); text != "40 log lines were dropped, as they came faster than they could be sent" {
		t.Errorf("it says %q", text)
	}
	if text := q.lost(); text != "" {
		t.Errorf("it says again %q", text)
	}
	close(begin)
	q.Close()
	if len(got) != 10 {
		t.Errorf("%d messages came through", len(got))
	}
}
