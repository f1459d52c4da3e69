package server_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/erlmcp/erlmcp/server"
)

func TestAccessTokensOverHTTP(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	issuer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "1"}}})
	}))
	defer issuer.Close()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "1"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	token := func(scope string, life time.Duration) string {
		text, err := jwt.Signed(signer).Claims(map[string]any{
			"iss": issuer.URL, "aud": "https://mcp.example.com/mcp", "sub": "ada", "exp": time.Now().Add(life).Unix(), "scope": scope,
		}).Serialize()
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	rt := start(t, offer+`,"auth":{"oauth":{"issuer":"`+issuer.URL+`","jwks_url":"`+issuer.URL+`","audience":"https://mcp.example.com/mcp",
		"scope":{"files:write":{"tools":["rm"],"resources":["secrets"],"prompts":["q"]}}},
		"deny":[{"scopes":["guest"],"tools":["rm"],"prompts":["q"],"resources":["secrets"]}]}`, server.Options{})
	const metadata = `Bearer resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp"`
	const lacks = metadata + `, error="insufficient_scope", error_description="The token lacks the scope files:write", scope="files:write"`
	rm := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"rm"}}`
	read := `{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"erlmcp://private/x"}}`
	prompt := `{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"q","arguments":{"a":"y"}}}`
	const forbidden = `{"jsonrpc":"2.0","id":1,"error":{"code":403,"message":"The token lacks the scope files:write"}}`
	for _, c := range []struct {
		name, token, message string
		status               int
		challenge, want      string
	}{
		{"no token", "", pingMessage, 401, metadata, `"code":401`},
		{"expired", token("", -time.Hour), pingMessage, 401, metadata + `, error="invalid_token", error_description="The token has expired"`, `"code":401,"message":"The token has expired"`},
		{"what needs no scope", token("", time.Hour), callEcho, 200, "", `"text":"x"`},
		{"a tool is seen without its scope", token("", time.Hour), listTools, 200, "", `"rm"`},
		{"a tool that needs one", token("", time.Hour), rm, 403, lacks, forbidden},
		{"a resource that needs one", token("", time.Hour), read, 403, lacks, forbidden},
		{"a prompt that needs one", token("", time.Hour), prompt, 403, lacks, forbidden},
		{"a tool with its scope", token("files:write", time.Hour), rm, 200, "", `"text":"gone"`},
		{"a resource with its scope", token("files:write", time.Hour), read, 200, "", `"text":"b"`},
		{"a prompt with its scope", token("files:write", time.Hour), prompt, 200, "", `"text":"y"`},
		{"what is hidden does not say what it needs", token("guest", time.Hour), rm, 200, "", `Unknown tool: rm`},
		{"nor does a resource", token("guest", time.Hour), read, 200, "", `Resource not found`},
		{"nor does a prompt", token("guest", time.Hour), prompt, 200, "", `Unknown prompt: q`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var headers []string
			if c.token != "" {
				headers = withToken(c.token)
			}
			resp, body := post(t, rt.URL(), c.message, headers...)
			if resp.StatusCode != c.status || resp.Header.Get("WWW-Authenticate") != c.challenge || !strings.Contains(body, c.want) {
				t.Errorf("%d %s\n%s", resp.StatusCode, body, resp.Header.Get("WWW-Authenticate"))
			}
		})
	}
	resp, err := http.Get(strings.TrimSuffix(rt.URL(), "/mcp") + "/.well-known/oauth-protected-resource/mcp")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != 200 || !strings.Contains(string(body), `"authorization_servers":["`+issuer.URL+`"]`) {
		t.Errorf("metadata: %d %s", resp.StatusCode, body)
	}
}
