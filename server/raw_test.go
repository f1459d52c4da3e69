package server_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/erlmcp/erlmcp/internal/reserve"
	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server"
	"github.com/erlmcp/erlmcp/server/catalog"
	"github.com/erlmcp/erlmcp/server/protocol"
)

// raw is a connection that speaks newline-delimited JSON-RPC.
type raw struct {
	t     testing.TB
	conn  net.Conn
	lines *bufio.Reader
}

func dial(t testing.TB, rt *server.Runtime) *raw {
	t.Helper()
	conn, err := net.Dial("tcp", rt.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	return &raw{t, conn, bufio.NewReader(conn)}
}

func (r *raw) send(message string) {
	r.t.Helper()
	if _, err := io.WriteString(r.conn, message+"\n"); err != nil {
		r.t.Fatal(err)
	}
}

func (r *raw) receive() string {
	r.t.Helper()
	line, err := r.lines.ReadString('\n')
	if err != nil {
		r.t.Fatalf("read: %v (so far %q)", err, line)
	}
	return strings.TrimSuffix(line, "\n")
}

func TestRawConnections(t *testing.T) {
	rt := start(t, "", server.Options{})
	c := dial(t, rt)
	c.send(`{"jsonrpc":"2.0","method":"tools/list","params":{},"id":2}`)
	if got := c.receive(); !strings.HasPrefix(got, `{"jsonrpc":"2.0","id":2,"result":{"tools":[{"name":"echo"`) {
		t.Errorf("tools/list: %s", got)
	}
	c.send("\r\n  " + initMessage + "\r")
	if got := c.receive(); !strings.Contains(got, `"protocolVersion":"2025-11-25"`) {
		t.Errorf("initialize: %s", got)
	}
	c.send(`{"jsonrpc":"2.0","method":"notifications/initialized"}`)
	c.send(`{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"echo","arguments":{}}}`)
	if got := c.receive(); !strings.Contains(got, `"isError":true`) {
		t.Errorf("what initialize settled on does not hold: %s", got)
	}
	c.send(`nonsense`)
	if got := c.receive(); !strings.Contains(got, `"id":null,"error":{"code":-32700`) {
		t.Errorf("nonsense: %s", got)
	}
	c.send(`{"jsonrpc":"2.0","id":4,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`)
	if got := c.receive(); !strings.Contains(got, `"resultType":"complete"`) {
		t.Errorf("a modern request on the same connection: %s", got)
	}
	if err := rt.Reload(document(t, `,"prompt":{"p":{"message":[{"text":"x"}]}}`), ""); err != nil {
		t.Fatal(err)
	}
	if got := c.receive(); got != `{"jsonrpc":"2.0","method":"notifications/prompts/list_changed"}` {
		t.Errorf("after a reload: %s", got)
	}
}

func TestAHalfClosedConnectionGetsItsAnswers(t *testing.T) {
	running, finish := make(chan struct{}), make(chan struct{})
	slow := catalog.GoTool{Name: "slow", Does: toolFunc(func(ctx context.Context, _ map[string]any) (*protocol.ToolResult, error) {
		close(running)
		select {
		case <-finish:
			return &protocol.ToolResult{Content: []protocol.Content{protocol.Text("done")}}, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	})}
	for _, c := range []struct{ name, prefix string }{
		{"raw", ""},
		{"HTTP", "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: 75\r\n\r\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			running, finish = make(chan struct{}), make(chan struct{})
			rt := start(t, "", server.Options{Tools: []catalog.GoTool{slow}})
			conn := dial(t, rt)
			conn.send(c.prefix + `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"slow"}}    `)
			<-running
			conn.conn.(*net.TCPConn).CloseWrite()
			// The server notices the end of what the client sends before it has an answer.
			time.AfterFunc(50*time.Millisecond, func() { close(finish) })
			rest, err := io.ReadAll(conn.lines)
			if err != nil || !strings.Contains(string(rest), `"text":"done"`) {
				t.Errorf("%q, %v", rest, err)
			}
		})
	}
}

func TestCancelOnAConnection(t *testing.T) {
	started, ended := make(chan struct{}), make(chan struct{})
	stuck := catalog.GoTool{Name: "stuck", Does: toolFunc(func(ctx context.Context, _ map[string]any) (*protocol.ToolResult, error) {
		close(started)
		<-ctx.Done()
		close(ended)
		return nil, ctx.Err()
	})}
	rt := start(t, `,"limits":{"workers":1,"queue":1}`, server.Options{Tools: []catalog.GoTool{stuck}})
	c := dial(t, rt)
	c.send(`{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"stuck"}}`)
	<-started
	// Every worker is busy; what controls the connection is answered all the same.
	c.send(`{"jsonrpc":"2.0","id":1,"method":"ping"}`)
	if got := c.receive(); got != `{"jsonrpc":"2.0","id":1,"result":{}}` {
		t.Errorf("ping: %s", got)
	}
	c.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"a"}}`)
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Fatal("the call goes on")
	}
	c.send(`{"jsonrpc":"2.0","id":2,"method":"ping"}`)
	if got := c.receive(); got != `{"jsonrpc":"2.0","id":2,"result":{}}` {
		t.Errorf("something was said of the cancelled request: %s", got)
	}
}

// TestTheNextMessageCancelsACall sends both at once, so that the call has hardly
// begun when it is cancelled.
func TestTheNextMessageCancelsACall(t *testing.T) {
	tool, _, letGo := blocking()
	defer letGo()
	rt := start(t, "", server.Options{Tools: []catalog.GoTool{tool}})
	c := dial(t, rt)
	for range 50 {
		c.send(callBlock + "\n" + `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`)
	}
	c.send(`{"jsonrpc":"2.0","id":2,"method":"ping"}`) // when it is answered, all before it has been read
	if got := c.receive(); got != `{"jsonrpc":"2.0","id":2,"result":{}}` {
		t.Errorf("something was said of a cancelled request: %s", got)
	}
	eventually(t, func() bool { return rt.Control().Status().InProgress == 0 })
}

func TestListenOnAConnection(t *testing.T) {
	rt := start(t, "", server.Options{})
	c := dial(t, rt)
	message, _ := modern("subscriptions/listen", `"notifications":{"promptsListChanged":true}`, "")
	c.send(message)
	if got := c.receive(); !strings.Contains(got, "acknowledged") {
		t.Errorf("got %s", got)
	}
	if err := rt.Reload(document(t, `,"prompt":{"p":{"message":[{"text":"x"}]}}`), ""); err != nil {
		t.Fatal(err)
	}
	if got, want := c.receive(), `{"jsonrpc":"2.0","method":"notifications/prompts/list_changed","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":1}}}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	c.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`)
	c.send(`{"jsonrpc":"2.0","id":2,"method":"ping"}`)
	if got := c.receive(); got != `{"jsonrpc":"2.0","id":2,"result":{}}` {
		t.Errorf("got %s", got)
	}
	// A stream that is open does not keep a connection whose client has gone.
	c.send(strings.Replace(message, `"id":1`, `"id":3`, 1))
	c.receive()
	c.conn.(*net.TCPConn).CloseWrite()
	if rest, err := io.ReadAll(c.lines); err != nil || !strings.Contains(string(rest), `"id":3,"result"`) {
		t.Errorf("at the end: %q, %v", rest, err)
	}
}

func TestARawConnectionThatSendsTooMuch(t *testing.T) {
	rt := start(t, `,"limits":{"request_size":"1KB"}`, server.Options{})
	c := dial(t, rt)
	c.send(`{"a":"` + strings.Repeat("x", 10_000))
	if got := c.receive(); !strings.Contains(got, "longer than 1KB") {
		t.Errorf("got %s", got)
	}
	if _, err := c.lines.ReadByte(); err == nil {
		t.Error("the connection stays open")
	}
}

func TestAConnectionThatSpeaksSomethingElseIsClosed(t *testing.T) {
	rt := start(t, "", server.Options{})
	c := dial(t, rt)
	c.send("\x16\x03\x01")
	if _, err := c.lines.ReadByte(); err == nil {
		t.Error("the connection got an answer")
	}
}

func TestTheSeparatePort(t *testing.T) {
	port, release, err := reserve.Port()
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	doc, err := schemas.Parse(fmt.Appendf(nil, `{"name":"test","listen":{"port":0,"tcp_port":%d},"metrics":{"enabled":false}}`, port))
	if err != nil {
		t.Fatal(err)
	}
	rt, err := server.New(doc, server.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := rt.Start(); err != nil {
		t.Fatal(err)
	}
	defer rt.Stop()
	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	c := &raw{t, conn, bufio.NewReader(conn)}
	c.send(`{"jsonrpc":"2.0","id":1,"method":"ping"}`)
	if got := c.receive(); got != `{"jsonrpc":"2.0","id":1,"result":{}}` {
		t.Errorf("got %s", got)
	}
	if rt.MetricsURL() != "" {
		t.Error("metrics are served though they are off")
	}
}
