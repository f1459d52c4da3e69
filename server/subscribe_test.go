package server_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/erlmcp/erlmcp/server"
)

const watched = `,"resource":{"note":{"text":"a note"},"file":{"file":"f.txt"}}`

// withFile serves a file that changes when it is written.
func withFile(t *testing.T) (rt *server.Runtime, write func(text string)) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f.txt")
	write = func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("1")
	return start(t, watched, server.Options{FilesDir: filepath.Dir(path)}), write
}

func TestSubscriptionsOfAnOlderSession(t *testing.T) {
	rt, write := withFile(t)
	l := newLegacy(t, rt, `{}`)
	subscription := func(method, uri string) string {
		_, body := l.post(`{"jsonrpc":"2.0","id":1,"method":"resources/` + method + `","params":{"uri":"` + uri + `"}}`)
		return body
	}
	if body := subscription("subscribe", "erlmcp://nothing"); !strings.Contains(body, `-32002`) {
		t.Errorf("a resource that is not there: %s", body)
	}
	for _, uri := range []string{"erlmcp://file", "erlmcp://note", "erlmcp://file"} {
		if body := subscription("subscribe", uri); !strings.Contains(body, `"result":{}`) {
			t.Errorf("subscribe: %s", body)
		}
	}
	if body := subscription("unsubscribe", "erlmcp://note"); !strings.Contains(body, `"result":{}`) {
		t.Errorf("unsubscribe: %s", body)
	}
	stream := l.stream("GET", "")
	if err := rt.Reload(document(t, strings.Replace(watched, "a note", "another", 1)), ""); err != nil {
		t.Fatal(err)
	}
	write("2")
	id, data := stream.message()
	for strings.Contains(data, "list_changed") { // the reload may have changed the file's list
		id, data = stream.message()
	}
	if data != `{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"erlmcp://file"}}` {
		t.Errorf("told: %s", data)
	}
	stream.resp.Body.Close()
	write("3") // while nobody listens
	again := l.stream("GET", "", "Last-Event-ID", id)
	if _, data := again.message(); !strings.Contains(data, `"uri":"erlmcp://file"`) {
		t.Errorf("told later: %s", data)
	}
}

func TestSubscriptionsOverARawConnection(t *testing.T) {
	rt, write := withFile(t)
	c := dial(t, rt)
	c.send(initMessage)
	c.receive()
	c.send(`{"jsonrpc":"2.0","id":1,"method":"resources/subscribe","params":{"uri":"erlmcp://file"}}`)
	c.receive()
	write("2")
	if got := c.receive(); got != `{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"erlmcp://file"}}` {
		t.Errorf("told: %s", got)
	}
}

func TestListenForResources(t *testing.T) {
	rt, write := withFile(t)
	message, headers := modern("subscriptions/listen", `"notifications":{"resourceSubscriptions":["erlmcp://file","erlmcp://note","erlmcp://nothing"]}`, "")
	r, err := http.NewRequestWithContext(context10s(t), "POST", rt.URL(), strings.NewReader(message))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	next := events(t, resp.Body)
	if got := next(); !strings.Contains(got, `"notifications":{"resourceSubscriptions":["erlmcp://file","erlmcp://note"]}`) {
		t.Errorf("acknowledged: %s", got)
	}
	write("2")
	if got := next(); got != `{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":1},"uri":"erlmcp://file"}}` {
		t.Errorf("told: %s", got)
	}
	if err := rt.Reload(document(t, strings.Replace(watched, "a note", "another", 1)), ""); err != nil {
		t.Fatal(err)
	}
	if got := next(); !strings.Contains(got, `"uri":"erlmcp://note"`) {
		t.Errorf("told of a text: %s", got)
	}
}
