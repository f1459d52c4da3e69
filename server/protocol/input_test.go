package protocol

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

func TestCapabilities(t *testing.T) {
	for raw, want := range map[string]Capabilities{
		``:                            0,
		`[]`:                          0,
		`{}`:                          0,
		`{"sampling":{}}`:             CanSample,
		`{"sampling":{"tools":{}}}`:   CanSample | CanSampleTools,
		`{"sampling":{"context":{}}}`: CanSample | CanSampleContext,
		`{"elicitation":{}}`:          CanElicit,
		`{"elicitation":{"form":{}}}`: CanElicit,
		`{"elicitation":{"url":{}}}`:  CanElicitURL,
		`{"elicitation":{"form":{},"url":{}},"roots":{"listChanged":true}}`: CanElicit | CanElicitURL | CanListRoots,
		`{"extensions":{"io.modelcontextprotocol/tasks":{}}}`:               CanTask,
		`{"sampling":null,"roots":null,"experimental":{"x":1}}`:             0,
	} {
		if got := ReadCapabilities(json.RawMessage(raw)); got != want {
			t.Errorf("%s: %b, want %b", raw, got, want)
		}
	}
}

func TestWhatAQuestionNeeds(t *testing.T) {
	for _, c := range []struct {
		request InputRequest
		want    Capabilities
	}{
		{InputRequest{SamplingCreate, json.RawMessage(`{}`)}, CanSample},
		{InputRequest{SamplingCreate, json.RawMessage(`{"tools":[],"includeContext":"thisServer"}`)}, CanSample | CanSampleTools | CanSampleContext},
		{InputRequest{SamplingCreate, json.RawMessage(`{"includeContext":"none"}`)}, CanSample},
		{InputRequest{ElicitationCreate, json.RawMessage(`{"message":"x"}`)}, CanElicit},
		{InputRequest{ElicitationCreate, json.RawMessage(`{"mode":"url"}`)}, CanElicitURL},
		{InputRequest{RootsList, nil}, CanListRoots},
	} {
		if got := c.request.Needs(); got != c.want {
			t.Errorf("%+v: %b, want %b", c.request, got, c.want)
		}
	}
}

func TestMissingCapability(t *testing.T) {
	for missing, want := range map[Capabilities]string{
		CanSample:                `{"requiredCapabilities":{"sampling":{}}}`,
		CanSampleTools:           `{"requiredCapabilities":{"sampling":{"tools":{}}}}`,
		CanElicitURL:             `{"requiredCapabilities":{"elicitation":{"url":{}}}}`,
		CanElicit | CanListRoots: `{"requiredCapabilities":{"elicitation":{},"roots":{}}}`,
		CanTask:                  `{"requiredCapabilities":{"extensions":{"io.modelcontextprotocol/tasks":{}}}}`,
	} {
		got, _ := json.Marshal(MissingCapability(missing).Data)
		if string(got) != want {
			t.Errorf("%b: %s, want %s", missing, got, want)
		}
	}
}

func TestWhichAnswersFit(t *testing.T) {
	for _, c := range []struct {
		method, answer string
		fits           bool
	}{
		{ElicitationCreate, `{"action":"accept","content":{"a":1}}`, true},
		{ElicitationCreate, `{"action":"decline"}`, true},
		{ElicitationCreate, `{"action":"perhaps"}`, false},
		{ElicitationCreate, `{"action":"accept","content":[]}`, false},
		{SamplingCreate, `{"role":"assistant","content":{"type":"text","text":"x"},"model":"m"}`, true},
		{SamplingCreate, `{"role":"assistant"}`, false},
		{RootsList, `{"roots":[]}`, true},
		{RootsList, `{}`, false},
		{RootsList, `[]`, false},
	} {
		if err := (InputRequest{Method: c.method}).Fits(json.RawMessage(c.answer)); (err == nil) != c.fits {
			t.Errorf("%s %s: %v", c.method, c.answer, err)
		}
	}
}

func TestNotificationsOfACall(t *testing.T) {
	id := json.RawMessage(`7`)
	for got, want := range map[string]string{
		string(AppendProgress(nil, json.RawMessage(`"p"`), 0.5, 2, "half")):   `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"p","progress":0.5,"total":2,"message":"half"}}`,
		string(AppendProgress(nil, id, 1, 0, "")):                             `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":7,"progress":1}}`,
		string(AppendLog(nil, Severe, "db", json.RawMessage(`"x"`))):          `{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"error","logger":"db","data":"x"}}`,
		string(AppendUpdated(nil, "a://b", nil)):                              `{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"a://b"}}`,
		string(AppendUpdated(nil, "a://b", id)):                               `{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":7},"uri":"a://b"}}`,
		string(AppendRequest(nil, "s", InputRequest{Method: RootsList})):      `{"jsonrpc":"2.0","id":"s","method":"roots/list"}`,
		string(AppendCancel(nil, "s", "late")):                                `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"s","reason":"late"}}`,
		string(AppendAcknowledged(nil, id, Filter{URIs: []string{"a", "b"}})): `{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":7},"notifications":{"resourceSubscriptions":["a","b"]}}}`,
	} {
		if got != want || !json.Valid([]byte(got)) {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestStructuredContentStaysOnOneLine(t *testing.T) {
	out, err := AppendToolResult([]byte("{"), &ToolResult{StructuredContent: json.RawMessage("{\n\"a\":\n1}")})
	if err != nil || string(out) != `{"content":[],"structuredContent":{"a":1}` {
		t.Errorf("%s, %v", out, err)
	}
	if _, err := AppendToolResult([]byte("{"), &ToolResult{StructuredContent: json.RawMessage("{")}); err == nil {
		t.Error("what is not JSON was sent")
	}
}

// FuzzHeaders looks for header values that are taken and say something else than
// the message.
func FuzzHeaders(f *testing.F) {
	f.Add("echo", "echo", "a", "a")
	f.Add("echo", "=?base64?ZWNobw==?=", "=?base64?", "=?base64?PT9iYXNlNjQ/?=")
	f.Add("é", "=?base64?w6k=?=", "", "")
	f.Fuzz(func(t *testing.T, name, header, value, param string) {
		quoted, err := json.Marshal(name)
		if err != nil {
			t.Fatal(err)
		}
		m, wrong := Decode([]byte(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":`+string(quoted)+`}}`), 8)
		if wrong != nil {
			t.Fatalf("%s: %v", quoted, wrong)
		}
		name, _ = m.Text("name")
		h := http.Header{HeaderMethod: {ToolsCall}, HeaderName: {header}, HeaderParam + "X": {param}}
		if m.CheckHeaders(h) == nil && header != name && !strings.HasPrefix(header, "=?base64?") {
			t.Errorf("the header %q was taken for %q", header, name)
		}
		if CheckParamHeader(h, HeaderParam+"X", value) == nil && param != value && !strings.HasPrefix(param, "=?base64?") {
			t.Errorf("the header %q was taken for %q", param, value)
		}
	})
}
