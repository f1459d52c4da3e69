package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/erlmcp/erlmcp/schemas"
)

// Headers of HTTP Message Signatures (RFC 9421) and of the digest that they cover
// (RFC 9530).
const (
	headerSignature = "Signature"
	headerInput     = "Signature-Input"
	headerDigest    = "Content-Digest"
)

// signer is a key that requests are signed with.
type signer struct {
	identity *Identity
	secret   []byte
	window   time.Duration
	seen     *seen
}

// signers are those of the blocks. One that an earlier gate has with the same key
// and window goes on, so that a reload forgets no signature.
func signers(blocks map[string]*schemas.HMAC, earlier map[string]*signer, now time.Time) map[string]*signer {
	out := make(map[string]*signer, len(blocks))
	for name, b := range blocks {
		window := time.Duration(b.Window)
		if old := earlier[name]; old != nil && string(old.secret) == b.Secret && old.window == window {
			out[name] = old
			continue
		}
		out[name] = &signer{
			identity: &Identity{Key: "hmac:" + name}, secret: []byte(b.Secret),
			window: window, seen: newSeen(2*window, maxSeen/len(blocks), now),
		}
	}
	return out
}

var errSignature = errors.New("the signature does not fit the request, or its key is not known here")

// signed finds out who has signed a request.
func (g *Gate) signed(r *http.Request) (*Identity, *Refusal) {
	refuse := func(err error) *Refusal {
		return &Refusal{Status: http.StatusUnauthorized, Message: "The request's signature is refused: " + err.Error(), Challenges: []string{"Signature"}}
	}
	in, err := parseSignature(r.Header)
	if err != nil {
		return nil, refuse(err)
	}
	if err := in.covers(r); err != nil {
		return nil, refuse(err)
	}
	s := g.signers[in.keyID]
	if s == nil {
		return nil, refuse(errSignature)
	}
	base, err := in.base(r)
	if err != nil {
		return nil, refuse(err)
	}
	if !hmac.Equal(in.mac, sign(s.secret, base)) {
		return nil, refuse(errSignature)
	}
	now := g.now()
	if away := now.Sub(time.Unix(in.created, 0)); away.Abs() > s.window {
		return nil, refuse(fmt.Errorf("it was made at another time than now, by more than %s; set the clock", s.window))
	}
	switch s.seen.add(in.mac, in.created, now) {
	case early:
		return nil, refuse(errors.New("it was made before this server started to remember signatures; sign again"))
	case again:
		return nil, refuse(errors.New("it was used before; sign each request anew, with a nonce"))
	case full:
		return nil, &Refusal{Status: http.StatusTooManyRequests, Message: "Too many signed requests within auth.hmac.window", RetryAfter: s.window}
	}
	id := *s.identity
	id.body, err = digestOf(r.Header)
	if err != nil {
		return nil, refuse(err)
	}
	return &id, nil
}

// Sign signs a request with a body, as [Gate.HTTP] checks it.
func Sign(r *http.Request, body []byte, name, secret, nonce string, now time.Time) {
	r.Header.Set(headerDigest, contentDigest(body))
	in := signature{components: []string{"@method", "@path", "content-digest"}}
	in.params = `("@method" "@path" "content-digest");created=` + strconv.FormatInt(now.Unix(), 10) +
		`;nonce="` + nonce + `";keyid="` + name + `";alg="hmac-sha256"`
	base, _ := in.base(r) // every component is there
	r.Header.Set(headerInput, "erlmcp="+in.params)
	r.Header.Set(headerSignature, "erlmcp=:"+base64.StdEncoding.EncodeToString(sign([]byte(secret), base))+":")
}

func sign(secret []byte, base string) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(base))
	return h.Sum(nil)
}

// signature is what the two headers of a signature say.
type signature struct {
	mac        []byte
	params     string // as they were sent: the components and what follows
	components []string
	created    int64
	keyID      string
}

// parseSignature reads the headers of a request that has one signature. Of the
// structured fields of RFC 8941 it takes what RFC 9421 needs for one.
func parseSignature(h http.Header) (*signature, error) {
	if len(h[headerSignature]) != 1 || len(h[headerInput]) != 1 {
		return nil, errors.New("there must be one Signature and one Signature-Input header")
	}
	label, value, _ := strings.Cut(h.Get(headerSignature), "=")
	inputLabel, params, ok := strings.Cut(h.Get(headerInput), "=")
	if !ok || label != inputLabel {
		return nil, errors.New("Signature and Signature-Input must have one signature, of the same label")
	}
	in := &signature{params: params, created: -1}
	inner, isBinary := strings.CutPrefix(value, ":")
	inner, ends := strings.CutSuffix(inner, ":")
	mac, err := base64.StdEncoding.DecodeString(inner)
	if !isBinary || !ends || err != nil || len(mac) != sha256.Size {
		return nil, errors.New("Signature is not :BASE64: of 32 bytes")
	}
	in.mac = mac
	list, rest, ok := strings.Cut(strings.TrimPrefix(params, "("), ")")
	if !ok || !strings.HasPrefix(params, "(") {
		return nil, errors.New("Signature-Input does not begin with a list of components")
	}
	for _, quoted := range strings.Fields(list) {
		name, ok := unquote(quoted)
		if !ok || slices.Contains(in.components, name) {
			return nil, errors.New("Signature-Input has a component that is not a quoted name, or stands twice")
		}
		in.components = append(in.components, name)
	}
	return in, in.parameters(rest)
}

// parameters reads ;name=value pairs.
func (in *signature) parameters(text string) error {
	for text != "" {
		text, _ = strings.CutPrefix(text, ";")
		var pair string
		pair, text, _ = strings.Cut(text, ";")
		name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		var ok bool
		switch name {
		case "created":
			n, err := strconv.ParseInt(value, 10, 64)
			in.created, ok = n, err == nil && n >= 0
		case "keyid":
			in.keyID, ok = unquote(value)
		case "alg":
			ok = value == `"hmac-sha256"`
		case "nonce":
			_, ok = unquote(value)
		default: // such as expires: what is not understood is not to be passed over
		}
		if !ok {
			return fmt.Errorf("Signature-Input: the parameter %.32q cannot be used; there are created, keyid, nonce, and alg=\"hmac-sha256\"", name)
		}
	}
	if in.created < 0 || in.keyID == "" {
		return errors.New("Signature-Input lacks created or keyid")
	}
	return nil
}

// unquote reads a quoted text without escapes.
func unquote(s string) (string, bool) {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' || strings.ContainsAny(s[1:len(s)-1], "\"\\;") {
		return "", false
	}
	return s[1 : len(s)-1], true
}

// covers checks that all is signed that must be.
func (in *signature) covers(r *http.Request) error {
	needed := []string{"@method", "@path"}
	if r.Method == http.MethodPost {
		needed = append(needed, "content-digest")
	}
	for _, name := range needed {
		if !slices.Contains(in.components, name) {
			return fmt.Errorf("it does not cover %q", name)
		}
	}
	return nil
}

// base is the text that is signed (RFC 9421, section 2.5).
func (in *signature) base(r *http.Request) (string, error) {
	var b strings.Builder
	for _, name := range in.components {
		value, err := component(r, name)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "%q: %s\n", name, value)
	}
	b.WriteString(`"@signature-params": ` + in.params)
	return b.String(), nil
}

// component is the value of a part of a request (RFC 9421, section 2).
func component(r *http.Request, name string) (string, error) {
	switch name {
	case "@method":
		return r.Method, nil
	case "@path":
		return r.URL.EscapedPath(), nil
	case "@query":
		return "?" + r.URL.RawQuery, nil
	case "@authority":
		host := r.Host
		if host == "" {
			host = r.URL.Host
		}
		return strings.ToLower(host), nil
	}
	values := r.Header.Values(name)
	if strings.HasPrefix(name, "@") || len(values) == 0 {
		return "", fmt.Errorf("it covers %.64q, which the request does not have", name)
	}
	trimmed := make([]string, len(values))
	for i, v := range values {
		trimmed[i] = strings.TrimSpace(v)
	}
	return strings.Join(trimmed, ", "), nil
}
