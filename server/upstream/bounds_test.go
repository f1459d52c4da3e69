package upstream_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	stdlog "log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/erlmcp/erlmcp/server"
)

func TestConcurrency(t *testing.T) {
	t.Parallel()
	rt, _ := start(t, upstreams("peer", program(t, "modern", `,"concurrency":2`)))
	c := connect(t, rt, "2025-11-25", "ada")
	ctx, cancel := context.WithCancel(within(t))
	over := make(chan string, 2)
	for range cap(over) {
		params := &mcp.CallToolParams{Name: "slow"}
		params.SetProgressToken("p")
		go func() { _, _ = c.CallTool(ctx, params); over <- "over" }()
		receive(t, c.progress, "progress")
	}
	answered := make(chan string, 1)
	go func() { answered <- c.call(within(t), "pid", nil) }()
	select {
	case got := <-answered:
		t.Errorf("a third request did not wait: %s", got)
	case <-time.After(200 * time.Millisecond):
	}
	cancel()
	if got := receive(t, answered, "answer"); strings.Contains(got, "rror") {
		t.Errorf("%s", got)
	}
	for range cap(over) {
		receive(t, over, "end")
	}
}

// ask calls a tool as a modern client does that is to make its call again, and
// returns the answer.
func ask(t *testing.T, rt *server.Runtime, tool, more string) map[string]any {
	t.Helper()
	body := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"` + tool + `","arguments":{},"_meta":{
		"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"elicitation":{"form":{}},"sampling":{},"roots":{}}}` + more + `}}`
	r, err := http.NewRequestWithContext(within(t), http.MethodPost, rt.URL(), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"Content-Type": "application/json", "Accept": "application/json, text/event-stream",
		"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": tool,
	} {
		r.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var out struct{ Result map[string]any }
	if err := json.Unmarshal(raw, &out); err != nil || out.Result == nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return out.Result
}

// answers are the further parameters of a call that was answered with a question.
func answers(t *testing.T, asked map[string]any, answer string) string {
	t.Helper()
	state, err := json.Marshal(asked["requestState"])
	if err != nil {
		t.Fatal(err)
	}
	for key := range asked["inputRequests"].(map[string]any) {
		return fmt.Sprintf(`,"requestState":%s,"inputResponses":{%q:%s}`, state, key, answer)
	}
	t.Fatalf("no question: %v", asked)
	return ""
}

// TestAnAnswerWhileTheClientIsAsked has the upstream answer without waiting for
// what it has asked: the client finds the answer when it comes back.
func TestAnAnswerWhileTheClientIsAsked(t *testing.T) {
	t.Parallel()
	rt, _ := start(t, upstreams("peer", program(t, "legacy", `,"concurrency":2`)))
	asked := ask(t, rt, "hasty", "")
	if asked["resultType"] != "input_required" {
		t.Fatalf("%v", asked)
	}
	c := connect(t, rt, "2025-11-25", "ada")
	for _, tool := range []string{"release", "pid"} { // what pid answers comes after the answer of hasty
		if got := c.call(within(t), tool, nil); strings.Contains(got, "rror") {
			t.Fatalf("%s: %s", tool, got)
		}
	}
	back := ask(t, rt, "hasty", answers(t, asked, `{"roots":[]}`))
	if raw, _ := json.Marshal(back); !strings.Contains(string(raw), `"text":"done"`) {
		t.Errorf("%s", raw)
	}
	again := ask(t, rt, "hasty", answers(t, asked, `{"roots":[]}`))
	if raw, _ := json.Marshal(again); !strings.Contains(string(raw), "The call that has asked this is over.") {
		t.Errorf("answered twice: %s", raw)
	}
}

// TestAClientThatDoesNotComeBack leaves a question open: the call is given up, and
// its place is free again.
func TestAClientThatDoesNotComeBack(t *testing.T) {
	t.Parallel()
	rt, _ := start(t, `,"limits":{"answer_timeout":"300ms"}`+upstreams("peer", program(t, "legacy", `,"concurrency":1`)))
	asked := ask(t, rt, "ask", "")
	if asked["resultType"] != "input_required" {
		t.Fatalf("%v", asked)
	}
	c := connect(t, rt, "2025-11-25", "ada")
	if got := c.call(within(t), "pid", nil); strings.Contains(got, "rror") {
		t.Errorf("the place is not free again: %s", got)
	}
	late := ask(t, rt, "ask", answers(t, asked, `{"action":"accept","content":{"name":"late"}}`))
	if raw, _ := json.Marshal(late); !strings.Contains(string(raw), "The call that has asked this is over.") {
		t.Errorf("%s", raw)
	}
}

// TestAnAnswerThatDoesNotFitTheForm has the upstream ask for a string.
func TestAnAnswerThatDoesNotFitTheForm(t *testing.T) {
	t.Parallel()
	rt, _ := start(t, upstreams("peer", program(t, "legacy", "")))
	asked := ask(t, rt, "ask", "")
	got := ask(t, rt, "ask", answers(t, asked, `{"action":"accept","content":{"name":7}}`))
	if raw, _ := json.Marshal(got); !strings.Contains(string(raw), "does not fit the form that was asked for: name") {
		t.Errorf("%s", raw)
	}
}

func TestWhatAnUpstreamMayNotAsk(t *testing.T) {
	t.Parallel()
	for _, era := range []string{"modern", "legacy"} {
		rt, _ := start(t, upstreams("peer", program(t, era, `,"sampling":false,"elicitation":false,"roots":false`)))
		c := connect(t, rt, "2025-11-25", "ada")
		if got := c.call(within(t), "ask", nil); strings.HasPrefix(got, "ada") || len(c.asked) > 0 {
			t.Errorf("%s: %s", era, got)
		}
	}
}

// TestWhoMaySeeWhat restricts a client to one tool of the upstream.
func TestWhoMaySeeWhat(t *testing.T) {
	t.Parallel()
	sum := sha256.Sum256([]byte("token"))
	rt, _ := start(t, fmt.Sprintf(`,"auth":{"bearer":{"ci":{"sha256":%q}},"allow":[{"identities":["*"],"tools":["p_pid"],"resources":["item://*"]}]}`, hex.EncodeToString(sum[:]))+
		upstreams("peer", program(t, "modern", `,"prefix":"p_"`)))
	sdk := mcp.NewClient(&mcp.Implementation{Name: "c", Version: "1"}, nil)
	s, err := sdk.Connect(within(t), &mcp.StreamableClientTransport{Endpoint: rt.URL(), HTTPClient: &http.Client{Transport: bearer("token")}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c := &client{ClientSession: s}
	if got := c.tools(t); got != "p_pid" {
		t.Errorf("tools: %s", got)
	}
	if got := c.call(within(t), "p_echo", nil); !strings.Contains(got, "Unknown tool") {
		t.Errorf("%s", got)
	}
	if _, err := s.ReadResource(within(t), &mcp.ReadResourceParams{URI: "note://a"}); err == nil {
		t.Error("a resource that it may not use was read")
	}
	if _, err := s.ReadResource(within(t), &mcp.ReadResourceParams{URI: "item://1"}); err != nil {
		t.Error(err)
	}
}

type bearer string

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(r)
}

// TestTLS reaches an upstream whose certificate a private authority has signed,
// and that asks for one.
func TestTLS(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "gateway"}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	p := newPeer(false)
	s := httptest.NewUnstartedServer(mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return p.server }, nil))
	s.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: x509.NewCertPool()}
	s.TLS.ClientCAs.AddCert(leaf)
	s.Config.ErrorLog = stdlog.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close) // after the runtime has stopped
	text := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	block := func(more map[string]string) string {
		h := map[string]string{"url": s.URL}
		for k, v := range more {
			h[k] = v
		}
		raw, _ := json.Marshal(map[string]any{"http": h}) // strings always encode
		return string(raw)
	}
	ca := text("CERTIFICATE", s.Certificate().Raw)
	rt, logged := start(t, upstreams(
		"good", block(map[string]string{"ca": ca, "certificate": text("CERTIFICATE", der), "key": text("PRIVATE KEY", raw)}),
		"stranger", block(nil), "nobody", block(map[string]string{"ca": ca}),
		"broken", block(map[string]string{"ca": "x"}), "gone", block(map[string]string{"ca_file": "/nowhere"}),
	))
	for name, want := range map[string]string{
		"good": `"healthy"`, "stranger": "certificate signed by unknown authority", "nobody": "certificate required",
		"broken": "there is no certificate in PEM", "gone": "http.ca_file cannot be read",
	} {
		eventually(t, name+" says "+want, func() bool {
			_, body := health(t, rt, "/upstream/"+name)
			return strings.Contains(body, want)
		})
	}
	if strings.Contains(logged.String(), "PRIVATE KEY") {
		t.Error("the key was logged")
	}
}

// TestServersThatAreNone are refused for what they are.
func TestServersThatAreNone(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("/closed", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	mux.HandleFunc("/page", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) })
	mux.HandleFunc("/away", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://localhost:1/", http.StatusTemporaryRedirect)
	})
	mux.HandleFunc("/silent", func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // until then nobody sees that the client has gone
		<-r.Context().Done()
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close) // after the runtime has stopped
	var blocks []string
	for _, path := range []string{"closed", "page", "away", "silent"} {
		blocks = append(blocks, path, fmt.Sprintf(`{"http":{"url":"%s/%s?key=s3cret"},"start_timeout":"1s"}`, s.URL, path))
	}
	blocks = append(blocks, "mute", `{"stdio":{"command":["sleep","1000"]},"start_timeout":"1s"}`, "brief", `{"stdio":{"command":["false"]}}`)
	rt, logged := start(t, upstreams(blocks...))
	for name, want := range map[string]string{
		"closed": "it answered with status 401 Unauthorized", "page": "its answers are no messages of MCP", "away": "status 307",
		"silent": "within start_timeout, 1s", "mute": "within start_timeout, 1s", "brief": "its program has ended: exit status 1",
	} {
		eventually(t, name+" says "+want, func() bool {
			_, body := health(t, rt, "/upstream/"+name)
			return strings.Contains(body, want)
		})
	}
	if strings.Contains(logged.String(), "s3cret") {
		t.Errorf("a secret was logged: %s", logged)
	}
}

// TestAServerThatKeepsItsStreamSilent sends no headers before it has something to
// say on the stream that clients listen on.
func TestAServerThatKeepsItsStreamSilent(t *testing.T) {
	t.Parallel()
	p := newPeer(true)
	handler := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return p.server }, nil)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			<-r.Context().Done()
			return
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close) // after the runtime has stopped
	rt, _ := start(t, upstreams("peer", fmt.Sprintf(`{"http":{"url":%q}}`, s.URL)))
	if got := connect(t, rt, "2025-11-25", "ada").call(within(t), "ended", nil); got != "0" {
		t.Errorf("%s", got)
	}
}
