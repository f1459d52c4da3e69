package auth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/erlmcp/erlmcp/schemas"
)

const audience = "https://mcp.example.com/mcp"

// issuer is an authorization server: its metadata, its keys, and its tokens.
type issuer struct {
	t       testing.TB
	url     string
	fetches atomic.Int64

	mu     sync.Mutex
	public []jose.JSONWebKey
	down   bool
}

func newIssuer(t testing.TB) *issuer {
	i := &issuer{t: t}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		json.NewEncoder(w).Encode(map[string]string{"issuer": i.url, "jwks_uri": i.url + "/keys"})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, r *http.Request) {
		i.fetches.Add(1)
		i.mu.Lock()
		defer i.mu.Unlock()
		if i.down {
			http.Error(w, "down", http.StatusBadGateway)
			return
		}
		json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: i.public})
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	i.url = s.URL
	return i
}

func (i *issuer) set(down bool, keys ...jose.JSONWebKey) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.down, i.public = down, keys
}

func public(id string, key crypto.Signer) jose.JSONWebKey {
	return jose.JSONWebKey{Key: key.Public(), KeyID: id, Use: "sig"}
}

// token signs claims. What is in extra goes over the claims of a good token; nil
// takes one away.
func (i *issuer) token(alg jose.SignatureAlgorithm, key any, id string, now time.Time, extra map[string]any) string {
	i.t.Helper()
	claims := map[string]any{"iss": i.url, "aud": audience, "sub": "ada", "exp": now.Add(time.Hour).Unix(), "scope": "mcp files:read"}
	typ := "at+jwt"
	for name, v := range extra {
		switch {
		case name == "typ":
			typ = v.(string)
		case v == nil:
			delete(claims, name)
		default:
			claims[name] = v
		}
	}
	opts := (&jose.SignerOptions{}).WithType(jose.ContentType(typ))
	if id != "" {
		opts = opts.WithHeader("kid", id)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, opts)
	if err != nil {
		i.t.Fatal(err)
	}
	text, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		i.t.Fatal(err)
	}
	return text
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func oauthBlock(i *issuer) *schemas.Auth {
	return &schemas.Auth{OAuth: &schemas.OAuth{
		Issuer: i.url, Audience: audience, Scopes: []string{"mcp"}, Leeway: schemas.Duration(time.Minute),
		Claims: map[string]string{},
		Scope:  map[string]*schemas.OAuthScope{"files:write": {Tools: []string{"write_*"}, Resources: []string{"drafts"}, Prompts: []string{"edit"}}},
	}}
}

func ask(g *Gate, token string) (*Identity, *Refusal) {
	return g.HTTP(request("Authorization", "Bearer "+token))
}

const metadataParam = `resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp"`

func TestAccessTokens(t *testing.T) {
	c, i := newClock(), newIssuer(t)
	key, other := newKey(t), newKey(t)
	rsaKey, _ := rsa.GenerateKey(rand.Reader, 2048)
	_, edKey, _ := ed25519.GenerateKey(rand.Reader)
	i.set(false, public("ec", key), public("rsa", rsaKey), public("ed", edKey))
	block := oauthBlock(i)
	block.OAuth.Claims["tenant"] = "7"
	g := newGate(t, block, c)
	with := func(extra map[string]any) string {
		all := map[string]any{"tenant": []any{7, 8}}
		for n, v := range extra {
			all[n] = v
		}
		return i.token(jose.ES256, key, "ec", c.t, all)
	}
	tenant := map[string]any{"tenant": "7"}
	good := with(nil)
	parts := strings.Split(good, ".")
	none := "eyJhbGciOiJub25lIn0." + parts[1] + "."
	for _, tc := range []struct {
		name, token, want string
	}{
		{"good", good, ""},
		{"RSA", i.token(jose.RS256, rsaKey, "rsa", c.t, tenant), ""},
		{"PSS", i.token(jose.PS512, rsaKey, "rsa", c.t, tenant), ""},
		{"Ed25519", i.token(jose.EdDSA, edKey, "ed", c.t, tenant), ""},
		{"a token that names no key", i.token(jose.ES256, key, "", c.t, tenant), ""},
		{"several audiences", with(map[string]any{"aud": []string{"x", audience}}), ""},
		{"just expired", with(map[string]any{"exp": c.t.Add(-59 * time.Second).Unix()}), ""},
		{"typ JWT", with(map[string]any{"typ": "JWT"}), ""},
		{"expired", with(map[string]any{"exp": c.t.Add(-2 * time.Minute).Unix()}), "The token has expired"},
		{"not valid yet", with(map[string]any{"nbf": c.t.Add(2 * time.Minute).Unix()}), "The token is not valid yet"},
		{"without an end", with(map[string]any{"exp": nil}), "The token has no end (exp)"},
		{"another issuer", with(map[string]any{"iss": "https://evil.example"}), "The token is from another issuer"},
		{"another audience", with(map[string]any{"aud": "https://other.example/mcp"}), "The token is for another audience"},
		{"no audience", with(map[string]any{"aud": nil}), "The token is for another audience"},
		{"no subject", with(map[string]any{"sub": nil}), "The token has no subject (sub)"},
		{"another claim", with(map[string]any{"tenant": "8"}), "The token does not have the claim tenant that is asked for"},
		{"not an access token", with(map[string]any{"typ": "dpop+jwt"}), "The token is not an access token but a dpop+jwt"},
		{"signed by somebody else", i.token(jose.ES256, other, "ec", c.t, tenant), "The token is not signed with a key of the issuer"},
		{"a key that is not known", i.token(jose.ES256, key, "x", c.t, tenant), "The token is not signed with a key of the issuer"},
		{"without a signature", none, "The token is not known here, and not a JWT that is signed in a way that is accepted"},
		{"a shared key", i.token(jose.HS256, []byte("0123456789abcdef0123456789abcdef"), "ec", c.t, tenant), "The token is not known here, and not a JWT that is signed in a way that is accepted"},
		{"a changed payload", parts[0] + "." + parts[1][:20] + "A" + parts[1][21:] + "." + parts[2], "The token is not signed with a key of the issuer"},
		{"no JWT", "abc", "The token is not known here, and not a JWT that is signed in a way that is accepted"},
		{"too long", strings.Repeat("x", maxToken+1), "The token is longer than 16384 bytes"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for range 2 { // the second time it may be remembered
				id, refusal := ask(g, tc.token)
				if tc.want == "" {
					if refusal != nil || id.Key != "oauth:ada" || strings.Join(id.Scopes, " ") != "mcp files:read" {
						t.Fatalf("%+v, %+v", id, refusal)
					}
					continue
				}
				challenge := "Bearer " + metadataParam + `, error="invalid_token", error_description="` + tc.want + `", scope="mcp"`
				if refusal == nil || refusal.Status != 401 || strings.ReplaceAll(refusal.Message, `"`, "") != tc.want || refusal.Challenges[0] != challenge {
					t.Fatalf("%+v, %+v", id, refusal)
				}
			}
		})
	}
	if n := i.fetches.Load(); n != 1 {
		t.Errorf("the keys were fetched %d times", n)
	}
}

func TestRefusalsOfOAuth(t *testing.T) {
	c, i := newClock(), newIssuer(t)
	key := newKey(t)
	i.set(false, public("1", key))
	g := newGate(t, oauthBlock(i), c)
	_, refusal := g.HTTP(request())
	if refusal.Status != 401 || refusal.Challenges[0] != "Bearer "+metadataParam+`, scope="mcp"` {
		t.Errorf("without a token: %+v", refusal)
	}
	_, refusal = ask(g, i.token(jose.ES256, key, "1", c.t, map[string]any{"scope": nil, "scp": []string{"other"}}))
	want := "Bearer " + metadataParam + `, error="insufficient_scope", error_description="The token lacks the scope mcp", scope="mcp"`
	if refusal.Status != 403 || refusal.Challenges[0] != want {
		t.Errorf("without a scope: %+v", refusal)
	}
	id, refusal := ask(g, i.token(jose.ES256, key, "1", c.t, nil))
	if refusal != nil {
		t.Fatal(refusal)
	}
	for _, tc := range []struct {
		kind Kind
		name string
		want bool
	}{{Tool, "write_file", true}, {Tool, "read_file", false}, {Resource, "drafts", true}, {Prompt, "edit", true}, {Prompt, "drafts", false}} {
		refusal := g.Missing(id, tc.kind, tc.name)
		if (refusal != nil) != tc.want {
			t.Errorf("%s: %+v", tc.name, refusal)
		}
		if refusal != nil && (refusal.Status != 403 || refusal.Challenges[0] != "Bearer "+metadataParam+`, error="insufficient_scope", error_description="The token lacks the scope files:write", scope="mcp files:write"`) {
			t.Errorf("%s: %+v", tc.name, refusal)
		}
	}
	id, _ = ask(g, i.token(jose.ES256, key, "1", c.t, map[string]any{"scope": "mcp files:write"}))
	if refusal := g.Missing(id, Tool, "write_file"); refusal != nil {
		t.Errorf("with the scope: %+v", refusal)
	}
	if refusal := g.Missing(&Identity{Key: "bearer:ci"}, Tool, "write_file"); refusal != nil {
		t.Errorf("another method: %+v", refusal)
	}
}

func TestKeysRotate(t *testing.T) {
	c, i := newClock(), newIssuer(t)
	old, next := newKey(t), newKey(t)
	i.set(false, public("1", old))
	g := newGate(t, oauthBlock(i), c)
	one, two := i.token(jose.ES256, old, "1", c.t, nil), i.token(jose.ES256, next, "2", c.t, nil)
	expect := func(what, token string, status int) {
		t.Helper()
		got := 0
		if _, refusal := ask(g, token); refusal != nil {
			got = refusal.Status
		}
		if got != status {
			t.Errorf("%s: status %d, want %d", what, got, status)
		}
	}
	expect("the first key", one, 0)
	i.set(false, public("2", next))
	expect("a new key, right after a fetch", two, 401)
	c.t = c.t.Add(keysPause)
	expect("a new key, after the pause", two, 0)
	expect("the old key, which is gone", one, 401)
	if n := i.fetches.Load(); n != 2 {
		t.Errorf("%d fetches", n)
	}

	// Nothing can be fetched any more: the keys serve for a day.
	i.set(true)
	c.t = c.t.Add(keysFresh + time.Second)
	for n, age := range []string{"that are not fresh", "that are older"} {
		expect("keys "+age, two, 0)
		<-g.oauth.keys.refresh() // waits for the fetch that is under way, and begins none
		if got := i.fetches.Load(); got != int64(n)+3 {
			t.Errorf("keys %s: %d fetches", age, got)
		}
		c.t = c.t.Add(20 * time.Minute)
	}
	later := i.token(jose.ES256, next, "2", c.t.Add(keysUsable), nil)
	c.t = c.t.Add(keysUsable)
	expect("keys that are too old", later, 503)
	i.set(false, public("2", next))
	c.t = c.t.Add(keysPause)
	expect("they are back", later, 0)
}

func TestKeysThatCannotBeHad(t *testing.T) {
	c, i := newClock(), newIssuer(t)
	i.set(true)
	g := newGate(t, oauthBlock(i), c)
	_, refusal := ask(g, i.token(jose.ES256, newKey(t), "1", c.t, nil))
	if refusal == nil || refusal.Status != 503 || refusal.RetryAfter != keysPause || !strings.Contains(refusal.Message, "cannot be checked now") {
		t.Errorf("refusal %+v", refusal)
	}
}

func TestKeysAreFetchedOnceForAll(t *testing.T) {
	c, i := newClock(), newIssuer(t)
	key := newKey(t)
	i.set(false, public("1", key))
	g := newGate(t, oauthBlock(i), c)
	var wg sync.WaitGroup
	for n := range 20 {
		token := i.token(jose.ES256, key, "1", c.t, map[string]any{"sub": fmt.Sprint(n)})
		wg.Go(func() {
			if _, refusal := ask(g, token); refusal != nil {
				t.Errorf("refusal %+v", refusal)
			}
		})
	}
	wg.Wait()
	if n := i.fetches.Load(); n != 1 {
		t.Errorf("%d fetches", n)
	}
}

func TestWeakAndForeignKeysDoNotCount(t *testing.T) {
	key := newKey(t)
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	encrypts := public("e", key)
	encrypts.Use = "enc"
	for name, k := range map[string]jose.JSONWebKey{
		"weak": public("w", weak), "for encryption": encrypts, "private": {Key: key, KeyID: "p"}, "shared": {Key: []byte("x"), KeyID: "s"},
	} {
		if signs(&k) {
			t.Errorf("a key that is %s counts", name)
		}
	}
}

func TestDiscovery(t *testing.T) {
	for issuer, want := range map[string]string{
		"https://a.example":        "https://a.example/.well-known/oauth-authorization-server https://a.example/.well-known/openid-configuration",
		"https://a.example/":       "https://a.example/.well-known/oauth-authorization-server https://a.example/.well-known/openid-configuration",
		"https://a.example/tenant": "https://a.example/.well-known/oauth-authorization-server/tenant https://a.example/.well-known/openid-configuration/tenant https://a.example/tenant/.well-known/openid-configuration",
	} {
		got, err := metadataURLs(issuer)
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s: %v, %v", issuer, got, err)
		}
	}
	liar := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `{"issuer":"https://other.example","jwks_uri":"https://other.example/keys"}`)
	}))
	defer liar.Close()
	if _, err := discover(t.Context(), liar.Client(), liar.URL); err == nil || !strings.Contains(err.Error(), "about another issuer") {
		t.Errorf("error %v", err)
	}
}

func TestMetadataOfTheResource(t *testing.T) {
	i := newIssuer(t)
	g := newGate(t, oauthBlock(i), newClock())
	get := func(method, path string) (*httptest.ResponseRecorder, bool) {
		w := httptest.NewRecorder()
		ours := g.ServeMetadata(w, httptest.NewRequest(method, "http://localhost"+path, nil))
		return w, ours
	}
	want := `{"resource":"` + audience + `","authorization_servers":["` + i.url + `"],"scopes_supported":["mcp","files:write"],"bearer_methods_supported":["header"],"resource_name":"test"}` + "\n"
	for _, path := range []string{WellKnown, WellKnown + "/mcp"} {
		if w, ours := get("GET", path); !ours || w.Code != 200 || w.Body.String() != want || w.Header().Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: %v %d %s", path, ours, w.Code, w.Body)
		}
	}
	if w, _ := get("POST", WellKnown); w.Code != 405 {
		t.Errorf("POST: %d", w.Code)
	}
	if _, ours := get("GET", WellKnown+"/other"); ours {
		t.Error("the metadata of another resource is answered")
	}
}

// BenchmarkAccessToken is the cost of a token that was checked before.
func BenchmarkAccessToken(b *testing.B) {
	c, i := newClock(), newIssuer(b)
	key := newKey(b)
	i.set(false, public("1", key))
	g := newGate(b, oauthBlock(i), c)
	r := request("Authorization", "Bearer "+i.token(jose.ES256, key, "1", c.t, nil))
	b.ReportAllocs()
	for b.Loop() {
		if _, refusal := g.HTTP(r); refusal != nil {
			b.Fatal(refusal.Message)
		}
	}
}
