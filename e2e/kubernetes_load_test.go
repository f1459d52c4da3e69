//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// caller is a client that calls one tool again and again.
type caller struct {
	url     string
	http    *http.Client
	session string // of the older protocol era
	begun   int    // sessions
}

func (c *caller) post(ctx context.Context, body string, headers ...string) (int, string, http.Header, error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, strings.NewReader(body))
	if err != nil {
		return 0, "", nil, err
	}
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("Accept", "application/json, text/event-stream")
	for i := 0; i < len(headers); i += 2 {
		q.Header.Set(headers[i], headers[i+1])
	}
	r, err := c.http.Do(q)
	if err != nil {
		return 0, "", nil, err
	}
	defer r.Body.Close()
	raw, err := io.ReadAll(r.Body)
	return r.StatusCode, string(raw), r.Header, err
}

// newCaller is the client of a number below 8. Each has an address of its own:
// Services send the requests of one address to one pod. Half of them keep their
// connections.
func newCaller(url string, n int) *caller {
	from := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(10, 99, 0, byte(11+n))}}
	return &caller{url: url, http: &http.Client{
		Transport: &http.Transport{DisableKeepAlives: n%4 < 2, DialContext: from.DialContext}, Timeout: 20 * time.Second,
	}}
}

// modern calls as MCP 2026-07-28 has it: each request stands alone.
func (c *caller) modern(ctx context.Context) (string, error) {
	status, body, _, err := c.post(ctx,
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"hello","arguments":{},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`,
		"MCP-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/call", "Mcp-Name", "hello")
	return answered(status, body, err)
}

// legacy calls as MCP 2025-11-25 has it: in a session, and in a new one when the
// server no longer knows it (basic/transports, session management).
func (c *caller) legacy(ctx context.Context) (string, error) {
	const version = "2025-11-25"
	for range 2 {
		if c.session == "" {
			status, body, header, err := c.post(ctx, `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"`+version+`","capabilities":{},"clientInfo":{"name":"load","version":"1"}}}`)
			if err != nil || status != http.StatusOK {
				return "", fmt.Errorf("initialize: %d %s (%w)", status, body, err)
			}
			c.session = header.Get("Mcp-Session-Id")
			c.begun++
			if status, body, _, err := c.post(ctx, `{"jsonrpc":"2.0","method":"notifications/initialized"}`, "Mcp-Session-Id", c.session, "MCP-Protocol-Version", version); status == http.StatusNotFound {
				c.session = ""
				continue
			} else if err != nil || status != http.StatusAccepted {
				return "", fmt.Errorf("initialized: %d %s (%w)", status, body, err)
			}
		}
		status, body, _, err := c.post(ctx, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"hello","arguments":{}}}`,
			"Mcp-Session-Id", c.session, "MCP-Protocol-Version", version)
		if status == http.StatusNotFound {
			c.session = ""
			continue
		}
		return answered(status, body, err)
	}
	return "", errors.New("sessions do not last for one call")
}

// greeting finds the text of an answer.
var greeting = regexp.MustCompile(`Hello[a-z ]*`)

func answered(status int, body string, err error) (string, error) {
	if text := greeting.FindString(body); err == nil && status == http.StatusOK && text != "" {
		return text, nil
	}
	return "", fmt.Errorf("%d %s (%w)", status, body, err)
}

// load are clients of both protocol eras that use a server all the time.
type load struct {
	t               *testing.T
	stop            context.CancelFunc
	all             sync.WaitGroup
	calls, sessions atomic.Int64
	failed          atomic.Int64
	answers         sync.Map // texts that came, and how often: *atomic.Int64
}

// startLoad starts eight clients, once the server answers each. What is no greeting fails the test.
func startLoad(t *testing.T, url string) *load {
	t.Helper()
	l := &load{t: t}
	var ctx context.Context
	ctx, l.stop = context.WithCancel(t.Context())
	t.Cleanup(l.stop)
	for n := range 8 {
		c := newCaller(url, n)
		call := c.modern
		if n%2 == 1 {
			call = c.legacy
		}
		for deadline := time.Now().Add(time.Minute); ; {
			// A connection from before the node knew the Service leads nowhere for good.
			soon, cancel := context.WithTimeout(ctx, 2*time.Second)
			_, err := call(soon)
			cancel()
			if err == nil {
				break
			} else if time.Now().After(deadline) {
				t.Fatalf("the server does not answer through its Service: %v", err)
			}
		}
		l.all.Add(1)
		go l.use(ctx, n, c, call)
	}
	return l
}

func (l *load) use(ctx context.Context, n int, c *caller, call func(context.Context) (string, error)) {
	defer l.all.Done()
	for ctx.Err() == nil {
		text, err := call(context.WithoutCancel(ctx))
		if err != nil {
			l.failed.Add(1)
			l.t.Errorf("client %d: %v", n, err)
		}
		count, _ := l.answers.LoadOrStore(text, &atomic.Int64{})
		count.(*atomic.Int64).Add(1)
		l.calls.Add(1)
		time.Sleep(5 * time.Millisecond) // load, not a siege
	}
	l.sessions.Add(int64(c.begun))
}

// saw is how many answers had the text.
func (l *load) saw(text string) int64 {
	count, ok := l.answers.Load(text)
	if !ok {
		return 0
	}
	return count.(*atomic.Int64).Load()
}

// end stops the clients, and says what they saw.
func (l *load) end() {
	l.t.Helper()
	l.stop()
	l.all.Wait()
	if n := l.calls.Load(); n < 100 {
		l.t.Errorf("only %d calls were made", n)
	}
	l.t.Logf("%d calls in %d sessions of the older era, %d failed", l.calls.Load(), l.sessions.Load(), l.failed.Load())
}
