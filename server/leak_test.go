package server_test

import (
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/erlmcp/erlmcp/server"
)

// open counts the descriptors of this process.
func open(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// TestNothingLeaks has clients do what breaks off in the middle, and looks for
// goroutines, descriptors and connections that stay behind.
func TestNothingLeaks(t *testing.T) {
	rt := start(t, "", server.Options{})
	send := func(parts ...string) {
		conn, err := net.Dial("tcp", rt.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range parts {
			io.WriteString(conn, p)
		}
		conn.Close()
	}
	listen, headers := modern("subscriptions/listen", `"notifications":{"toolsListChanged":true}`, "")
	streamed := "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
	for i := 0; i < len(headers); i += 2 {
		streamed += headers[i] + ": " + headers[i+1] + "\r\n"
	}
	http.DefaultClient.CloseIdleConnections()
	goroutines, descriptors := runtime.NumGoroutine(), open(t)
	for range 50 {
		send()
		send("{")
		send(`{"jsonrpc":"2.0","id":1,"method":"tools/list"}` + "\n")
		send(listen + "\n")
		send("GET /health HTTP/1.1\r\n")
		send("POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
		send(streamed + "Content-Length: " + strconv.Itoa(len(listen)) + "\r\n\r\n" + listen)
		send("GET /mcp HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("x", 100_000))
		send("\xff\xfe")
	}
	eventually(t, func() bool {
		return rt.Control().Status().Connections == 0 && runtime.NumGoroutine() <= goroutines && open(t) <= descriptors
	})
}
