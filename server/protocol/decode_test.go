package protocol

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
)

func TestDecode(t *testing.T) {
	deep := strings.Repeat("[", 70) + strings.Repeat("]", 70)
	for _, c := range []struct {
		name, in string
		kind     Kind
		id       string
		code     int
	}{
		{"a request", `{"jsonrpc":"2.0","id":1,"method":"ping"}`, Request, "1", 0},
		{"an id that is a string stays as written", ` {"jsonrpc":"2.0","id":"a\u0062","method":"ping"} `, Request, `"a\u0062"`, 0},
		{"an id that is a big number stays as written", `{"jsonrpc":"2.0","id":12345678901234567890,"method":"ping"}`, Request, "12345678901234567890", 0},
		{"a notification", `{"jsonrpc":"2.0","method":"notifications/initialized"}`, Notification, "", 0},
		{"an answer", `{"jsonrpc":"2.0","id":1,"result":{}}`, Response, "1", 0},
		{"a batch", `[{"jsonrpc":"2.0","id":1,"method":"ping"}]`, Batch, "", 0},
		{"null params", `{"jsonrpc":"2.0","id":1,"method":"ping","params":null}`, Request, "1", 0},
		{"an escaped name of a member", `{"jsonrpc":"2.0","id":1,"\u006dethod":"ping"}`, Request, "1", 0},
		{"an empty batch", `[]`, 0, "", InvalidRequest},
		{"a null id", `{"jsonrpc":"2.0","id":null,"method":"ping"}`, 0, "", InvalidRequest},
		{"an id that is an object", `{"jsonrpc":"2.0","id":{},"method":"ping"}`, 0, "", InvalidRequest},
		{"no version", `{"id":1,"method":"ping"}`, 0, "1", InvalidRequest},
		{"another version", `{"jsonrpc":"1.0","id":1,"method":"ping"}`, 0, "1", InvalidRequest},
		{"no method", `{"jsonrpc":"2.0","id":1}`, 0, "1", InvalidRequest},
		{"a method that is a number", `{"jsonrpc":"2.0","id":1,"method":1}`, 0, "1", InvalidRequest},
		{"the wrong case", `{"jsonrpc":"2.0","id":1,"Method":"ping"}`, 0, "1", InvalidRequest},
		{"a member twice", `{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}`, 0, "", InvalidRequest},
		{"a parameter twice", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","na\u006de":"b"}}`, 0, "", InvalidRequest},
		{"params that are an array", `{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}`, 0, "1", InvalidParams},
		{"a host of members", `{"jsonrpc":"2.0","id":1,"method":"ping","params":{` + members(200) + `}}`, 0, "", InvalidRequest},
		{"a number", `1`, 0, "", InvalidRequest},
		{"a word", `nonsense`, 0, "", ParseError},
		{"nothing", ``, 0, "", ParseError},
		{"a cut message", `{"jsonrpc":"2.0",`, 0, "", ParseError},
		{"two messages", `{"jsonrpc":"2.0","id":1,"method":"ping"} {}`, 0, "", ParseError},
		{"a bare word", `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":nul}}`, 0, "", ParseError},
		{"a leading zero", `{"a":01}`, 0, "", ParseError},
		{"a control character in a string", "{\"a\":\"\n\"}", 0, "", ParseError},
		{"a bad escape", `{"a":"\x"}`, 0, "", ParseError},
		{"bytes that are not UTF-8", "{\"a\":\"\xff\"}", 0, "", ParseError},
		{"nesting that is too deep", `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":` + deep + `}}`, 0, "", InvalidRequest},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := Decode([]byte(c.in), 64)
			if c.code != 0 {
				if err == nil || err.Code != c.code {
					t.Fatalf("error = %v, want code %d", err, c.code)
				}
			} else if err != nil {
				t.Fatal(err)
			} else if m.Kind != c.kind {
				t.Errorf("kind = %d, want %d", m.Kind, c.kind)
			}
			if string(m.ID) != c.id {
				t.Errorf("id = %s, want %s", m.ID, c.id)
			}
		})
	}
}

func TestDecodeFindsParams(t *testing.T) {
	m, err := Decode([]byte(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"f","arguments":{"a":[1,{"b":2}]},"_meta":{"progressToken":7,"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}`), 64)
	if err != nil {
		t.Fatal(err)
	}
	if name, err := m.Text("name"); err != nil || name != "f" {
		t.Errorf("name = %q, %v", name, err)
	}
	if got := string(m.Params.Get("arguments")); got != `{"a":[1,{"b":2}]}` {
		t.Errorf("arguments = %s", got)
	}
	if m.DeclaredVersion() != "2026-07-28" || string(m.Meta.Get("progressToken")) != "7" {
		t.Errorf("meta = %v", m.Meta)
	}
	if err := m.CheckMeta(); err == nil || err.Code != InvalidParams {
		t.Errorf("a request without capabilities: %v", err)
	}
}

func members(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(`"m%d":0`, i)
	}
	return strings.Join(list, ",")
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"f","arguments":{"a":[1.5e-3,true,null,"\u00e9"]},"_meta":{"a":1}}}`,
		`[{"jsonrpc":"2.0","id":"x","method":"ping"}]`, `{"jsonrpc":"2.0","id":1,"result":{}}`, `{`, `-0`, `"\ud800"`, "\x00",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Decode(data, 32)
		if err == nil && !json.Valid(data) {
			t.Fatalf("accepted what is not JSON: %q", data)
		}
		if err != nil && err.Code == ParseError && json.Valid(data) && m.Kind == 0 && isUTF8(data) {
			t.Fatalf("refused JSON as not JSON: %q: %v", data, err)
		}
		if err == nil && m.Kind == Request {
			if !json.Valid(AppendError(nil, m.ID, NewError(InternalError, "x"))) {
				t.Fatalf("an answer to it is not JSON: %q", data)
			}
		}
	})
}

func isUTF8(data []byte) bool { return strings.ToValidUTF8(string(data), "") == string(data) }

func TestArguments(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"none", `{}`, "map[]"},
		{"null", `{"arguments":null}`, "map[]"},
		{"plain numbers are float64", `{"arguments":{"a":1,"b":[1.5,{"c":1e3}]}}`, "map[a:float64 1 b:[float64 1.5 map[c:float64 1000]]]"},
		{"large integers keep their digits", `{"arguments":{"a":12345678901234567890,"b":[-9007199254740993],"c":1.00000000000000001,"d":"x"}}`,
			"map[a:json.Number 12345678901234567890 b:[json.Number -9007199254740993] c:float64 1 d:string x]"},
		{"out of range", `{"arguments":{"a":1e999}}`, "out of range"},
		{"out of range, with many digits", `{"arguments":{"a":1` + strings.Repeat("0", 400) + `}}`, "out of range"},
		{"not an object", `{"arguments":[]}`, "must be an object"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := Decode([]byte(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":`+c.in+`}`), 64)
			if err != nil {
				t.Fatal(err)
			}
			args, err := m.Arguments()
			got := typed(args)
			if err != nil {
				got = err.Error()
			}
			if !strings.Contains(got, c.want) {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// typed prints a decoded value with the types of its parts.
func typed(v any) string {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]string{}
		for k, e := range v {
			out[k] = typed(e)
		}
		return fmt.Sprint(out)
	case []any:
		var out []string
		for _, e := range v {
			out = append(out, typed(e))
		}
		return fmt.Sprint(out)
	}
	return fmt.Sprintf("%T %v", v, v)
}

func TestValues(t *testing.T) {
	for raw, want := range map[string]int{
		`1`: 1, `"a,[{"`: 1, `"\\\",["`: 1, `{"a":1,"b":"\"","c":2}`: 4, `{"ids":[1,2,3]}`: 5, `[[1],[2]]`: 5,
	} {
		if got := Values([]byte(raw)); got != want {
			t.Errorf("%s: %d, want %d", raw, got, want)
		}
	}
}

// FuzzArguments holds the decoding of arguments to
// encoding/json, whatever was written.
func FuzzArguments(f *testing.F) {
	for _, s := range []string{
		`{}`, `{ }`, `{"a":[],"b":{},"c":[ 1 , -2.5e3,0.1 ]}`, `{"a":"\"\\\u00e9\ud83d\ude00\ud800","a":true,"b":[[null],{"c":false}] }`, `{"a":9007199254740993}`, `{"a":1e400}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := Decode([]byte(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"arguments":`+string(raw)+`}}`), 32)
		if err != nil || len(m.Params) != 1 {
			return
		}
		got, err := m.Arguments()
		if err != nil {
			return
		}
		var want map[string]any
		if err := json.Unmarshal(m.Params.Get("arguments"), &want); err != nil {
			t.Fatal(err)
		}
		a, _ := json.Marshal(got)
		dec := json.NewDecoder(strings.NewReader(string(m.Params.Get("arguments"))))
		dec.UseNumber()
		if err := dec.Decode(&want); err != nil {
			t.Fatal(err)
		}
		b, _ := json.Marshal(floats(want))
		if want == nil {
			b = []byte("{}")
		}
		if string(a) != string(b) {
			t.Fatalf("%s\nis read as %s\nwant %s", raw, a, b)
		}
	})
}

// floats makes float64 of numbers that are not large integers.
func floats(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name := range v {
			v[name] = floats(v[name])
		}
	case []any:
		for i := range v {
			v[i] = floats(v[i])
		}
	case json.Number:
		if f, _ := v.Float64(); math.Abs(f) < maxExact || strings.ContainsAny(v.String(), ".eE") {
			return f
		}
	}
	return v
}
