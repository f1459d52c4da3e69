package upstream

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestLines(t *testing.T) {
	large := strings.Repeat("x", 200)
	refused := func(id string) string {
		return `{"jsonrpc":"2.0","id":` + id + `,"error":{"code":-32603,"message":"the answer is larger than response_limit, 100B"}}` + "\n"
	}
	for _, c := range []struct{ name, in, want string }{
		{"messages", "{\"a\":1}\n[1]\n", "{\"a\":1}\n[1]\n"},
		{"a message of the largest size", `{"a":"` + strings.Repeat("x", 92) + "\"}\n{}\n", `{"a":"` + strings.Repeat("x", 92) + "\"}\n{}\n"},
		{"what is no message", "Listening on stdio\n\n{}\nwarning: x\n", "{}\n"},
		{"an answer that begins with its id", `{"jsonrpc":"2.0","id":7,"result":{"a":"` + large + "\"}}\n{}\n", refused("7") + "{}\n"},
		{"an answer that ends with its id", `{"result":{"a":"` + large + `"},"jsonrpc":"2.0","id":"s-1"}` + "\n{}\n", refused(`"s-1"`) + "{}\n"},
		{"an answer with its id before its version", `{"result":{"a":"` + large + `"},"id":8,"jsonrpc":"2.0"}` + "\n{}\n", refused("8") + "{}\n"},
		{"a notification", `{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"` + large + "\"}}\n{}\n", "{}\n"},
		{"a line that does not end", `{"a":"` + large, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, slowly := range []bool{false, true} {
				var r io.Reader = strings.NewReader(c.in)
				if slowly {
					r = iotest.OneByteReader(r)
				}
				got, err := io.ReadAll(newLines(io.NopCloser(r), 100))
				if err != nil || string(got) != c.want {
					t.Errorf("%q, %v, want %q", got, err, c.want)
				}
			}
		})
	}
}

func TestTagged(t *testing.T) {
	mark := `"_meta":{"erlmcp/exchange":"e1"}`
	for _, c := range []struct{ name, in, want string }{
		{"a request", "event: message\ndata: {\"method\":\"roots/list\",\"id\":1}\n\n", "event: message\ndata: {\"id\":1,\"method\":\"roots/list\",\"params\":{" + mark + "}}\n\n"},
		{"a notification with more", "data: {\"method\":\"x\",\"params\":{\"a\":1,\"_meta\":{\"b\":2}}}\n\n", "data: {\"method\":\"x\",\"params\":{\"_meta\":{\"b\":2,\"erlmcp/exchange\":\"e1\"},\"a\":1}}\n\n"},
		{"an answer", "id: 4\ndata: {\"id\":1,\"result\":{\"method\":\"x\"}}\n\n", "id: 4\ndata: {\"id\":1,\"result\":{\"method\":\"x\"}}\n\n"},
		{"something else", ": alive\ndata: \"method\"\ndata: {\"method\":\n\n", ": alive\ndata: \"method\"\ndata: {\"method\":\n\n"},
		{"an answer that is too large", "data: {\"result\":\"" + strings.Repeat("x", 300) + "\"}\n\n", "data: {\"jsonrpc\":\"2.0\",\"id\":9,\"error\":{\"code\":-32603,\"message\":\"the answer is larger than response_limit, 200B\"}}\n\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ended := false
			r := &tagged{from: io.NopCloser(iotest.OneByteReader(strings.NewReader(c.in))), limit: 200, exchange: "e1", id: json.RawMessage("9"), ended: func() { ended = true }}
			got, err := io.ReadAll(r)
			if err != nil || string(got) != c.want || !ended {
				t.Errorf("%q, %v, want %q", got, err, c.want)
			}
		})
	}
	var why error
	r := &tagged{from: io.NopCloser(iotest.ErrReader(io.ErrUnexpectedEOF)), limit: 200, failed: func(err error) { why = err }}
	if _, err := io.ReadAll(r); !errors.Is(err, io.ErrUnexpectedEOF) || why == nil || !strings.Contains(why.Error(), "closed before the response was complete") {
		t.Errorf("%v, %v", err, why)
	}
}
