package auth

import (
	"encoding/binary"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/erlmcp/erlmcp/schemas"
)

const secret = "a key of a client, shared"

func hmacBlock() *schemas.Auth {
	return &schemas.Auth{HMAC: map[string]*schemas.HMAC{"bot": {Secret: secret, Window: schemas.Duration(time.Minute)}}}
}

func signedRequest(body, name, key, nonce string, at time.Time) *http.Request {
	r := httptest.NewRequest("POST", "http://localhost/mcp", strings.NewReader(body))
	Sign(r, []byte(body), name, key, nonce, at)
	return r
}

func TestSignedRequests(t *testing.T) {
	c := newClock()
	start := c.t
	c.t = start.Add(-time.Hour)
	g := newGate(t, hmacBlock(), c)
	c.t = start
	unsigned := func(edit func(r *http.Request)) *http.Request {
		r := signedRequest("{}", "bot", secret, "n", c.t)
		edit(r)
		return r
	}
	for _, tc := range []struct {
		name string
		r    *http.Request
		want string // of the refusal; "" when it is let in
	}{
		{"signed", signedRequest("{}", "bot", secret, "1", c.t), ""},
		{"a clock that is behind", signedRequest("{}", "bot", secret, "2", c.t.Add(-time.Minute)), ""},
		{"a clock that is ahead", signedRequest("{}", "bot", secret, "3", c.t.Add(time.Minute)), ""},
		{"too old", signedRequest("{}", "bot", secret, "4", c.t.Add(-61*time.Second)), "it was made at another time than now, by more than 1m0s; set the clock"},
		{"too new", signedRequest("{}", "bot", secret, "5", c.t.Add(61*time.Second)), "set the clock"},
		{"another key", signedRequest("{}", "bot", "another key of others", "6", c.t), "does not fit"},
		{"a name that is not known", signedRequest("{}", "nobody", secret, "7", c.t), "does not fit"},
		{"another method", unsigned(func(r *http.Request) { r.Method = "DELETE" }), "does not fit"},
		{"another path", unsigned(func(r *http.Request) { r.URL.Path = "/other" }), "does not fit"},
		{"another digest", unsigned(func(r *http.Request) { r.Header.Set("Content-Digest", contentDigest([]byte("[]"))) }), "does not fit"},
		{"another time", unsigned(func(r *http.Request) {
			r.Header.Set("Signature-Input", strings.Replace(r.Header.Get("Signature-Input"), strconv.FormatInt(c.t.Unix(), 10), strconv.FormatInt(c.t.Unix()+1, 10), 1))
		}), "does not fit"},
		{"no digest", unsigned(func(r *http.Request) { r.Header.Del("Content-Digest") }), `covers "content-digest", which the request does not have`},
		{"the body is not covered", unsigned(func(r *http.Request) {
			r.Header.Set("Signature-Input", strings.Replace(r.Header.Get("Signature-Input"), ` "content-digest"`, "", 1))
		}), `does not cover "content-digest"`},
		{"no input", unsigned(func(r *http.Request) { r.Header.Del("Signature-Input") }), "one Signature-Input header"},
		{"two signatures", unsigned(func(r *http.Request) { r.Header.Add("Signature", "x=:AA==:") }), "one Signature and"},
		{"another algorithm", unsigned(func(r *http.Request) {
			r.Header.Set("Signature-Input", strings.Replace(r.Header.Get("Signature-Input"), "hmac-sha256", "none", 1))
		}), `the parameter "alg" cannot be used`},
		{"a parameter that nobody knows", unsigned(func(r *http.Request) {
			r.Header.Set("Signature-Input", r.Header.Get("Signature-Input")+";expires=1")
		}), `the parameter "expires" cannot be used`},
		{"a short signature", unsigned(func(r *http.Request) { r.Header.Set("Signature", "erlmcp=:AA==:") }), "not :BASE64: of 32 bytes"},
		{"no time", unsigned(func(r *http.Request) {
			r.Header.Set("Signature-Input", `erlmcp=("@method" "@path" "content-digest");keyid="bot"`)
		}), "lacks created or keyid"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			id, refusal := g.HTTP(tc.r)
			if tc.want == "" {
				if id.String() != "hmac:bot" || refusal != nil {
					t.Fatalf("%q, %+v", id, refusal)
				}
				return
			}
			if refusal == nil || refusal.Status != 401 || !strings.Contains(refusal.Message, tc.want) || refusal.Challenges[0] != "Signature" {
				t.Errorf("%q, %+v; want a refusal with %q", id, refusal, tc.want)
			}
		})
	}
}

func TestASignatureOfAnotherBody(t *testing.T) {
	c := newClock()
	g := newGate(t, hmacBlock(), c)
	r := signedRequest("{}", "bot", secret, "", c.t)
	id, refusal := g.HTTP(r)
	if refusal != nil {
		t.Fatal(refusal)
	}
	if refusal := g.Body(id, []byte("{ }")); refusal == nil || refusal.Status != 401 || !strings.Contains(refusal.Message, "not the one that was signed") {
		t.Errorf("refusal %+v", refusal)
	}
	body, _ := io.ReadAll(r.Body)
	if refusal := g.Body(id, body); refusal != nil {
		t.Errorf("the body itself: %+v", refusal)
	}
}

func TestASignatureIsGoodOnce(t *testing.T) {
	c := newClock()
	g := newGate(t, hmacBlock(), c)
	ask := func(r *http.Request) string {
		_, refusal := g.HTTP(r)
		if refusal == nil {
			return ""
		}
		return refusal.Message
	}
	first := signedRequest("{}", "bot", secret, "1", c.t.Add(time.Minute)) // the longest that one can live
	if got := ask(first); got != "" {
		t.Fatal(got)
	}
	for _, later := range []time.Duration{0, 30 * time.Second, 60 * time.Second, 119 * time.Second, 120 * time.Second} {
		at := c.t
		c.t = c.t.Add(later)
		if got := ask(first); !strings.Contains(got, "used before") {
			t.Errorf("after %s: %q", later, got)
		}
		c.t = at
	}
	// A reload goes on with what was remembered; a new key begins anew.
	g = New(hmacBlock(), Env{Now: c.now}, g)
	if got := ask(first); !strings.Contains(got, "used before") {
		t.Errorf("after a reload: %q", got)
	}
	if got := ask(signedRequest("{}", "bot", secret, "2", c.t)); got != "" {
		t.Errorf("another nonce: %q", got)
	}
	c.t = c.t.Add(10 * time.Second)
	g = newGate(t, hmacBlock(), c)
	if got := ask(signedRequest("{}", "bot", secret, "3", c.t.Add(-5*time.Second))); !strings.Contains(got, "before this server started") {
		t.Errorf("a signature that a server before may have seen: %q", got)
	}
}

// TestSignaturesAreRememberedByTheSuccessor has a gate take over what another
// remembers, with the same window or another, and with a key that is new.
func TestSignaturesAreRememberedByTheSuccessor(t *testing.T) {
	ask := func(g *Gate, r *http.Request) string {
		_, refusal := g.HTTP(r)
		if refusal == nil {
			return ""
		}
		return refusal.Message
	}
	for _, window := range []time.Duration{10 * time.Second, time.Minute, 10 * time.Minute} {
		t.Run(window.String(), func(t *testing.T) {
			c := newClock()
			old := newGate(t, hmacBlock(), c) // its window is a minute
			c.t = c.t.Add(5 * time.Minute)
			begun := c.t
			sent := []*http.Request{ // the latest that can be used, and the oldest
				signedRequest("{}", "bot", secret, "1", c.t.Add(time.Minute)),
				signedRequest("{}", "bot", secret, "2", c.t.Add(-time.Minute)),
				signedRequest("{}", "bot", secret, "3", c.t),
			}
			for _, r := range sent[:2] {
				if got := ask(old, r); got != "" {
					t.Fatal(got)
				}
			}
			c.t = c.t.Add(3 * time.Second)
			block := hmacBlock()
			block.HMAC["bot"].Window = schemas.Duration(window)
			block.HMAC["new"] = &schemas.HMAC{Secret: secret, Window: schemas.Duration(window)}
			next := newGate(t, block, c)
			old.Copy(next.Apply)
			if got := ask(old, sent[2]); got != "" { // which still ends what it has begun
				t.Fatal(got)
			}
			old.Copy(nil)
			if got := ask(old, signedRequest("{}", "bot", secret, "4", begun)); got != "" {
				t.Fatal(got)
			}
			for i, n := range []string{"5", "4"} { // of a clock that is behind, and one that was not told of
				if got := ask(next, signedRequest("{}", "bot", secret, n, begun)); got != "" {
					t.Errorf("%d: %q", i, got)
				}
			}
			if got := ask(next, signedRequest("{}", "new", secret, "6", begun)); !strings.Contains(got, "before this server started") {
				t.Errorf("of a key that the other did not have: %q", got)
			}
			for ; c.t.Before(begun.Add(time.Minute + 2*window)); c.t = c.t.Add(time.Second) {
				for i, r := range sent {
					if got := ask(next, r); got == "" {
						t.Fatalf("%d is good again after %s", i, c.t.Sub(begun))
					}
				}
				ask(next, signedRequest("{}", "bot", secret, c.t.String(), c.t)) // has it forget as soon as it may
			}
		})
	}
}

// TestUsedSignaturesAreToldInParts has more of them than fit in one.
func TestUsedSignaturesAreToldInParts(t *testing.T) {
	c := newClock()
	old, next := newGate(t, hmacBlock(), c), newGate(t, hmacBlock(), c)
	var mac [32]byte
	for n := range uint32(usedPart + 1) {
		binary.BigEndian.PutUint32(mac[:], n)
		old.signers["bot"].seen.add(mac[:], c.t.Unix(), c.t)
	}
	parts := 0
	old.Copy(func(u Used) {
		parts++
		if len(u.Marks) > usedPart*len(mark{}) {
			t.Errorf("a part has %d bytes", len(u.Marks))
		}
		next.Apply(u)
	})
	if parts != 3 || len(next.signers["bot"].seen.young) != usedPart+1 {
		t.Errorf("%d parts, %d signatures", parts, len(next.signers["bot"].seen.young))
	}
}

func TestSignaturesAreRememberedWithinBounds(t *testing.T) {
	c := newClock()
	s := newSeen(2*time.Minute, 3, c.t.Add(-time.Hour))
	at := func(n byte, want verdict) {
		t.Helper()
		if got := s.add(append([]byte{n}, make([]byte, 31)...), c.t.Unix(), c.t); got != want {
			t.Errorf("%d: verdict %d, want %d", n, got, want)
		}
	}
	at(1, first)
	at(1, again)
	at(2, first)
	at(3, first)
	at(4, full)
	at(2, again)
	c.t = c.t.Add(2*time.Minute + 1)
	at(4, full) // 1 to 3 are in the older half
	c.t = c.t.Add(2*time.Minute + 1)
	at(4, first)
	at(1, first)
}

func TestTooManySignatures(t *testing.T) {
	c := newClock()
	g := newGate(t, hmacBlock(), c)
	g.signers["bot"].seen.most = 1
	g.HTTP(signedRequest("{}", "bot", secret, "1", c.t))
	_, refusal := g.HTTP(signedRequest("{}", "bot", secret, "2", c.t))
	if refusal == nil || refusal.Status != 429 || refusal.RetryAfter != time.Minute || refusal.Message != "Too many signed requests within auth.hmac.window" {
		t.Errorf("refusal %+v", refusal)
	}
}

// The example of RFC 9421, section 2.5, in what it shares with what is signed
// here: how a base is put together.
func TestSignatureBase(t *testing.T) {
	r := httptest.NewRequest("POST", "https://example.com/foo?param=Value&Pet=dog", nil)
	r.Header.Set("Date", "Tue, 20 Apr 2021 02:07:55 GMT")
	r.Header.Add("X-Two", " a ")
	r.Header.Add("X-Two", "b")
	in := signature{params: `("@method");created=1`, components: []string{"@method", "@authority", "@path", "@query", "date", "x-two"}}
	base, err := in.base(r)
	want := "\"@method\": POST\n\"@authority\": example.com\n\"@path\": /foo\n\"@query\": ?param=Value&Pet=dog\n\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n\"x-two\": a, b\n\"@signature-params\": (\"@method\");created=1"
	if err != nil || base != want {
		t.Errorf("%v\n%s\nwant\n%s", err, base, want)
	}
}

// TestTheSignatureOfTheGuide checks the example of docs/security.md, which was
// computed by another program.
func TestTheSignatureOfTheGuide(t *testing.T) {
	guide, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("POST", "http://localhost/mcp", nil)
	for line := range strings.Lines(string(guide)) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if ok && strings.HasPrefix(line, "    ") && (name == headerDigest || name == headerInput || name == headerSignature) {
			r.Header.Set(name, value)
		}
	}
	c := newClock()
	c.t = time.Unix(1_794_000_000, 0)
	g := newGate(t, &schemas.Auth{HMAC: map[string]*schemas.HMAC{"billing": {Secret: "a key that two share", Window: schemas.Duration(time.Minute)}}}, c)
	id, refusal := g.HTTP(r)
	if refusal != nil || g.Body(id, []byte("{}")) != nil {
		t.Errorf("%v, %+v", id, refusal)
	}
}

func FuzzSignature(f *testing.F) {
	f.Add(`a=:AAAA:`, `a=("@method");created=1;keyid="x"`)
	f.Fuzz(func(t *testing.T, mac, input string) {
		parseSignature(http.Header{"Signature": {mac}, "Signature-Input": {input}})
	})
}

func BenchmarkSignature(b *testing.B) {
	c := newClock()
	g := newGate(b, hmacBlock(), c)
	g.signers["bot"].seen.most = 1 << 30
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		r := signedRequest("{}", "bot", secret, strconv.Itoa(i), c.t)
		b.StartTimer()
		if _, refusal := g.HTTP(r); refusal != nil {
			b.Fatal(refusal.Message)
		}
	}
}
