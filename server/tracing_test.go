package server_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/erlmcp/erlmcp/server"
)

const (
	traceID = "4bf92f3577b34da6a3ce929d0e0e4736"
	spanID  = "00f067aa0ba902b7"
	parent  = "00-" + traceID + "-" + spanID + "-01"
)

// traced is a tracing block that exports to the collector.
func traced(c *collector, protocol, more string) string {
	return fmt.Sprintf(`,"tracing":{"endpoint":"http://%s","protocol":%q,"headers":{"X-Key":"k"},"resource":{"deployment.environment.name":"test"}%s}`, c.at, protocol, more)
}

const echoHi = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"hi"}}}`

func TestASpanForEachRequest(t *testing.T) {
	for _, protocol := range []string{"grpc", "http"} {
		t.Run(protocol, func(t *testing.T) {
			c := newCollector(t)
			rt := start(t, traced(c, protocol, ""), server.Options{})
			post(t, rt.URL(), echoHi, "Traceparent", parent, "Tracestate", "a=b")
			post(t, rt.URL(), `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo","arguments":{"text":1}}}`)
			post(t, rt.URL(), `{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"none"}}`)
			rt.Stop()

			s := c.span("tools/call")
			if s.attributes["rpc.response.status_code"] != "-32602" || s.attributes["erlmcp.outcome"] != "error" || s.Status.GetCode() != 2 {
				t.Errorf("the call that failed: %v %v", s.attributes, s.Status)
			}
			var called []*span
			for _, s := range c.spans {
				if s.Name == "tools/call echo" {
					called = append(called, s)
				}
			}
			if len(called) != 2 {
				t.Fatalf("%d spans", len(called))
			}
			good, bad := called[0], called[1]
			if hex.EncodeToString(good.TraceId) != traceID || hex.EncodeToString(good.ParentSpanId) != spanID || good.TraceState != "a=b" {
				t.Errorf("the span is not part of the client's trace: %x %x %s", good.TraceId, good.ParentSpanId, good.TraceState)
			}
			for name, want := range map[string]string{
				"mcp.method.name": "tools/call", "gen_ai.tool.name": "echo", "erlmcp.outcome": "ok", "client.address": "127.0.0.1", "mcp.protocol.version": "2025-03-26",
			} {
				if got := good.attributes[name]; got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
			if bad.attributes["erlmcp.outcome"] != "error" || bad.attributes["error.type"] != "-32602" || len(bad.ParentSpanId) != 0 {
				t.Errorf("the call with wrong arguments: %v", bad.attributes)
			}
			if c.about["service.name"] != "test" || c.about["deployment.environment.name"] != "test" || c.about["service.instance.id"] == "" {
				t.Errorf("the resource is %v", c.about)
			}
			if c.headers.Get("X-Key") != "k" {
				t.Errorf("the headers are %v", c.headers)
			}
		})
	}
}

func TestTheTraceInMetaComesFirst(t *testing.T) {
	c := newCollector(t)
	rt := start(t, traced(c, "http", ""), server.Options{})
	message, headers := modern("tools/call", `"name":"echo","arguments":{"text":"hi"}`, "echo")
	message = strings.Replace(message, `"_meta":{`, `"_meta":{"traceparent":"`+parent+`",`, 1)
	if !strings.Contains(message, parent) {
		t.Fatal("no _meta in", message)
	}
	post(t, rt.URL(), message, append(headers, "Traceparent", strings.ReplaceAll(parent, "4", "5"))...)
	rt.Stop()
	if s := c.span("tools/call echo"); hex.EncodeToString(s.TraceId) != traceID {
		t.Errorf("the trace is %x", s.TraceId)
	}
}

func TestSampling(t *testing.T) {
	c := newCollector(t)
	rt := start(t, traced(c, "http", `,"sample_ratio":0`), server.Options{})
	unsampled := strings.TrimSuffix(parent, "1") + "0"
	post(t, rt.URL(), echoHi)
	post(t, rt.URL(), echoHi, "Traceparent", unsampled)
	post(t, rt.URL(), echoHi, "Traceparent", "00-nonsense")
	post(t, rt.URL(), echoHi, "Traceparent", parent)
	rt.Stop()
	c.span("tools/call echo")
	if len(c.spans) != 1 {
		t.Errorf("%d spans, want the one whose trace is kept", len(c.spans))
	}
}

func TestATraceGoesOnToWebServices(t *testing.T) {
	c := newCollector(t)
	var seen http.Header
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header.Clone()
		http.Error(w, "no", http.StatusTeapot)
	}))
	t.Cleanup(web.Close)
	rt := start(t, traced(c, "grpc", "")+`,"tool":{"brew":{"http":{"url":"`+web.URL+`/pot?key=secret"}}}`, server.Options{})
	post(t, rt.URL(), `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"brew","arguments":{}}}`, "Traceparent", parent)
	rt.Stop()
	outer, inner := c.span("tools/call brew"), c.span("GET")
	if !bytes.Equal(inner.ParentSpanId, outer.SpanId) || hex.EncodeToString(inner.TraceId) != traceID {
		t.Errorf("the request is not part of the call")
	}
	if want := fmt.Sprintf("00-%s-%x-01", traceID, inner.SpanId); seen.Get("Traceparent") != want {
		t.Errorf("the web service sees %q, want %q", seen.Get("Traceparent"), want)
	}
	if inner.attributes["server.address"] != "127.0.0.1" || inner.attributes["error.type"] != "418" || strings.Contains(inner.String(), "secret") {
		t.Errorf("the span is %v", inner)
	}
}

// journal is a log that a test waits for.
type journal struct {
	mu   sync.Mutex
	text strings.Builder
	more chan struct{}
}

func newJournal() *journal { return &journal{more: make(chan struct{}, 1)} }

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.text.Write(p)
	select {
	case j.more <- struct{}{}:
	default:
	}
	return len(p), nil
}

func (j *journal) await(t *testing.T, text string) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		j.mu.Lock()
		all := j.text.String()
		j.mu.Unlock()
		if strings.Contains(all, text) {
			return
		}
		select {
		case <-j.more:
		case <-deadline:
			t.Fatalf("the log does not say %q:\n%s", text, all)
		}
	}
}

func TestADeadCollectorIsNotFelt(t *testing.T) {
	for _, protocol := range []string{"grpc", "http"} {
		t.Run(protocol, func(t *testing.T) {
			c, log := newCollector(t), newJournal()
			rt := start(t, traced(c, protocol, `,"timeout":"300ms"`), server.Options{Log: log})
			c.kill()
			call := func() {
				t.Helper()
				if resp, body := post(t, rt.URL(), echoHi); resp.StatusCode != 200 || !strings.Contains(body, `"text":"hi"`) {
					t.Fatalf("%d %s", resp.StatusCode, body)
				}
			}
			const calls, timeout = 3000, 300 * time.Millisecond
			begun := time.Now()
			for range calls {
				call()
			}
			if took := time.Since(begun); took > calls*timeout/10 { // a tenth of what they take that wait for it
				t.Errorf("%d calls took %s", calls, took)
			}
			log.await(t, "the OpenTelemetry collector does not take traces")
			c.listen()
			call()
			c.span("tools/call echo")
			log.await(t, "the OpenTelemetry collector takes traces again")
		})
	}
}

func TestAFaultThatPassesLosesNothing(t *testing.T) {
	for _, protocol := range []string{"grpc", "http"} {
		t.Run(protocol, func(t *testing.T) {
			c := newCollector(t)
			c.fail = 2
			rt := start(t, traced(c, protocol, ""), server.Options{})
			post(t, rt.URL(), echoHi)
			rt.Stop()
			c.span("tools/call echo")
		})
	}
}

func TestATraceGoesOnToUpstreams(t *testing.T) {
	c := newCollector(t)
	inner := start(t, traced(c, "grpc", ""), server.Options{})
	outer := start(t, traced(c, "grpc", "")+fmt.Sprintf(`,"upstream":{"in":{"http":{"url":%q},"prefix":"in_"}}`, inner.URL()), server.Options{})
	call := strings.Replace(echoHi, `"echo"`, `"in_echo"`, 1)
	deadline := time.After(20 * time.Second)
	for tick := time.NewTicker(20 * time.Millisecond); ; { // the upstream's tools come when it has told of them
		if _, body := post(t, outer.URL(), call, "Traceparent", parent); strings.Contains(body, `"text":"hi"`) {
			break
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("the tool of the upstream cannot be called")
		}
	}
	outer.Stop()
	inner.Stop()
	ours, theirs := c.span("tools/call in_echo"), c.span("tools/call echo")
	if !bytes.Equal(theirs.ParentSpanId, ours.SpanId) || hex.EncodeToString(theirs.TraceId) != traceID {
		t.Errorf("the upstream's span is part of %x in %x, not of %x", theirs.ParentSpanId, theirs.TraceId, ours.SpanId)
	}
}

func TestATraceIsHandedOnWhereNothingIsTraced(t *testing.T) {
	seen := make(chan string, 1)
	web := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen <- r.Header.Get("Traceparent") }))
	t.Cleanup(web.Close)
	rt := start(t, `,"tool":{"brew":{"http":{"url":"`+web.URL+`"}}}`, server.Options{})
	post(t, rt.URL(), `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"brew","arguments":{}}}`, "Traceparent", parent)
	if got := <-seen; got != parent {
		t.Errorf("the web service sees %q", got)
	}
}
