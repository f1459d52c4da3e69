package server_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/erlmcp/erlmcp/receipt"
	"github.com/erlmcp/erlmcp/server"
)

// records reads the calls and refusals in a folder, after the server has stopped.
func records(t *testing.T, folder string) []receipt.Record {
	t.Helper()
	files, err := receipt.Files(folder)
	if err != nil {
		t.Fatal(err)
	}
	report, err := receipt.Verify(files, nil)
	if err != nil || len(report.Problems) > 0 || !report.Chains[0].Closed {
		t.Fatalf("%v, %+v", err, report)
	}
	var out []receipt.Record
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			var r receipt.Record
			if err := json.Unmarshal([]byte(line), &r); err != nil {
				t.Fatal(err)
			}
			if r.Kind == receipt.Call || r.Kind == receipt.Refusal {
				out = append(out, r)
			}
		}
	}
	return out
}

func TestReceipts(t *testing.T) {
	folder := t.TempDir()
	rt := start(t, offer+`,"rate_limit":[{"requests_per_minute":6}],"receipts":{"folder":`+quote(folder)+`},"auth":{`+bearers("ada")+`}`, server.Options{})
	const (
		badCall = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{}}}`
		read    = `{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"erlmcp://notes"}}`
		prompt  = `{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"nothing"}}`
	)
	type want struct {
		message, token                  string
		kind, who, method, name, result string
		code                            int
	}
	sent := []want{
		{callEcho, "ada", "call", "bearer:ada", "tools/call", "echo", "ok", 0},
		{badCall, "ada", "call", "bearer:ada", "tools/call", "echo", "error", -32602},
		{read, "ada", "call", "bearer:ada", "resources/read", "erlmcp://notes", "ok", 0},
		{prompt, "ada", "call", "bearer:ada", "prompts/get", "nothing", "error", -32602},
		{listTools, "ada", "", "", "", "", "", 0}, // has no receipt
		{callEcho, "eve", "refusal", "127.0.0.1", "", "", "auth", 401},
		{`{"jsonrpc":`, "ada", "refusal", "bearer:ada", "", "", "malformed", 400},
		{pingMessage, "ada", "", "", "", "", "", 0},
		{callEcho, "ada", "refusal", "bearer:ada", "tools/call", "echo", "rate_limit", 429},
	}
	var answers []string
	for _, w := range sent {
		_, body := post(t, rt.URL(), w.message, withToken(w.token)...)
		answers = append(answers, body)
	}
	if resp, _ := post(t, rt.URL(), callEcho, "Origin", "https://evil.example"); resp.StatusCode != 403 {
		t.Errorf("origin: %d", resp.StatusCode)
	}
	if err := rt.Stop(); err != nil {
		t.Fatal(err)
	}
	got := records(t, folder)
	for i, w := range sent {
		if w.kind == "" {
			continue
		}
		r := got[0]
		got = got[1:]
		if r.Kind != w.kind || r.Who != w.who || r.Method != w.method || r.Name != w.name || r.Outcome != w.result || r.Code != w.code || r.Request != nil {
			t.Errorf("record %+v\nwant %+v", r, w)
		}
		if r.Method != "" && (r.Input != hexDigest(w.message) || r.Output != hexDigest(answers[i]) || r.At.IsZero()) {
			t.Errorf("the digests of %+v do not fit\n%s\n%s", r, w.message, answers[i])
		}
	}
	if len(got) != 1 || got[0].Outcome != "origin" || got[0].Code != 403 {
		t.Errorf("left over: %+v", got)
	}
}

// TestRefusalsOfTheirFormHaveReceipts sends what is no message of MCP, or not sent as
// one is.
func TestRefusalsOfTheirFormHaveReceipts(t *testing.T) {
	folder := t.TempDir()
	rt := start(t, `,"receipts":{"folder":`+quote(folder)+`},"limits":{"request_size":"1KB"}`, server.Options{})
	type refusal struct {
		reason string
		status int
	}
	want := map[refusal]bool{}
	for _, c := range []struct {
		method, message string
		headers         []string
		refusal
	}{
		{"PUT", "", nil, refusal{"malformed", 405}},
		{"POST", "{}", []string{"Content-Type", "text/plain"}, refusal{"malformed", 415}},
		{"GET", "", []string{"Accept", "text/html"}, refusal{"malformed", 406}},
		{"DELETE", "", nil, refusal{"malformed", 400}},
		{"POST", pingMessage, []string{"Mcp-Session-Id", "none"}, refusal{"no_session", 404}},
		{"POST", strings.Repeat("x", 2000), nil, refusal{"size", 413}},
	} {
		if resp, body := send(t, c.method, rt.URL(), c.message, c.headers...); resp.StatusCode != c.status {
			t.Errorf("%s: got %d %s, want %d", c.method, resp.StatusCode, body, c.status)
		}
		want[c.refusal] = true
	}
	if err := rt.Stop(); err != nil {
		t.Fatal(err)
	}
	for _, r := range records(t, folder) {
		if got := (refusal{r.Outcome, r.Code}); r.Kind != "refusal" || !want[got] {
			t.Errorf("record %+v", r)
		} else {
			delete(want, got)
		}
	}
	if len(want) > 0 {
		t.Errorf("without receipts: %v", want)
	}
}

func hexDigest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func TestReceiptsWithContents(t *testing.T) {
	folder := t.TempDir()
	rt := start(t, `,"receipts":{"contents":true,"folder":`+quote(folder)+`}`, server.Options{})
	_, answer := post(t, rt.URL(), callEcho)
	rt.Stop()
	got := records(t, folder)
	if len(got) != 1 || string(got[0].Request) != callEcho || string(got[0].Answer) != answer || got[0].Who != "127.0.0.1" {
		t.Errorf("records %+v", got)
	}
}

func TestReceiptsThatCannotBeOpened(t *testing.T) {
	file := t.TempDir() + "/file"
	os.WriteFile(file, nil, 0o600)
	_, err := server.New(document(t, `,"receipts":{"folder":`+quote(file)+`}`), server.Options{})
	if err == nil || !strings.Contains(err.Error(), "receipts") {
		t.Errorf("error %v", err)
	}
}

func TestHealthKnowsReceipts(t *testing.T) {
	rt := start(t, `,"receipts":{"folder":`+quote(t.TempDir())+`}`, server.Options{})
	resp, err := http.Get(strings.TrimSuffix(rt.URL(), "/mcp") + "/health/receipts")
	if err != nil || resp.StatusCode != 200 {
		t.Errorf("%v, %v", resp, err)
	}
}

// TestWhenReceiptsCannotBeWritten takes the folder away, so that the next file
// cannot be made, and gives it back.
func TestWhenReceiptsCannotBeWritten(t *testing.T) {
	for _, c := range []struct {
		mode   string
		status int
		want   string
	}{
		{"open", 200, `"text":"x"`},
		{"closed", 503, `{"jsonrpc":"2.0","id":1,"error":{"code":503,"message":"Calls are refused while receipts cannot be written","data":{"retryAfterMs":1000}}}`},
	} {
		t.Run(c.mode, func(t *testing.T) {
			folder := t.TempDir() + "/receipts"
			rt := start(t, `,"receipts":{"on_failure":"`+c.mode+`","file_size":"1B","folder":`+quote(folder)+`}`, server.Options{})
			health := func() int {
				resp, err := http.Get(strings.TrimSuffix(rt.URL(), "/mcp") + "/health")
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				return resp.StatusCode
			}
			os.RemoveAll(folder)
			eventually(t, func() bool { post(t, rt.URL(), callEcho); return health() == 503 })
			resp, body := post(t, rt.URL(), callEcho)
			if resp.StatusCode != c.status || !strings.Contains(body, c.want) {
				t.Errorf("%d %s", resp.StatusCode, body)
			}
			if resp, _ := post(t, rt.URL(), listTools); resp.StatusCode != 200 {
				t.Errorf("what has no receipt is refused: %d", resp.StatusCode)
			}
			os.Mkdir(folder, 0o700)
			eventually(t, func() bool { return health() == 200 })
			if resp, body := post(t, rt.URL(), callEcho); resp.StatusCode != 200 {
				t.Errorf("afterwards: %d %s", resp.StatusCode, body)
			}
		})
	}
}
