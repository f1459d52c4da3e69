package server_test

import (
	"bufio"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/erlmcp/erlmcp/server"
	"github.com/erlmcp/erlmcp/server/auth"
)

// bearers is the fields of bearer blocks, each of which has its name as its token.
func bearers(names ...string) string {
	var blocks []string
	for _, name := range names {
		sum := sha256.Sum256([]byte(name))
		blocks = append(blocks, quote(name)+`:{"sha256":"`+hex.EncodeToString(sum[:])+`"}`)
	}
	return `"bearer":{` + strings.Join(blocks, ",") + `}`
}

func withToken(name string) []string { return []string{"Authorization", "Bearer " + name} }

const (
	pingMessage = `{"jsonrpc":"2.0","id":1,"method":"ping"}`
	listTools   = `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`
	callEcho    = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"x"}}}`
)

func TestClientsThatAreNotLetIn(t *testing.T) {
	rt := start(t, `,"auth":{`+bearers("ada")+`}`, server.Options{})
	for _, c := range []struct {
		name      string
		headers   []string
		status    int
		challenge string
		want      string
	}{
		{"with its token", withToken("ada"), 200, "", `{"jsonrpc":"2.0","id":1,"result":{}}`},
		{"without a token", nil, 401, "Bearer", `{"jsonrpc":"2.0","id":null,"error":{"code":401,"message":"This server needs to know who you are: send a bearer token"}}`},
		{"with another token", withToken("eve"), 401, `Bearer error="invalid_token", error_description="The token is not known"`, `{"jsonrpc":"2.0","id":null,"error":{"code":401,"message":"The bearer token is not known here"}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			resp, body := post(t, rt.URL(), pingMessage, c.headers...)
			if resp.StatusCode != c.status || body != c.want || resp.Header.Get("WWW-Authenticate") != c.challenge {
				t.Errorf("%d %s %q", resp.StatusCode, body, resp.Header.Get("WWW-Authenticate"))
			}
		})
	}
	for _, method := range []string{"GET", "DELETE"} {
		r, _ := http.NewRequest(method, rt.URL(), nil)
		resp, err := http.DefaultClient.Do(r)
		if err != nil || resp.StatusCode != 401 {
			t.Errorf("%s: %v, %v", method, resp, err)
		}
		resp.Body.Close()
	}
	for _, url := range []string{strings.TrimSuffix(rt.URL(), "/mcp") + "/health", rt.MetricsURL()} {
		resp, err := http.Get(url)
		if err != nil || resp.StatusCode != 200 {
			t.Errorf("%s asks who it is: %v, %v", url, resp, err)
		}
		resp.Body.Close()
	}
	c := dial(t, rt)
	c.send(pingMessage)
	if got, want := c.receive(), `{"jsonrpc":"2.0","id":null,"error":{"code":401,"message":"This server asks who you are, which over a raw connection only auth.mtls can tell; use HTTP"}}`; got != want {
		t.Errorf("a raw connection: %s", got)
	}
	if _, err := c.lines.ReadByte(); err != io.EOF {
		t.Errorf("a raw connection stays open: %v", err)
	}
}

func TestStandardInputIsNotAsked(t *testing.T) {
	rt := start(t, `,"auth":{`+bearers("ada")+`,"allow":[{"identities":["bearer:nobody"]}]}`, server.Options{})
	in, out := io.Pipe()
	answers, write := io.Pipe()
	go rt.ServeStdio(in, write)
	io.WriteString(out, callEcho+"\n")
	line, err := bufio.NewReader(answers).ReadString('\n')
	if err != nil || !strings.Contains(line, `"text":"x"`) {
		t.Errorf("%v %s", err, line)
	}
	out.Close()
}

func TestASessionIsForItsOwner(t *testing.T) {
	rt := start(t, `,"auth":{`+bearers("ada", "eve")+`}`, server.Options{})
	resp, _ := post(t, rt.URL(), initMessage, withToken("ada")...)
	session := []string{"Mcp-Session-Id", resp.Header.Get("Mcp-Session-Id")}
	if resp, body := post(t, rt.URL(), pingMessage, append(withToken("eve"), session...)...); resp.StatusCode != 404 {
		t.Errorf("another client: %d %s", resp.StatusCode, body)
	}
	do := func(method, who string) int {
		r, _ := http.NewRequest(method, rt.URL(), nil)
		r.Header.Set("Accept", "text/event-stream")
		r.Header.Set("Authorization", "Bearer "+who)
		r.Header.Set(session[0], session[1])
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	if got := do("GET", "eve"); got != 404 {
		t.Errorf("another client listens: %d", got)
	}
	if got := do("DELETE", "eve"); got != 404 {
		t.Errorf("another client ends it: %d", got)
	}
	if resp, body := post(t, rt.URL(), pingMessage, append(withToken("ada"), session...)...); resp.StatusCode != 200 {
		t.Errorf("its owner: %d %s", resp.StatusCode, body)
	}
	if got := do("DELETE", "ada"); got != 204 {
		t.Errorf("its owner ends it: %d", got)
	}
}

const offer = `,"tool":{"rm":{"static":{"text":"gone"}}},"resource":{"notes":{"text":"a"},"secrets":{"uri":"erlmcp://private/x","text":"b"}},"prompt":{"p":{"message":[{"text":"x"}]},"q":{"argument":{"a":{}},"message":[{"text":"${input.a}"}]}},"resource_template":{"wages":{"uri":"wages://{who}","text":"${input.who}"}}`

func TestWhatOneMayNotUseOneDoesNotSee(t *testing.T) {
	rt := start(t, offer+`,"auth":{`+bearers("ada", "bob", "ops")+`,
		"allow":[{"identities":["bearer:ops"]},{"identities":["bearer:ada"],"tools":["echo"],"resources":["notes"],"prompts":["p"]},{"identities":["bearer:bob"]}],
		"deny":[{"identities":["bearer:bob"],"tools":["rm"],"resources":["erlmcp://private/*"]}]}`, server.Options{})
	for _, c := range []struct {
		name, who, message string
		want, not          []string
	}{
		{"tools", "ada", listTools, []string{`"echo"`}, []string{`"rm"`}},
		{"tools, by a deny", "bob", listTools, []string{`"echo"`}, []string{`"rm"`}},
		{"tools of who may all", "ops", listTools, []string{`"echo"`, `"rm"`}, nil},
		{"resources", "ada", `{"jsonrpc":"2.0","id":1,"method":"resources/list"}`, []string{`erlmcp://notes`}, []string{`private`}},
		{"resources, by a deny of a URI", "bob", `{"jsonrpc":"2.0","id":1,"method":"resources/list"}`, []string{`erlmcp://notes`}, []string{`private`}},
		{"prompts", "ada", `{"jsonrpc":"2.0","id":1,"method":"prompts/list"}`, []string{`"name":"p"`}, []string{`"name":"q"`}},
		{"a call", "ada", callEcho, []string{`"text":"x"`}, nil},
		{"a call of what is hidden", "ada", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"rm"}}`, []string{`"code":-32602,"message":"Unknown tool: rm"`}, nil},
		{"reading what is hidden", "bob", `{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"erlmcp://private/x"}}`, []string{`"code":-32002,"message":"Resource not found"`}, nil},
		{"templates", "ada", `{"jsonrpc":"2.0","id":1,"method":"resources/templates/list"}`, []string{`"resourceTemplates":[]`}, nil},
		{"templates of who may all", "ops", `{"jsonrpc":"2.0","id":1,"method":"resources/templates/list"}`, []string{`wages://{who}`}, nil},
		{"a template that is hidden", "ada", `{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"wages://x"}}`, []string{`"message":"Resource not found"`}, nil},
		{"completion of what is hidden", "ada", `{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/prompt","name":"q"},"argument":{"name":"a","value":""}}}`, []string{`Unknown prompt: q`}, nil},
		{"subscribing to what is hidden", "bob", `{"jsonrpc":"2.0","id":1,"method":"resources/subscribe","params":{"uri":"erlmcp://private/x"}}`, []string{`"message":"Resource not found"`}, nil},
		{"a prompt that is hidden", "ada", `{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"q"}}`, []string{`"code":-32602,"message":"Unknown prompt: q"`}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, body := post(t, rt.URL(), c.message, withToken(c.who)...)
			for _, want := range c.want {
				if !strings.Contains(body, want) {
					t.Errorf("there is no %s in %s", want, body)
				}
			}
			for _, not := range c.not {
				if strings.Contains(body, not) {
					t.Errorf("there is %s in %s", not, body)
				}
			}
		})
	}
	message, headers := modern("tools/list", "", "")
	if _, body := post(t, rt.URL(), message, append(headers, withToken("ada")...)...); !strings.Contains(body, `"cacheScope":"private"`) {
		t.Errorf("a list that differs from client to client can be shared: %s", body)
	}
}

func TestRulesChangeWhileItRuns(t *testing.T) {
	rt := start(t, `,"auth":{`+bearers("ada")+`}`, server.Options{})
	if err := rt.Reload(document(t, `,"auth":{`+bearers("ada", "bob")+`,"deny":[{"identities":["bearer:ada"],"tools":["echo"]}]}`), ""); err != nil {
		t.Fatal(err)
	}
	if _, body := post(t, rt.URL(), listTools, withToken("ada")...); strings.Contains(body, "echo") {
		t.Errorf("ada still sees it: %s", body)
	}
	if resp, _ := post(t, rt.URL(), callEcho, withToken("bob")...); resp.StatusCode != 200 {
		t.Errorf("bob is not known: %d", resp.StatusCode)
	}
	if err := rt.Reload(document(t, `,"auth":{`+bearers("bob")+`}`), ""); err != nil {
		t.Fatal(err)
	}
	if resp, _ := post(t, rt.URL(), pingMessage, withToken("ada")...); resp.StatusCode != 401 {
		t.Errorf("ada is still known: %d", resp.StatusCode)
	}
}

func TestIdentitiesHaveLimitsAndStandInTheLog(t *testing.T) {
	var log lockedBuffer
	rt := start(t, `,"log":{"access":true},"rate_limit":[{"requests_per_minute":1}],"auth":{`+bearers("ada", "bob")+`}`, server.Options{Log: &log})
	for _, c := range []struct {
		who    string
		status int
	}{{"ada", 200}, {"bob", 200}, {"ada", 429}, {"bob", 429}} {
		if resp, body := post(t, rt.URL(), pingMessage, withToken(c.who)...); resp.StatusCode != c.status {
			t.Errorf("%s: %d %s", c.who, resp.StatusCode, body)
		}
	}
	if !strings.Contains(log.String(), "client=bearer:ada") || strings.Contains(log.String(), "Bearer") {
		t.Errorf("log: %s", log.String())
	}
}

func TestSignedRequestsOverHTTP(t *testing.T) {
	const secret = "a key with enough letters"
	rt := start(t, `,"auth":{"hmac":{"bot":{"secret":"`+secret+`"}}}`, server.Options{})
	send := func(body, signed string, edit func(http.Header)) (int, string) {
		r, _ := http.NewRequest("POST", rt.URL(), strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		auth.Sign(r, []byte(signed), "bot", secret, strconv.Itoa(len(body)), time.Now())
		if edit != nil {
			edit(r.Header)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		answer, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(answer)
	}
	var used http.Header
	if status, body := send(pingMessage, pingMessage, func(h http.Header) { used = h.Clone() }); status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	again := func(h http.Header) {
		for name, v := range used {
			h[name] = v
		}
	}
	if status, body := send(pingMessage, pingMessage, again); status != 401 || !strings.Contains(body, `"code":401,"message":"The request's signature is refused: it was used before; sign each request anew, with a nonce"`) {
		t.Errorf("a signature that was used: %d %s", status, body)
	}
	if status, body := send(callEcho, listTools, nil); status != 401 || !strings.Contains(body, "The body is not the one that was signed") {
		t.Errorf("another body: %d %s", status, body)
	}
}

func TestNamesInCertificates(t *testing.T) {
	ca := newAuthority(t)
	cert, key := ca.issue("server")
	rt := start(t, `,"auth":{"mtls":{"common_names":["agent-*"]},"deny":[{"identities":["cert:agent-2"],"tools":["echo"]}]},"tls":{"client_auth":"optional","certificate":`+quote(cert)+`,"key":`+quote(key)+`,"client_ca":`+quote(ca.pem)+`}`, server.Options{})
	overHTTP := func(name string) (int, string) {
		c := &http.Client{Transport: &http.Transport{TLSClientConfig: ca.client(name)}}
		defer c.CloseIdleConnections()
		resp, err := c.Post(rt.URL(), "application/json", strings.NewReader(listTools))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(body)
	}
	overRaw := func(name string) string {
		conn, err := tls.Dial("tcp", rt.Addr().String(), ca.client(name))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		io.WriteString(conn, listTools+"\n")
		line, err := bufio.NewReader(conn).ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		return line
	}
	const refused = `"code":403,"message":"This server needs a client certificate with a name that auth.mtls allows"`
	for _, c := range []struct {
		name   string
		status int
		want   string
	}{
		{"agent-1", 200, `"name":"echo"`}, {"agent-2", 200, `"tools":[]`}, {"ada", 403, refused}, {"", 403, refused},
	} {
		if status, body := overHTTP(c.name); status != c.status || !strings.Contains(body, c.want) {
			t.Errorf("%q over HTTP: %d %s", c.name, status, body)
		}
		if got := overRaw(c.name); !strings.Contains(got, c.want) {
			t.Errorf("%q over a raw connection: %s", c.name, got)
		}
	}
}

// BenchmarkCall is a call over HTTP, as it is and with what the front door adds.
func BenchmarkCall(b *testing.B) {
	for _, c := range []struct {
		name, fields string
		headers      []string
	}{
		{"bare", "", nil},
		{"bearer", `,"auth":{` + bearers("ada") + `}`, withToken("ada")},
		{"rules", `,"auth":{` + bearers("ada") + `,"allow":[{"identities":["bearer:*"],"tools":["e*"]}]}`, withToken("ada")},
		{"receipts", `,"receipts":{"folder":` + quote(b.TempDir()) + `}`, nil},
	} {
		b.Run(c.name, func(b *testing.B) {
			rt := start(b, c.fields, server.Options{})
			b.ReportAllocs()
			for b.Loop() {
				if resp, body := post(b, rt.URL(), callEcho, c.headers...); resp.StatusCode != 200 {
					b.Fatal(body)
				}
			}
		})
	}
}

func TestTheStreamOf20241105IsForItsOwner(t *testing.T) {
	rt := start(t, `,"listen":{"port":0,"sse_path":"/sse"},"auth":{`+bearers("ada", "eve")+`}`, server.Options{})
	base := strings.TrimSuffix(rt.URL(), "/mcp")
	open := func(who string) *http.Response {
		r, _ := http.NewRequestWithContext(context10s(t), "GET", base+"/sse", nil)
		r.Header.Set("Authorization", "Bearer "+who)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { resp.Body.Close() })
		return resp
	}
	if resp := open("nobody"); resp.StatusCode != 401 {
		t.Errorf("a client that is not known: %d", resp.StatusCode)
	}
	endpoint := events(t, open("ada").Body)()
	const notHers = `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"there is no such session; open the event stream first"}}`
	for who, want := range map[string]struct {
		status int
		text   string
	}{"nobody": {401, "The bearer token is not known here"}, "eve": {404, notHers}, "ada": {202, ""}} {
		if resp, body := post(t, base+endpoint, pingMessage, withToken(who)...); resp.StatusCode != want.status || !strings.Contains(body, want.text) {
			t.Errorf("%s: %d %s", who, resp.StatusCode, body)
		}
	}
}
