package server_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/erlmcp/erlmcp/server"
)

// backToTheStart waits until nothing is left of what a test has done to a server.
func backToTheStart(t *testing.T, rt *server.Runtime) (check func()) {
	t.Helper()
	http.DefaultClient.CloseIdleConnections()
	eventually(t, func() bool { return rt.Control().Status().Connections == 0 })
	goroutines, descriptors, sessions := runtime.NumGoroutine(), open(t), rt.Control().Status().Sessions
	return func() {
		t.Helper()
		http.DefaultClient.CloseIdleConnections()
		deadline := time.Now().Add(20 * time.Second)
		for {
			s := rt.Control().Status()
			g, d := runtime.NumGoroutine(), open(t)
			if s.Connections == 0 && s.InProgress == 0 && s.Sessions == sessions && g <= goroutines && d <= descriptors {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%d connections, %d in progress, %d sessions (before %d), %d goroutines (%d), %d descriptors (%d)",
					s.Connections, s.InProgress, s.Sessions, sessions, g, goroutines, d, descriptors)
			}
			time.Sleep(time.Millisecond)
		}
	}
}

// TestSlowClients has many that send a byte now and then, or read nothing, and
// meanwhile one that behaves.
func TestSlowClients(t *testing.T) {
	// Long enough for one that behaves, on a busy machine too.
	rt := start(t, `,"limits":{"header_timeout":"1s","body_timeout":"1s","idle_timeout":"1s","write_timeout":"1s"}`, server.Options{})
	post(t, rt.URL(), callEchoX)
	check := backToTheStart(t, rt)
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			conn, err := net.Dial("tcp", rt.Addr().String())
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			begin := [...]string{
				"GET /health HTTP/1.1\r\nHost: localhost\r\n",
				"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n",
				`{"jsonrpc":"2.0","id":1,"method":"`,
			}[i%3]
			io.WriteString(conn, begin)
			tick := time.NewTicker(50 * time.Millisecond)
			defer tick.Stop()
			for end := time.After(20 * time.Second); ; {
				select {
				case <-tick.C:
					if _, err := io.WriteString(conn, "x"); err != nil {
						return // the server has had enough
					}
				case <-end:
					t.Errorf("a client that began with %q is served for 20 s", begin)
					return
				}
			}
		})
	}
	if resp, body := post(t, rt.URL(), callEchoX); resp.StatusCode != 200 {
		t.Errorf("a client that behaves: %d %s", resp.StatusCode, body)
	}
	wg.Wait()
	check()
}

// TestManyConnects connects a thousand times as fast as this machine can, and does
// something foul each time.
func TestManyConnects(t *testing.T) {
	rt := start(t, "", server.Options{})
	post(t, rt.URL(), callEchoX)
	check := backToTheStart(t, rt)
	foul := []string{
		"", "{", "\x00", "\x16\x03\x01", "GET", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "[[[[[", strings.Repeat("{\"a\":", 2000) + "\n",
		`{"jsonrpc":"2.0","id":1,"method":"ping","method":"initialize"}` + "\n", "{\"jsonrpc\":\"2.0\",\"id\":\"\xff\xfe\",\"method\":\"ping\"}\n",
		callEchoX + "\n", "POST /mcp HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffffffffff\r\n",
		"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
		"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 85\r\nExpect: 100-continue\r\n\r\n",
	}
	begun := time.Now()
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			for j := range 50 {
				conn, err := net.Dial("tcp", rt.Addr().String())
				if err != nil {
					t.Error(err)
					return
				}
				io.WriteString(conn, foul[(i*50+j)%len(foul)])
				if j%2 == 0 {
					conn.(*net.TCPConn).CloseWrite() // half
					conn.SetReadDeadline(time.Now().Add(5 * time.Second))
					io.Copy(io.Discard, conn)
				} else if j%3 == 0 {
					conn.(*net.TCPConn).SetLinger(0) // resets
				}
				conn.Close()
			}
		})
	}
	wg.Wait()
	t.Logf("1,000 connects in %s", time.Since(begun).Round(time.Millisecond))
	if resp, body := post(t, rt.URL(), callEchoX); resp.StatusCode != 200 {
		t.Errorf("afterwards: %d %s", resp.StatusCode, body)
	}
	check()
}

// TestFoulMessages is what is answered to each, over HTTP and raw.
func TestFoulMessages(t *testing.T) {
	rt := start(t, "", server.Options{})
	deep := strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100)
	for name, c := range map[string]struct{ message, want string }{
		"deep JSON":              {`{"jsonrpc":"2.0","id":1,"method":"ping","params":` + deep + `}`, `"code":-32600`},
		"very deep JSON":         {strings.Repeat("[", 100_000), `"code":-326`},
		"a member twice":         {`{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/list"}`, `the member \"method\" stands twice`},
		"a member twice, inside": {`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","name":"other"}}`, `"code":-326`},
		"an argument twice":      {`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":1,"text":"b"}}}`, `"text":"b"`}, // the last holds, for the check too
		"invalid UTF-8":          {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"echo\",\"arguments\":{\"text\":\"\xff\"}}}", `"code":-32700`},
		"a lone surrogate":       {`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"\ud800"}}}`, `"id":1`},
		"a huge number":          {`{"jsonrpc":"2.0","id":1e999999999,"method":"ping"}`, `"id":1e999999999,"result"`}, // it is not read
		"an id that is no id":    {`{"jsonrpc":"2.0","id":{},"method":"ping"}`, `"code":-32600`},
		"an argument too many":   {`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"a","other":1}}}`, `other`},
	} {
		t.Run(name, func(t *testing.T) {
			resp, body := post(t, rt.URL(), c.message)
			if !strings.Contains(body, c.want) || resp.StatusCode >= 500 {
				t.Errorf("over HTTP: %d %s\nwant %s", resp.StatusCode, body, c.want)
			}
			raw := dial(t, rt)
			raw.send(c.message)
			if got := raw.receive(); !strings.Contains(got, c.want) {
				t.Errorf("raw: %s\nwant %s", got, c.want)
			}
		})
	}
}

// TestHandshakesThatBreakOff leaves TLS handshakes in the middle.
func TestHandshakesThatBreakOff(t *testing.T) {
	ca := newAuthority(t)
	cert, key := ca.issue("server")
	rt := start(t, `,"limits":{"header_timeout":"300ms"},"tls":{"certificate":`+quote(cert)+`,"key":`+quote(key)+`}`, server.Options{})
	check := backToTheStart(t, rt)
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			conn, err := net.Dial("tcp", rt.Addr().String())
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			switch i % 4 {
			case 0: // says nothing until the server closes
				conn.SetReadDeadline(time.Now().Add(10 * time.Second))
				if _, err := conn.Read(make([]byte, 1)); err != io.EOF {
					t.Errorf("a client that says nothing: %v", err)
				}
			case 1:
				io.WriteString(conn, "\x16\x03\x01\x02\x00\x01")
			case 2:
				fmt.Fprint(conn, "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n") // without TLS
			case 3:
				tls.Client(conn, &tls.Config{InsecureSkipVerify: true}).Handshake()
			}
		})
	}
	wg.Wait()
	check()
}
