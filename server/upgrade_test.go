package server_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/erlmcp/erlmcp/server"
	"github.com/erlmcp/erlmcp/server/auth"
	"github.com/erlmcp/erlmcp/server/catalog"
	"github.com/erlmcp/erlmcp/server/control"
	"github.com/erlmcp/erlmcp/server/dialogue"
	"github.com/erlmcp/erlmcp/server/protocol"
)

// dynasty is servers of which each takes the place of the one before.
type dynasty struct {
	testing.TB
	socket string
	now    *server.Runtime
}

// found starts the first server.
func found(t testing.TB, fields string, tools ...catalog.GoTool) *dynasty {
	t.Helper()
	d := &dynasty{TB: t, socket: filepath.Join(t.TempDir(), "control.sock")}
	d.now = start(t, fields, server.Options{Tools: tools})
	c, err := control.Serve(d.socket, d.now.Control())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return d
}

// succeed has a server with those fields take over.
func (d *dynasty) succeed(fields string, tools ...catalog.GoTool) error {
	d.Helper()
	conn, err := control.Succeed(d.socket)
	if err != nil {
		return err
	}
	s := server.NewSuccession(conn)
	next, err := server.New(document(d, fields), server.Options{Tools: tools, FilesDir: d.TempDir()})
	if err != nil {
		s.GiveUp(err)
		return err
	}
	err = next.TakeOver(s, func() error {
		c, err := control.Replace(d.socket, next.Control())
		if err == nil {
			d.Cleanup(func() { c.Close() })
		}
		return err
	})
	if err != nil {
		s.GiveUp(err)
		return err
	}
	d.Cleanup(func() { next.Stop() })
	d.now = next
	return nil
}

// hammer calls until it is told to stop, and returns how often it was answered.
func hammer(stop *atomic.Bool, call func() error) (calls int, err error) {
	for ; !stop.Load(); calls++ {
		if err := call(); err != nil {
			return calls, fmt.Errorf("call %d: %w", calls, err)
		}
	}
	return calls, nil
}

const echoCall = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"hey"}}}`

// overHTTP returns a client that posts a message.
func overHTTP(url, message string, keepAlive bool, headers []string) func() error {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: !keepAlive}}
	return func() error {
		r, err := http.NewRequest("POST", url, strings.NewReader(message))
		if err != nil {
			return err
		}
		r.GetBody = nil // net/http must not hide a lost request by sending it again
		r.Header.Set("Content-Type", "application/json")
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		resp, err := client.Do(r)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err == nil && (resp.StatusCode != 200 || !bytes.Contains(body, []byte(`"text":"hey"`))) {
			err = fmt.Errorf("%s: %s", resp.Status, body)
		}
		return err
	}
}

// overTCP returns a client that keeps one raw connection, with some messages on
// their way.
func overTCP(t testing.TB, addr, message string, ahead int) func() error {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	in, sent := bufio.NewReader(conn), 0
	return func() error {
		for ; sent <= ahead; sent++ {
			if _, err := io.WriteString(conn, message+"\n"); err != nil {
				return err
			}
		}
		sent--
		line, err := in.ReadString('\n')
		if err == nil && !strings.Contains(line, `"text":"hey"`) {
			err = errors.New(line)
		}
		return err
	}
}

// TestNoRequestFailsDuringUpgrades has clients of all kinds call while servers
// follow each other.
func TestNoRequestFailsDuringUpgrades(t *testing.T) {
	d := found(t, "", echo())
	url, addr := d.now.URL(), d.now.Addr().String()
	modernCall, modernHeaders := modern("tools/call", `"name":"echo","arguments":{"text":"hey"}`, "echo")
	session := func() []string { return []string{"Mcp-Session-Id", newLegacy(t, d.now, `{}`).session} }
	clients := map[string]func() error{}
	for i := range 3 {
		clients[fmt.Sprint("a session over a kept connection ", i)] = overHTTP(url, echoCall, true, session())
		clients[fmt.Sprint("a session over many connections ", i)] = overHTTP(url, echoCall, false, session())
		clients[fmt.Sprint("modern over a kept connection ", i)] = overHTTP(url, modernCall, true, modernHeaders)
		clients[fmt.Sprint("modern over many connections ", i)] = overHTTP(url, modernCall, false, modernHeaders)
		clients[fmt.Sprint("raw ", i)] = overTCP(t, addr, echoCall, 0)
		clients[fmt.Sprint("raw, modern, ", i, " ahead")] = overTCP(t, addr, modernCall, 5*i)
	}
	var stop atomic.Bool
	var running sync.WaitGroup
	for name, call := range clients {
		running.Go(func() {
			if calls, err := hammer(&stop, call); err != nil || calls == 0 {
				t.Errorf("%s: after %d calls: %v", name, calls, err)
			}
		})
	}
	for n := range 4 {
		old := d.now
		if err := d.succeed("", echo()); err != nil {
			t.Errorf("upgrade %d: %v", n, err)
		}
		select {
		case <-old.Stopped():
		case <-context10s(t).Done():
			t.Fatal("a server that was taken over does not end")
		}
	}
	stop.Store(true)
	running.Wait()
	if d.now.URL() != url {
		t.Errorf("it was at %s and is at %s", url, d.now.URL())
	}
}

// TestASessionWakesInTheSuccessor looks at all that is remembered of a client.
func TestASessionWakesInTheSuccessor(t *testing.T) {
	logs := talks("logs", func(_ context.Context, client *dialogue.Client, _ map[string]any) (string, error) {
		client.Log(protocol.Info, "", "unwanted")
		client.Log(protocol.Critical, "", "wanted")
		return fmt.Sprint(client.Can(protocol.CanElicit)), nil
	})
	d := found(t, `,"resource":{"note":{"text":"one"},"other":{"text":"x"}}`, logs)
	l := newLegacy(t, d.now, `{"elicitation":{}}`)
	for _, m := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"logging/setLevel","params":{"level":"critical"}}`,
		`{"jsonrpc":"2.0","id":2,"method":"resources/subscribe","params":{"uri":"erlmcp://note"}}`,
		`{"jsonrpc":"2.0","id":3,"method":"resources/subscribe","params":{"uri":"erlmcp://other"}}`,
	} {
		if resp, body := post(t, l.url, m, "Mcp-Session-Id", l.session); resp.StatusCode != 200 {
			t.Fatal(body)
		}
	}
	old := d.now
	if err := d.succeed(`,"resource":{"note":{"text":"two"},"other":{"text":"x"}}`, logs); err != nil {
		t.Fatal(err)
	}
	stream := l.stream("POST", `{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"logs"}}`)
	if _, data := stream.message(); !strings.Contains(data, `"wanted"`) {
		t.Errorf("the first message is %s", data)
	}
	if _, data := stream.message(); !strings.Contains(data, `"text":"true"`) {
		t.Errorf("the answer is %s", data)
	}
	<-old.Stopped() // it ends a stream that still reaches it, and the client would open another
	changes := l.stream("GET", "")
	if _, data := changes.message(); !strings.Contains(data, `"method":"notifications/resources/updated","params":{"uri":"erlmcp://note"}`) {
		t.Errorf("what has changed meanwhile: %s", data)
	}
}

// TestAUsedSignatureIsUsedInTheSuccessor sends a request that was used before an
// upgrade again after it, and one that was signed before it.
func TestAUsedSignatureIsUsedInTheSuccessor(t *testing.T) {
	const fields = `,"auth":{"hmac":{"bot":{"secret":"a key of a client, shared","window":"1m"}}}`
	d := found(t, fields)
	request := func(nonce string) (headers []string) {
		r, err := http.NewRequest("POST", d.now.URL(), nil)
		if err != nil {
			t.Fatal(err)
		}
		auth.Sign(r, []byte(echoCall), "bot", "a key of a client, shared", nonce, time.Now())
		for name := range r.Header {
			headers = append(headers, name, r.Header.Get(name))
		}
		return headers
	}
	used, fresh := request("1"), request("2")
	if resp, body := post(t, d.now.URL(), echoCall, used...); resp.StatusCode != 200 {
		t.Fatal(resp.Status, body)
	}
	if err := d.succeed(fields); err != nil {
		t.Fatal(err)
	}
	if resp, body := post(t, d.now.URL(), echoCall, used...); resp.StatusCode != 401 || !strings.Contains(body, "used before") {
		t.Errorf("what was used: %s %s", resp.Status, body)
	}
	if resp, body := post(t, d.now.URL(), echoCall, fresh...); resp.StatusCode != 200 {
		t.Errorf("what was not: %s %s", resp.Status, body)
	}
}

// TestACallOutlivesItsServer has a call go on while another server takes over:
// its client comes back to that one.
func TestACallOutlivesItsServer(t *testing.T) {
	step := make(chan struct{})
	d := found(t, "", stepping(step))
	old := d.now
	l := newLegacy(t, d.now, `{}`)
	stream := l.stream("POST", stepCall)
	first, _ := stream.message()
	stayed := l.stream("POST", strings.Replace(stepCall, `"id":5`, `"id":6`, 1))
	stayed.message()
	if err := d.succeed("", stepping(step)); err != nil {
		t.Fatal(err)
	}
	stream.resp.Body.Close()
	again := l.stream("GET", "", "Last-Event-ID", first)
	for range 6 { // both calls take three
		step <- struct{}{}
	}
	for _, want := range []string{`"progress":2`, `"progress":3`, `"id":5,"result"`} {
		if _, data := again.message(); !strings.Contains(data, want) {
			t.Errorf("after the upgrade: %s, want %s", data, want)
		}
	}
	for _, want := range []string{`"progress":2`, `"progress":3`, `"id":6,"result"`} {
		if _, data := stayed.message(); !strings.Contains(data, want) {
			t.Errorf("on the connection that stayed: %s, want %s", data, want)
		}
	}
	<-old.Stopped()
}

// TestAnAnswerFindsItsServer answers the question of a call, and cancels another,
// by way of the server that has taken over.
func TestAnAnswerFindsItsServer(t *testing.T) {
	cancelled := make(chan struct{})
	waits := talks("waits", func(ctx context.Context, client *dialogue.Client, _ map[string]any) (string, error) {
		client.Progress(1, 1, "waiting")
		<-ctx.Done()
		close(cancelled)
		return "", ctx.Err()
	})
	d := found(t, "", asker(), waits)
	l := newLegacy(t, d.now, `{"elicitation":{}}`)
	stream := l.stream("POST", `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"ask"}}`)
	_, question := stream.message()
	_, id, ok := strings.Cut(question, `"id":"`)
	id, _, _ = strings.Cut(id, `"`)
	if !ok {
		t.Fatalf("the question is %s", question)
	}
	l.stream("POST", `{"jsonrpc":"2.0","id":8,"method":"tools/call","params":{"name":"waits","_meta":{"progressToken":1}}}`).message()
	if err := d.succeed("", asker(), waits); err != nil {
		t.Fatal(err)
	}
	post(t, l.url, `{"jsonrpc":"2.0","id":"`+id+`","result":{"action":"accept","content":{"name":"Ada"}}}`, "Mcp-Session-Id", l.session)
	if _, data := stream.message(); !strings.Contains(data, "accept Ada") {
		t.Errorf("the answer is %s", data)
	}
	post(t, l.url, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":8}}`, "Mcp-Session-Id", l.session)
	select {
	case <-cancelled:
	case <-context10s(t).Done():
		t.Error("the call goes on")
	}
}

// TestARawConnectionGoesOn upgrades between the pieces of a message.
func TestARawConnectionGoesOn(t *testing.T) {
	d := found(t, `,"resource":{"note":{"text":"one"}}`, echo())
	conn, err := net.Dial("tcp", d.now.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	in := bufio.NewReader(conn)
	say := func(text string) {
		if _, err := io.WriteString(conn, text); err != nil {
			t.Fatal(err)
		}
	}
	hear := func(want string) {
		t.Helper()
		if line, err := in.ReadString('\n'); err != nil || !strings.Contains(line, want) {
			t.Fatalf("%q, %v; want %s", line, err, want)
		}
	}
	say(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{}}}` + "\n")
	hear(`"protocolVersion":"2025-11-25"`)
	say(`{"jsonrpc":"2.0","id":2,"method":"resources/subscribe","params":{"uri":"erlmcp://note"}}` + "\n")
	hear(`"id":2,"result"`)
	say(echoCall[:30])
	old := d.now
	if err := d.succeed(`,"resource":{"note":{"text":"one"}}`, echo()); err != nil {
		t.Fatal(err)
	}
	<-old.Stopped()
	say(echoCall[30:] + "\n")
	hear(`"text":"hey"`)
	if err := d.now.Reload(document(t, `,"resource":{"note":{"text":"two"}}`), ""); err != nil {
		t.Fatal(err)
	}
	hear(`"notifications/resources/updated"`)
}

// TestAFailedUpgradeChangesNothing lets a successor fail at each step.
func TestAFailedUpgradeChangesNothing(t *testing.T) {
	d := found(t, "", echo())
	l := newLegacy(t, d.now, `{}`)
	call := overHTTP(d.now.URL(), echoCall, true, []string{"Mcp-Session-Id", l.session})
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	begin := func(fields string) (*server.Succession, *server.Runtime) {
		conn, err := control.Succeed(d.socket)
		if err != nil {
			t.Fatal(err)
		}
		rt, err := server.New(document(t, fields), server.Options{Tools: []catalog.GoTool{echo()}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { rt.Stop() })
		return server.NewSuccession(conn), rt
	}
	for _, c := range []struct {
		name string
		fail func() error
	}{
		{"it gives up at once", func() error {
			s, _ := begin("")
			s.GiveUp(errors.New("the document is bad"))
			return errors.New("so it is")
		}},
		{"it cannot open a port", func() error {
			s, rt := begin(fmt.Sprintf(`,"rate_limit":[],"health":{},"listen":{"port":0,"tcp_port":%d}`, taken.Addr().(*net.TCPAddr).Port))
			err := rt.TakeOver(s, func() error { return nil })
			s.GiveUp(err)
			return err
		}},
		{"it fails when all is ready", func() error {
			s, rt := begin("")
			err := rt.TakeOver(s, func() error { return errors.New("no") })
			s.GiveUp(err)
			return err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.fail(); err == nil || strings.Contains(err.Error(), "another successor") {
				t.Fatalf("it did not fail by itself: %v", err)
			}
			eventually(t, func() bool { return d.now.Control().Status().State == "running" })
			for range 3 {
				if err := call(); err != nil {
					t.Error(err)
				}
			}
			if err := overHTTP(d.now.URL(), echoCall, false, nil)(); err != nil {
				t.Errorf("a new connection: %v", err)
			}
		})
	}
	if err := d.succeed("", echo()); err != nil {
		t.Errorf("after failures: %v", err)
	}
	if err := call(); err != nil {
		t.Error(err)
	}
}
