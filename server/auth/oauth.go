package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/erlmcp/erlmcp/schemas"
)

const (
	maxToken = 16 << 10 // bytes of an access token
	// maxVerified is how many tokens are remembered whose signature was checked,
	// each for verifiedFor at most.
	maxVerified = 4096
	verifiedFor = time.Minute
)

// algorithms are those that a token may be signed with. None of them is
// symmetric: a public key must never serve as a shared one.
var algorithms = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512,
	jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
}

// oauth takes the access tokens of one authorization server.
type oauth struct {
	block  *schemas.OAuth
	scopes []string // that every token needs
	extra  []extra
	keys   *keys
	now    func() time.Time

	mu       sync.Mutex
	verified map[[sha256.Size]byte]verified
}

// extra is a scope that some things need.
type extra struct {
	scope  string
	things things
}

// verified is a token that has been checked.
type verified struct {
	identity   *Identity
	until      time.Time
	generation uint64 // of the keys
}

func newOAuth(block *schemas.OAuth, env Env, earlier *oauth) *oauth {
	o := &oauth{block: block, scopes: block.Scopes, now: env.Now, verified: map[[sha256.Size]byte]verified{}}
	for _, name := range slices.Sorted(maps.Keys(block.Scope)) {
		s := block.Scope[name]
		o.extra = append(o.extra, extra{name, things{schemas.Patterns(s.Tools), schemas.Patterns(s.Resources), schemas.Patterns(s.Prompts)}})
	}
	if earlier != nil && earlier.block.Issuer == block.Issuer && earlier.block.JWKSURL == block.JWKSURL {
		o.keys = earlier.keys
	} else {
		o.keys = newKeys(block, env)
	}
	return o
}

// problem is why a token is refused.
type problem struct {
	unavailable bool     // nothing is wrong with the token; its keys cannot be had
	lacks       []string // scopes that it lacks, when nothing else is wrong
	text        string
}

// verify checks an access token (RFC 9068, section 4, as far as it is for any
// authorization server) and says whose it is.
func (o *oauth) verify(ctx context.Context, text string) (*Identity, *problem) {
	now := o.now()
	sum := sha256.Sum256([]byte(text))
	o.mu.Lock()
	v, ok := o.verified[sum]
	o.mu.Unlock()
	if ok && now.Before(v.until) && v.generation == o.keys.generation.Load() {
		return v.identity, nil
	}
	generation := o.keys.generation.Load()
	claims, all, wrong := o.open(ctx, text)
	if wrong != nil {
		return nil, wrong
	}
	if wrong := o.check(claims, all, now); wrong != nil {
		return nil, wrong
	}
	id := &Identity{Key: "oauth:" + claims.Subject, Scopes: scopesOf(all), oauth: true}
	if lacks := without(o.scopes, id.Scopes); len(lacks) > 0 {
		return nil, &problem{lacks: lacks, text: "The token lacks the scope " + strings.Join(lacks, " ")}
	}
	until := claims.Expiry.Time().Add(time.Duration(o.block.Leeway))
	o.remember(sum, verified{id, earliest(until, now.Add(verifiedFor)), generation}, now)
	return id, nil
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func (o *oauth) remember(sum [sha256.Size]byte, v verified, now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.verified) >= maxVerified {
		maps.DeleteFunc(o.verified, func(_ [sha256.Size]byte, v verified) bool { return !now.Before(v.until) })
	}
	if len(o.verified) >= maxVerified {
		clear(o.verified) // their signatures are checked once more, and that is all
	}
	o.verified[sum] = v
}

// open checks the signature of a token and reads its claims.
func (o *oauth) open(ctx context.Context, text string) (*jwt.Claims, map[string]any, *problem) {
	invalid := func(format string, args ...any) *problem {
		return &problem{text: "The token " + fmt.Sprintf(format, args...)}
	}
	if len(text) > maxToken {
		return nil, nil, invalid("is longer than %d bytes", maxToken)
	}
	parsed, err := jwt.ParseSigned(text, algorithms)
	if err != nil {
		return nil, nil, invalid("is not known here, and not a JWT that is signed in a way that is accepted")
	}
	head := parsed.Headers[0]
	if typ, _ := head.ExtraHeaders[jose.HeaderType].(string); !isAccessToken(typ) {
		return nil, nil, invalid("is not an access token but a %.32q", typ)
	}
	candidates, err := o.keys.find(ctx, head.KeyID, head.Algorithm)
	if err != nil {
		return nil, nil, &problem{unavailable: true, text: "Tokens cannot be checked now: the keys of the issuer cannot be had"}
	}
	for _, key := range candidates {
		var claims jwt.Claims
		var all map[string]any
		if parsed.Claims(key, &claims, &all) == nil {
			return &claims, all, nil
		}
	}
	return nil, nil, invalid("is not signed with a key of the issuer")
}

// isAccessToken reports whether a token's typ says that it is, or says nothing
// (RFC 9068, section 2.1).
func isAccessToken(typ string) bool {
	typ, _ = strings.CutPrefix(strings.ToLower(typ), "application/")
	return typ == "" || typ == "jwt" || typ == "at+jwt"
}

// check holds the claims against what the block asks for.
func (o *oauth) check(claims *jwt.Claims, all map[string]any, now time.Time) *problem {
	wrong := func(text string) *problem { return &problem{text: "The token " + text} }
	switch {
	case claims.Issuer != o.block.Issuer:
		return wrong("is from another issuer")
	case !claims.Audience.Contains(o.block.Audience):
		return wrong("is for another audience")
	case claims.Expiry == nil:
		return wrong("has no end (exp)")
	case claims.Subject == "":
		return wrong("has no subject (sub)")
	}
	err := claims.ValidateWithLeeway(jwt.Expected{Time: now}, time.Duration(o.block.Leeway))
	switch {
	case errors.Is(err, jwt.ErrExpired):
		return wrong("has expired")
	case err != nil:
		return wrong("is not valid yet")
	}
	for _, name := range slices.Sorted(maps.Keys(o.block.Claims)) {
		if !holds(all[name], o.block.Claims[name]) {
			return wrong("does not have the claim " + name + " that is asked for")
		}
	}
	return nil
}

// holds reports whether a claim is the value, or a list with it.
func holds(claim any, value string) bool {
	switch c := claim.(type) {
	case []any:
		return slices.ContainsFunc(c, func(e any) bool { return holds(e, value) })
	case nil, map[string]any:
		return false
	}
	return fmt.Sprint(claim) == value
}

// scopesOf are the scopes of a token: a text with spaces in scope (RFC 9068,
// section 2.2.3), or a text or list in scp, as some servers have it.
func scopesOf(all map[string]any) []string {
	for _, name := range []string{"scope", "scp"} {
		switch c := all[name].(type) {
		case string:
			return strings.Fields(c)
		case []any:
			var out []string
			for _, e := range c {
				if s, ok := e.(string); ok {
					out = append(out, s)
				}
			}
			return out
		}
	}
	return nil
}

// without are those of needed that are not there.
func without(needed, there []string) []string {
	var out []string
	for _, s := range needed {
		if !slices.Contains(there, s) {
			out = append(out, s)
		}
	}
	return out
}
