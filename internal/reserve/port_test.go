package reserve

import (
	"fmt"
	"net"
	"testing"
)

func TestPort(t *testing.T) {
	port, release, err := Port()
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	address := fmt.Sprintf("127.0.0.1:%d", port)
	for range 2 { // a server that comes, goes and comes again
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			t.Fatal("somebody listens")
		}
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		client, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		server, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		server.Close()
		client.Close()
		l.Close()
	}
}

func TestFixed(t *testing.T) {
	seen := map[int]bool{}
	for range 100 {
		port, err := Fixed()
		if err != nil {
			t.Fatal(err)
		}
		if seen[port] || port < first || port >= first+ports {
			t.Errorf("port %d", port)
		}
		seen[port] = true
	}
}
