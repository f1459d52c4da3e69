package auth

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/erlmcp/erlmcp/schemas"
)

// clock is a time that a test sets.
type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func newClock() *clock { return &clock{time.Unix(1_800_000_000, 0)} }

func newGate(t testing.TB, block *schemas.Auth, c *clock) *Gate {
	t.Helper()
	return New(block, Env{Context: t.Context(), Path: "/mcp", Name: "test", Now: c.now, Logger: hclog.NewNullLogger()}, nil)
}

func request(headers ...string) *http.Request {
	r := httptest.NewRequest("POST", "http://localhost/mcp", strings.NewReader("{}"))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

func hash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func TestWithoutABlockNobodyIsAsked(t *testing.T) {
	g := newGate(t, nil, newClock())
	if id, refusal := g.HTTP(request()); id != nil || refusal != nil {
		t.Errorf("%v, %v", id, refusal)
	}
	if id, refusal := g.Raw(nil); id != nil || refusal != nil || !g.May(nil, Tool, "x") || g.Restricts() {
		t.Errorf("%v, %v", id, refusal)
	}
}

func TestBearer(t *testing.T) {
	g := newGate(t, &schemas.Auth{Bearer: map[string]*schemas.Bearer{
		"ci": {SHA256: hash("one")}, "ops": {SHA256: strings.ToUpper(hash("two"))},
	}}, newClock())
	for _, c := range []struct {
		name, header, want string
		challenge          string
	}{
		{"the first", "Bearer one", "bearer:ci", ""},
		{"another, in capitals", "bEARER two", "bearer:ops", ""},
		{"a wrong one", "Bearer three", "", `Bearer error="invalid_token", error_description="The token is not known"`},
		{"the hash is no token", "Bearer " + hash("one"), "", `Bearer error="invalid_token", error_description="The token is not known"`},
		{"an empty one", "Bearer ", "", `Bearer error="invalid_token", error_description="The token is not known"`},
		{"another scheme", "Basic one", "", "Bearer"},
		{"none", "", "", "Bearer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			id, refusal := g.HTTP(request("Authorization", c.header))
			if id.String() != c.want {
				t.Errorf("identity %q, want %q", id, c.want)
			}
			if c.want == "" && (refusal == nil || refusal.Status != 401 || len(refusal.Challenges) != 1 || refusal.Challenges[0] != c.challenge) {
				t.Errorf("refusal %+v", refusal)
			}
		})
	}
	if _, refusal := g.Raw(nil); refusal == nil || refusal.Status != 401 || !strings.Contains(refusal.Message, "use HTTP") {
		t.Errorf("a raw connection: %+v", refusal)
	}
}

func connection(cn string, dns []string, uri string) *tls.ConnectionState {
	leaf := &x509.Certificate{Subject: pkix.Name{CommonName: cn}, DNSNames: dns}
	if uri != "" {
		u, _ := url.Parse(uri)
		leaf.URIs = []*url.URL{u}
	}
	return &tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{leaf}}}
}

func TestCertificates(t *testing.T) {
	all := &schemas.MTLS{}
	rules := &schemas.MTLS{CommonNames: []string{"agent-*"}, DNSNames: []string{"*.example.com"}, URIs: []string{"spiffe://example.org/*/mcp"}}
	for _, c := range []struct {
		name  string
		block *schemas.MTLS
		state *tls.ConnectionState
		want  string
	}{
		{"no TLS", all, nil, ""},
		{"no certificate that was verified", all, &tls.ConnectionState{PeerCertificates: []*x509.Certificate{{Subject: pkix.Name{CommonName: "x"}}}}, ""},
		{"any will do", all, connection("ada", nil, ""), "cert:ada"},
		{"any will do, without a common name", all, connection("", []string{"a.example.com"}, ""), "cert:a.example.com"},
		{"the common name", rules, connection("agent-7", nil, ""), "cert:agent-7"},
		{"a DNS name", rules, connection("ada", []string{"other.net", "a.example.com"}, ""), "cert:a.example.com"},
		{"a URI", rules, connection("ada", nil, "spiffe://example.org/a/mcp"), "cert:spiffe://example.org/a/mcp"},
		{"a common name does not count as a DNS name", rules, connection("a.example.com", nil, ""), ""},
		{"nothing fits", rules, connection("ada", []string{"example.com"}, "spiffe://example.org/a"), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newGate(t, &schemas.Auth{MTLS: c.block}, newClock())
			r := request()
			r.TLS = c.state
			id, refusal := g.HTTP(r)
			raw, rawRefusal := g.Raw(c.state)
			if id.String() != c.want || raw.String() != c.want {
				t.Errorf("identities %q and %q, want %q", id, raw, c.want)
			}
			if c.want == "" && (refusal.Status != 403 || rawRefusal.Status != 403 || !strings.Contains(refusal.Message, "client certificate")) {
				t.Errorf("refusals %+v and %+v", refusal, rawRefusal)
			}
		})
	}
}

func TestWhatIsWrongIsNotMadeUpForByAnotherMethod(t *testing.T) {
	g := newGate(t, &schemas.Auth{
		Bearer: map[string]*schemas.Bearer{"ci": {SHA256: hash("one")}},
		HMAC:   map[string]*schemas.HMAC{"bot": {Secret: "sixteen letters!", Window: schemas.Duration(time.Minute)}},
		MTLS:   &schemas.MTLS{},
	}, newClock())
	good := connection("ada", nil, "")
	for _, headers := range [][]string{{"Authorization", "Bearer wrong"}, {"Signature", "x"}} {
		r := request(headers...)
		r.TLS = good
		if id, refusal := g.HTTP(r); id != nil || refusal == nil || refusal.Status != 401 {
			t.Errorf("%v: %v, %+v", headers, id, refusal)
		}
	}
	r := request()
	r.TLS = good
	if id, _ := g.HTTP(r); id.String() != "cert:ada" {
		t.Errorf("identity %q", id)
	}
	_, refusal := g.HTTP(request())
	if refusal.Status != 401 || strings.Join(refusal.Challenges, "|") != "Bearer|Signature" || !strings.HasSuffix(refusal.Message, "send a bearer token, or a signature, or a client certificate") {
		t.Errorf("refusal %+v", refusal)
	}
}

func TestWhoMayUseWhat(t *testing.T) {
	ada, bot := &Identity{Key: "bearer:ada"}, &Identity{Key: "oauth:bot", Scopes: []string{"read", "write"}}
	type rules = []schemas.AccessRule
	for _, c := range []struct {
		name        string
		allow, deny rules
		id          *Identity
		kind        Kind
		thing       string
		want        bool
	}{
		{"no rules", nil, nil, ada, Tool, "echo", true},
		{"allowed by name", rules{{Identities: []string{"bearer:ada"}, Tools: []string{"echo"}}}, nil, ada, Tool, "echo", true},
		{"not named", rules{{Identities: []string{"bearer:ada"}, Tools: []string{"echo"}}}, nil, ada, Tool, "rm", false},
		{"another kind", rules{{Identities: []string{"bearer:ada"}, Tools: []string{"*"}}}, nil, ada, Prompt, "echo", false},
		{"another client", rules{{Identities: []string{"bearer:ada"}, Tools: []string{"echo"}}}, nil, bot, Tool, "echo", false},
		{"a rule about everything", rules{{Identities: []string{"bearer:*"}}}, nil, ada, Resource, "notes", true},
		{"a rule about everyone", rules{{Resources: []string{"no*"}}}, nil, bot, Resource, "notes", true},
		{"all scopes are there", rules{{Scopes: []string{"write", "read"}, Tools: []string{"rm"}}}, nil, bot, Tool, "rm", true},
		{"a scope is not", rules{{Scopes: []string{"read", "admin"}}}, nil, bot, Tool, "rm", false},
		{"who has no scopes", rules{{Scopes: []string{"read"}}}, nil, ada, Tool, "rm", false},
		{"denied, the rest is allowed", nil, rules{{Tools: []string{"rm"}}}, ada, Tool, "echo", true},
		{"denied by name", nil, rules{{Tools: []string{"rm"}}}, ada, Tool, "rm", false},
		{"deny goes before allow", rules{{}}, rules{{Identities: []string{"oauth:*"}, Tools: []string{"rm"}}}, bot, Tool, "rm", false},
		{"a deny of others", rules{{}}, rules{{Identities: []string{"oauth:*"}, Tools: []string{"rm"}}}, ada, Tool, "rm", true},
		{"who is not asked", nil, rules{{}}, nil, Tool, "rm", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newGate(t, &schemas.Auth{MTLS: &schemas.MTLS{}, Allow: c.allow, Deny: c.deny}, newClock())
			if got := g.May(c.id, c.kind, c.thing); got != c.want {
				t.Errorf("may: %v", got)
			}
		})
	}
}

// BenchmarkBearer is the cost of knowing one token among a hundred.
func BenchmarkBearer(b *testing.B) {
	block := &schemas.Auth{Bearer: map[string]*schemas.Bearer{}}
	for i := range 100 {
		block.Bearer[string(rune('a'+i%26))+string(rune('a'+i/26))] = &schemas.Bearer{SHA256: hash(string(rune(i)))}
	}
	g := newGate(b, block, newClock())
	r := request("Authorization", "Bearer "+string(rune(50)))
	b.ReportAllocs()
	for b.Loop() {
		if id, _ := g.HTTP(r); id == nil {
			b.Fatal("not known")
		}
	}
}
