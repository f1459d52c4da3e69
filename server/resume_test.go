package server_test

import (
	"context"
	"strings"
	"testing"

	"github.com/erlmcp/erlmcp/server"
	"github.com/erlmcp/erlmcp/server/catalog"
	"github.com/erlmcp/erlmcp/server/dialogue"
)

// stepping is a tool that reports progress each time that it is let.
func stepping(step <-chan struct{}) catalog.GoTool {
	return talks("step", func(ctx context.Context, client *dialogue.Client, _ map[string]any) (string, error) {
		for n := 1.0; n <= 3; n++ {
			client.Progress(n, 3, "")
			select {
			case <-step:
			case <-ctx.Done():
				return "", ctx.Err()
			}
		}
		return "done", nil
	})
}

const stepCall = `{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"step","_meta":{"progressToken":"p"}}}`

func TestAStreamIsTakenUpAgain(t *testing.T) {
	step := make(chan struct{})
	rt := start(t, "", server.Options{Tools: []catalog.GoTool{stepping(step)}})
	l := newLegacy(t, rt, `{}`)
	stream := l.stream("POST", stepCall)
	primer, data, _ := stream.next()
	if primer == "" || data != "" {
		t.Errorf("the first event is %q with %q", primer, data)
	}
	first, data := stream.message()
	if !strings.Contains(data, `"progress":1`) {
		t.Errorf("the first message is %s", data)
	}
	stream.resp.Body.Close() // the connection is lost, and the call goes on
	step <- struct{}{}

	again := l.stream("GET", "", "Last-Event-ID", first)
	if _, data = again.message(); !strings.Contains(data, `"progress":2`) {
		t.Errorf("after the first: %s", data)
	}
	step <- struct{}{}
	third, data := again.message()
	if !strings.Contains(data, `"progress":3`) {
		t.Errorf("after the second: %s", data)
	}
	other := l.stream("GET", "", "Last-Event-ID", third) // takes it over
	if _, _, ok := again.next(); ok {
		t.Error("two connections carry one stream")
	}
	step <- struct{}{}
	if _, data = other.message(); !strings.Contains(data, `"id":5,"result":{"content":[{"type":"text","text":"done"}]}`) {
		t.Errorf("the answer: %s", data)
	}
	if _, _, ok := other.next(); ok {
		t.Error("the stream goes on after the answer")
	}
	from := l.stream("GET", "", "Last-Event-ID", primer)
	for _, want := range []string{`"progress":1`, `"progress":2`, `"progress":3`, `"text":"done"`} {
		if _, data := from.message(); !strings.Contains(data, want) {
			t.Errorf("from the beginning: %s, want %s", data, want)
		}
	}
}

func TestAToolHangsUp(t *testing.T) {
	step := make(chan struct{})
	tool := talks("step", func(ctx context.Context, client *dialogue.Client, _ map[string]any) (string, error) {
		client.HangUp()
		<-step
		return "later", nil
	})
	rt := start(t, "", server.Options{Tools: []catalog.GoTool{tool}})
	l := newLegacy(t, rt, `{}`)
	stream := l.stream("POST", stepCall)
	id, _, _ := stream.next()
	if _, data, ok := stream.next(); ok {
		t.Errorf("the stream goes on: %s", data)
	}
	if err := stream.scan.Err(); err != nil {
		t.Errorf("the stream did not end in good order: %v", err)
	}
	again := l.stream("GET", "", "Last-Event-ID", id)
	close(step)
	if _, data := again.message(); !strings.Contains(data, `"text":"later"`) {
		t.Errorf("the answer: %s", data)
	}
}

func TestWhatCannotBeTakenUp(t *testing.T) {
	rt := start(t, "", server.Options{})
	l := newLegacy(t, rt, `{}`)
	const none, gone = "the event ID is not one of this server", "the stream of the event is not kept any more"
	for id, why := range map[string]string{"x": none, "1": none, "-": none, "1-x": none, "9-1": gone, "1--1": none, "99999999999999999999-1": none} {
		resp, body := send(t, "GET", l.url, "", append(l.headers(), "Accept", "text/event-stream", "Last-Event-ID", id)...)
		if want := `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"Last-Event-ID: ` + why + `"}}`; resp.StatusCode != 400 || body != want {
			t.Errorf("%q: got %d %s, want %s", id, resp.StatusCode, body, want)
		}
	}
}
