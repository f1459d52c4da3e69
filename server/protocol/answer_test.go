package protocol

import (
	"encoding/json"
	"net/http"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestAppendStringIsJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := string(rapid.SliceOf(rapid.Byte()).Draw(t, "in"))
		var out string
		if err := json.Unmarshal(AppendString(nil, in), &out); err != nil {
			t.Fatalf("%q: %v", in, err)
		}
		if utf8.ValidString(in) && in != out {
			t.Fatalf("%q came back as %q", in, out)
		}
	})
}

func TestResultOfEachEra(t *testing.T) {
	for _, c := range []struct {
		name string
		era  Era
		want string
	}{
		{"legacy", Era{}, `{"jsonrpc":"2.0","id":"a","result":{"tools":[]}}`},
		{"modern", Era{Modern: true, Server: json.RawMessage(`{"name":"s"}`)},
			`{"jsonrpc":"2.0","id":"a","result":{"resultType":"complete","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s"}},"tools":[],"ttlMs":5,"cacheScope":"private"}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := c.era.BeginResult(nil, json.RawMessage(`"a"`), Completed)
			b = append(Field(b, "tools"), "[]"...)
			if got := string(c.era.EndResult(b, Cache{5, "private"})); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestToolResult(t *testing.T) {
	r := &ToolResult{
		Content:           []Content{Text("a\n"), {Type: "image", Data: "AA==", MIMEType: "image/png"}},
		StructuredContent: json.RawMessage(`[1]`), IsError: true,
	}
	got, err := AppendToolResult([]byte("{"), r)
	want := `{"content":[{"type":"text","text":"a\n"},{"type":"image","data":"AA==","mimeType":"image/png"}],"structuredContent":[1],"isError":true`
	if err != nil || string(got) != want {
		t.Errorf("got  %s, %v\nwant %s", got, err, want)
	}
}

func TestNotificationsOfASubscription(t *testing.T) {
	id := json.RawMessage("7")
	for got, want := range map[string]string{
		string(AppendNotification(nil, ToolsListChanged, nil)):                      `{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}`,
		string(AppendNotification(nil, ToolsListChanged, id)):                       `{"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":7}}}`,
		string(AppendAcknowledged(nil, id, Filter{Tools: true})):                    `{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":7},"notifications":{"toolsListChanged":true}}}`,
		string(Era{true, json.RawMessage(`{"name":"s"}`)}.AppendListenEnd(nil, id)): `{"jsonrpc":"2.0","id":7,"result":{"resultType":"complete","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s"},"io.modelcontextprotocol/subscriptionId":7}}}`,
		string(AppendError(nil, nil, NewError(ParseError, "bad"))):                  `{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"bad"}}`,
	} {
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestCheckHeaders(t *testing.T) {
	const call = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"né","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}`
	const list = `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}`
	for _, c := range []struct {
		name, message string
		headers       []string
		ok            bool
	}{
		{"all match", list, []string{HeaderVersion, "2026-07-28", HeaderMethod, "tools/list"}, true},
		{"an encoded name", call, []string{HeaderVersion, "2026-07-28", HeaderMethod, "tools/call", HeaderName, "=?base64?bsOp?="}, true},
		{"another name", call, []string{HeaderVersion, "2026-07-28", HeaderMethod, "tools/call", HeaderName, "ne"}, false},
		{"bad base64", call, []string{HeaderVersion, "2026-07-28", HeaderMethod, "tools/call", HeaderName, "=?base64?!?="}, false},
		{"bytes that are not ASCII", call, []string{HeaderVersion, "2026-07-28", HeaderMethod, "tools/call", HeaderName, "né"}, false},
		{"no name", call, []string{HeaderVersion, "2026-07-28", HeaderMethod, "tools/call"}, false},
		{"no method", list, []string{HeaderVersion, "2026-07-28"}, false},
		{"the method twice", list, []string{HeaderVersion, "2026-07-28", HeaderMethod, "tools/list", HeaderMethod, "tools/list"}, false},
		{"another case", list, []string{HeaderVersion, "2026-07-28", HeaderMethod, "Tools/List"}, false},
		{"another version", list, []string{HeaderVersion, "2025-11-25", HeaderMethod, "tools/list"}, false},
		{"no version", list, []string{HeaderMethod, "tools/list"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, derr := Decode([]byte(c.message), 64)
			if derr != nil {
				t.Fatal(derr)
			}
			h := http.Header{}
			for i := 0; i < len(c.headers); i += 2 {
				h.Add(c.headers[i], c.headers[i+1])
			}
			err := m.CheckVersionHeader(h)
			if err == nil {
				err = m.CheckHeaders(h)
			}
			if c.ok != (err == nil) || err != nil && err.Code != HeaderMismatch {
				t.Errorf("error = %v", err)
			}
		})
	}
}

func TestCursor(t *testing.T) {
	c := EncodeCursor(ToolsList, "añ\n")
	if last, err := DecodeCursor(ToolsList, c); err != nil || last != "añ\n" {
		t.Errorf("got %q, %v", last, err)
	}
	for _, bad := range []string{"", "!", "YWJj", EncodeCursor(PromptsList, "a")} {
		if _, err := DecodeCursor(ToolsList, bad); err == nil || err.Code != InvalidParams {
			t.Errorf("cursor %q: error = %v", bad, err)
		}
	}
}
