package server_test

import (
	"bufio"
	"net/http"
	"strings"
	"testing"

	"github.com/erlmcp/erlmcp/server"
)

func TestTheTransportOf20241105(t *testing.T) {
	rt := start(t, `,"listen":{"port":0,"sse_path":"/sse"}`, server.Options{})
	base := strings.TrimSuffix(rt.URL(), "/mcp")
	r, err := http.NewRequestWithContext(context10s(t), "GET", base+"/sse", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	stream := &sse{t, resp, bufio.NewScanner(resp.Body)}
	_, endpoint := stream.message()
	if !strings.HasPrefix(endpoint, "/sse?session=") {
		t.Fatalf("endpoint: %s", endpoint)
	}
	send := func(message string) {
		t.Helper()
		if resp, body := post(t, base+endpoint, message); resp.StatusCode != 202 || body != "" {
			t.Errorf("status %d: %s", resp.StatusCode, body)
		}
	}
	send(strings.Replace(initMessage, "2025-11-25", "2024-11-05", 1))
	if _, got := stream.message(); !strings.Contains(got, `"protocolVersion":"2024-11-05"`) {
		t.Errorf("initialize: %s", got)
	}
	send(`{"jsonrpc":"2.0","method":"notifications/initialized"}`)
	send(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"x"}}}`)
	if _, got := stream.message(); got != `{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"x"}]}}` {
		t.Errorf("a call: %s", got)
	}
	if err := rt.Reload(document(t, `,"listen":{"port":0,"sse_path":"/sse"},"tool":{"more":{"static":{"text":"more"}}}`), ""); err != nil {
		t.Fatal(err)
	}
	if _, got := stream.message(); !strings.Contains(got, "notifications/tools/list_changed") {
		t.Errorf("after a reload: %s", got)
	}
	if resp, _ := post(t, base+"/sse?session=x", `{}`); resp.StatusCode != 404 {
		t.Errorf("a session that is not there: %d", resp.StatusCode)
	}
	go rt.Stop()
	if _, _, ok := stream.next(); ok {
		t.Error("the stream goes on when the server stops")
	}
}

func TestTheTransportOf20241105IsLeftOut(t *testing.T) {
	rt := start(t, "", server.Options{})
	resp, err := http.Get(strings.TrimSuffix(rt.URL(), "/mcp") + "/sse")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 404 {
		t.Errorf("status %d", resp.StatusCode)
	}
}
