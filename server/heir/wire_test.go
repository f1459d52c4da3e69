package heir

import (
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// pair are the two ends of a wire.
func pair(t *testing.T) (a, b *Wire) {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(t.TempDir(), "s"), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	one, err := net.DialUnix("unix", nil, l.Addr().(*net.UnixAddr))
	if err != nil {
		t.Fatal(err)
	}
	two, err := l.AcceptUnix()
	if err != nil {
		t.Fatal(err)
	}
	a, b = NewWire(one), NewWire(two)
	t.Cleanup(func() { a.Close(); b.Close() })
	b.Deadline(time.Now().Add(time.Minute))
	return a, b
}

type record struct{ Text string }

func TestRecordsComeInTheirOrder(t *testing.T) {
	a, b := pair(t)
	long := strings.Repeat("x", 3<<20)
	go func() {
		for i := range 100 {
			a.Send(record{fmt.Sprint(i)})
		}
		a.Send(record{long})
		a.Close()
	}()
	for i := range 101 {
		var r record
		if files, err := b.Receive(&r); err != nil || len(files) > 0 {
			t.Fatal(len(files), err)
		}
		if want := fmt.Sprint(i); r.Text != want && r.Text != long {
			t.Fatalf("record %d says %.20q", i, r.Text)
		}
	}
	if _, err := b.Receive(&record{}); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v", err)
	}
}

// TestTheLastWordsOfTheOtherSide are heard also by one that finds out by sending
// that there is nobody left.
func TestTheLastWordsOfTheOtherSide(t *testing.T) {
	a, b := pair(t)
	if err := a.Send(record{"farewell"}); err != nil {
		t.Fatal(err)
	}
	a.Close()
	if err := b.Send(record{"hello"}); err == nil {
		t.Fatal("it was sent to nobody")
	}
	var r record
	if _, err := b.Receive(&r); err != nil || r.Text != "farewell" {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := b.Receive(&r); err == nil {
		t.Error("the wire has no end")
	}
}

// TestAListenerIsHandedOver closes it on one side, and connects to the other.
func TestAListenerIsHandedOver(t *testing.T) {
	a, b := pair(t)
	old, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := a.Send(record{"two"}, old.(*net.TCPListener), other.(*net.TCPListener)); err != nil {
		t.Fatal(err)
	}
	if err := a.Send(record{"none"}); err != nil {
		t.Fatal(err)
	}
	old.Close()
	var r record
	files, err := b.Receive(&r)
	if err != nil || len(files) != 2 || r.Text != "two" {
		t.Fatalf("%q with %d descriptors, %v", r.Text, len(files), err)
	}
	l, err := net.FileListener(files[0])
	closeAll(files)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if l.Addr().String() != old.Addr().String() {
		t.Errorf("it listens on %s, want %s", l.Addr(), old.Addr())
	}
	client, err := net.Dial("tcp", old.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if files, err := b.Receive(&r); err != nil || len(files) != 0 || r.Text != "none" {
		t.Errorf("%q with %d descriptors, %v", r.Text, len(files), err)
	}
}

func TestARecordThatIsTooLargeIsRefused(t *testing.T) {
	a, b := pair(t)
	if err := a.Send(record{strings.Repeat("x", maxRecord)}); err == nil {
		t.Error("it was sent")
	}
	a.conn.Write([]byte{0xff, 0xff, 0xff, 0xff})
	if _, err := b.Receive(&record{}); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("it was received: %v", err)
	}
}
