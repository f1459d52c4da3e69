package smoke

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/apply"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/schemas"
)

// server is an MCP server that was not started yet, with the tools echo, which answers with its argument,
// fails, whose answer is an error, and slow, which never answers; and flaky, which
// answers with an error until it was called twice.
func server(t *testing.T) *httptest.Server {
	ended := make(chan struct{})
	s := mcp.NewServer(&mcp.Implementation{Name: "sample", Version: "1"}, nil)
	type in struct {
		Text string `json:"text,omitempty"`
	}
	type out struct {
		Length int `json:"length"`
	}
	mcp.AddTool(s, &mcp.Tool{Name: "echo"}, func(_ context.Context, _ *mcp.CallToolRequest, i in) (*mcp.CallToolResult, out, error) {
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: "you said " + i.Text}}}, out{len(i.Text)}, nil
	})
	mcp.AddTool(s, &mcp.Tool{Name: "fails"}, func(context.Context, *mcp.CallToolRequest, in) (*mcp.CallToolResult, any, error) {
		return nil, nil, errors.New("out of tea; the key is s3cret-key")
	})
	mcp.AddTool(s, &mcp.Tool{Name: "slow"}, func(ctx context.Context, _ *mcp.CallToolRequest, _ in) (*mcp.CallToolResult, any, error) {
		select {
		case <-ctx.Done():
		case <-ended:
		}
		return nil, nil, errors.New("it ended")
	})
	var calls atomic.Int64
	mcp.AddTool(s, &mcp.Tool{Name: "flaky"}, func(context.Context, *mcp.CallToolRequest, in) (*mcp.CallToolResult, any, error) {
		if calls.Add(1) <= 2 {
			return nil, nil, errors.New("not yet")
		}
		return &mcp.CallToolResult{}, nil, nil
	})
	handler := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return s }, &mcp.StreamableHTTPOptions{Stateless: true})
	listening := httptest.NewUnstartedServer(handler)
	t.Cleanup(func() {
		close(ended)
		listening.Close()
	})
	return listening
}

func documentOf(t *testing.T, fields map[string]any) cty.Value {
	t.Helper()
	fields["name"] = "sample"
	raw, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	v, err := schemas.Value(raw)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func condition(holds func(cty.Value) bool) *resource.Condition {
	return &resource.Condition{Source: "result.text == …", Holds: func(v cty.Value) (bool, error) { return holds(v), nil }}
}

func TestChecks(t *testing.T) {
	s := server(t)
	s.Start()
	none := cty.NullVal(cty.String)
	hello := cty.StringVal(`{"text":"hello"}`)
	secret := cty.StringVal(`{"text":"s3cret-word"}`).Mark(schemas.Sensitive)
	for name, tt := range map[string]struct {
		smoke resource.Smoke
		want  []string // in the error; nil for none
	}{
		"tools are listed":  {resource.Smoke{Tools: []string{"echo", "slow"}, With: none}, nil},
		"a tool is missing": {resource.Smoke{Tools: []string{"echo", "fly"}, With: none}, []string{`the tool "fly" is not listed; the server lists`, "echo"}},
		"a call":            {resource.Smoke{Call: "echo", With: hello}, nil},
		"a condition holds": {resource.Smoke{Call: "echo", With: hello, Require: condition(func(v cty.Value) bool {
			return v.GetAttr("text").AsString() == "you said hello" && v.GetAttr("structured").GetAttr("length").RawEquals(cty.NumberIntVal(5)) &&
				v.GetAttr("content").LengthInt() == 1 && v.GetAttr("is_error").False()
		})}, nil},
		"an error may be required": {resource.Smoke{Call: "fails", With: none, Require: condition(func(v cty.Value) bool { return v.GetAttr("is_error").True() })}, nil},
		"a condition does not hold": {
			resource.Smoke{Call: "echo", With: hello, Require: condition(func(cty.Value) bool { return false })},
			[]string{`It calls echo with {"text":"hello"} at http://`, "requires result.text == …", "the answer is: you said hello"},
		},
		"an error": {resource.Smoke{Call: "fails", With: none}, []string{"the answer is an error: out of tea; the key is (sensitive)"}},
		"sensitive arguments": {
			resource.Smoke{Call: "echo", With: secret, Require: condition(func(cty.Value) bool { return false })},
			[]string{"echo with (sensitive)", "you said (sensitive)"},
		},
		"no such tool":           {resource.Smoke{Call: "fly", With: none}, []string{"the call was refused", "fly"}},
		"too slow":               {resource.Smoke{Call: "slow", With: none, Timeout: 50 * time.Millisecond}, []string{"no answer came within 50ms"}},
		"it passes in the end":   {resource.Smoke{Call: "flaky", With: none, Retries: 2}, nil},
		"something is not known": {resource.Smoke{Call: "echo", With: cty.UnknownVal(cty.String)}, []string{"still not known"}},
		"a long answer is cut":   {resource.Smoke{Call: "echo", With: cty.StringVal(`{"text":"` + strings.Repeat("x", 5000) + `"}`), Require: condition(func(cty.Value) bool { return false })}, []string{"xxx…"}},
	} {
		t.Run(name, func(t *testing.T) {
			tt.smoke.Name = "sample"
			if tt.smoke.Timeout == 0 {
				tt.smoke.Timeout = 10 * time.Second
			}
			err := Verifier{}.Verify(t.Context(), apply.Check{
				Server: address.Server{Name: "sample"}, URL: s.URL, Smokes: []resource.Smoke{tt.smoke}, Progress: func(string) {},
				Document: cty.ObjectVal(map[string]cty.Value{"key": cty.StringVal("s3cret-key").Mark(schemas.Sensitive)}),
			})
			if tt.want == nil {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if err == nil {
				t.Fatal("the check passes")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "s3cret") || len(err.Error()) > 3000 {
				t.Errorf("the error holds a secret, or is too long: %s", err)
			}
		})
	}
}

// certificate makes one for itself, for a name that is not the address of any
// test server.
func certificate(t *testing.T, until time.Time) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "api.example.com"}, DNSNames: []string{"api.example.com"},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: until,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
		string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func TestTrust(t *testing.T) {
	good, goodPEM := certificate(t, time.Now().Add(time.Hour))
	_, otherPEM := certificate(t, time.Now().Add(time.Hour))
	old, oldPEM := certificate(t, time.Now().Add(-time.Hour))
	for name, tt := range map[string]struct {
		serves tls.Certificate
		tls    map[string]any
		want   string // "" for trusted
	}{
		"the certificate of the document": {good, map[string]any{"certificate": goodPEM, "key": "k"}, ""},
		"another certificate":             {good, map[string]any{"certificate": otherPEM, "key": "k"}, "certificate"},
		"an expired certificate":          {old, map[string]any{"certificate": oldPEM, "key": "k"}, "expired"},
		"a file on the target, loopback":  {good, map[string]any{"certificate_file": "/x", "key_file": "/y"}, ""},
		"no certificate at all":           {good, map[string]any{"certificate": "nonsense", "key": "k"}, "is not PEM"},
	} {
		t.Run(name, func(t *testing.T) {
			s := server(t)
			s.TLS = &tls.Config{Certificates: []tls.Certificate{tt.serves}}
			s.StartTLS()
			err := Verifier{}.Verify(t.Context(), apply.Check{
				Server: address.Server{Name: "sample"}, URL: s.URL, Progress: func(string) {},
				Document: documentOf(t, map[string]any{"tls": tt.tls}),
				Smokes:   []resource.Smoke{{Name: "x", Tools: []string{"echo"}, With: cty.NullVal(cty.String), Timeout: 10 * time.Second}},
			})
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestAnAbandonedCheckIsNotTriedAgain(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	err := Verifier{}.Verify(ctx, apply.Check{
		URL: "http://127.0.0.1:9", Document: documentOf(t, map[string]any{}),
		Smokes: []resource.Smoke{{Name: "x", Call: "echo", With: cty.NullVal(cty.String), Timeout: time.Second, Retries: 1000}},
		Progress: func(message string) {
			if strings.Contains(message, "again") {
				cancel()
			}
		},
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
