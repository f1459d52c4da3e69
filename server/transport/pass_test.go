package transport

import (
	"net"
	"testing"
)

// TestAConnectionWhoseClientHasGone is passed on when nobody is at its other end any
// more.
func TestAConnectionWhoseClientHasGone(t *testing.T) {
	f, _ := open(t, nil)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for name, passed := range map[string]Passed{"HTTP": {}, "raw": {Raw: &RawState{}}} {
		client, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		client.(*net.TCPConn).SetLinger(0) // it resets the connection
		client.Close()
		if _, err := conn.Read(make([]byte, 1)); err == nil {
			t.Fatal("the client is there")
		}
		file, err := conn.(*net.TCPConn).File()
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
		passedOn, err := net.FileConn(file)
		file.Close()
		if err != nil {
			t.Fatal(err)
		}
		f.Adopt(passedOn, passed)
		if n := f.Connections(); n != 0 {
			t.Errorf("%s: %d connections are served", name, n)
		}
	}
}
