package auth

import (
	"context"
	"crypto/tls"
	"net/http"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/erlmcp/erlmcp/schemas"
)

// Env is what a gate needs beyond its block.
type Env struct {
	Context context.Context // ends what is fetched in the background
	Path    string          // of the MCP endpoint
	Name    string          // of the server, for people
	Now     func() time.Time
	Logger  hclog.Logger
}

// Gate is the methods and rules of one auth block. It is safe for concurrent use.
type Gate struct {
	open    bool // there is no auth block
	path    string
	name    string
	bearer  []token
	signers map[string]*signer
	certs   *certificates // nil without mtls
	oauth   *oauth        // nil without oauth
	access  access
	now     func() time.Time
}

// New returns the gate of a block that [schemas.Parse] has checked; that of a nil
// block lets everyone in. It goes on with what an earlier gate, which may be nil,
// remembers of signatures and keys.
func New(block *schemas.Auth, env Env, earlier *Gate) *Gate {
	g := &Gate{open: block == nil, path: env.Path, name: env.Name, now: env.Now}
	if g.open {
		return g
	}
	if earlier == nil {
		earlier = &Gate{}
	}
	g.bearer = tokens(block.Bearer)
	g.signers = signers(block.HMAC, earlier.signers, env.Now())
	if block.MTLS != nil {
		g.certs = newCertificates(block.MTLS)
	}
	if block.OAuth != nil {
		g.oauth = newOAuth(block.OAuth, env, earlier.oauth)
	}
	g.access = newAccess(block)
	return g
}

// HTTP finds out who sends a request. A request that is signed promises a body,
// which [Gate.Body] must see before it is used.
func (g *Gate) HTTP(r *http.Request) (*Identity, *Refusal) {
	if g.open {
		return nil, nil
	}
	if len(g.signers) > 0 && r.Header.Get(headerSignature) != "" {
		return g.signed(r)
	}
	if text, ok := bearerOf(r); ok && (len(g.bearer) > 0 || g.oauth != nil) {
		return g.token(r, text)
	}
	if g.certs != nil {
		if id := g.certs.identity(r.TLS); id != nil {
			return id, nil
		}
	}
	return nil, g.unknown()
}

// Raw finds out who is on the other end of a connection that carries no headers;
// state is nil without TLS.
func (g *Gate) Raw(state *tls.ConnectionState) (*Identity, *Refusal) {
	switch {
	case g.open:
		return nil, nil
	case g.certs == nil:
		return nil, &Refusal{Status: http.StatusUnauthorized, Message: "This server asks who you are, which over a raw connection only auth.mtls can tell; use HTTP"}
	}
	if id := g.certs.identity(state); id != nil {
		return id, nil
	}
	return nil, &Refusal{Status: http.StatusForbidden, Message: "This server needs a client certificate with a name that auth.mtls allows"}
}

// token knows who has a bearer token: one of the block's own, or an access token.
func (g *Gate) token(r *http.Request, text string) (*Identity, *Refusal) {
	if id := g.known(text); id != nil {
		return id, nil
	}
	if g.oauth != nil {
		id, problem := g.oauth.verify(r.Context(), text)
		if problem == nil {
			return id, nil
		}
		return nil, g.refuseToken(problem)
	}
	return nil, &Refusal{
		Status: http.StatusUnauthorized, Message: "The bearer token is not known here",
		Challenges: []string{`Bearer error="invalid_token", error_description="The token is not known"`},
	}
}

// bearerOf returns the token of a request (RFC 6750, section 2.1).
func bearerOf(r *http.Request) (string, bool) {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(token), ok && strings.EqualFold(scheme, "Bearer")
}

// unknown refuses a request that says nothing of its sender.
func (g *Gate) unknown() *Refusal {
	ref := &Refusal{Status: http.StatusUnauthorized, Message: "This server needs to know who you are: send " + g.wanted()}
	switch {
	case g.oauth != nil:
		ref.Challenges = append(ref.Challenges, g.oauth.challenge("", "", g.oauth.scopes))
	case len(g.bearer) > 0:
		ref.Challenges = append(ref.Challenges, "Bearer")
	}
	if len(g.signers) > 0 {
		ref.Challenges = append(ref.Challenges, "Signature")
	}
	if len(ref.Challenges) == 0 { // nothing that a header could say would help
		ref.Status = http.StatusForbidden
		ref.Message = "This server needs a client certificate with a name that auth.mtls allows"
	}
	return ref
}

// wanted lists what a client can send.
func (g *Gate) wanted() string {
	var ways []string
	if len(g.bearer) > 0 || g.oauth != nil {
		ways = append(ways, "a bearer token")
	}
	if len(g.signers) > 0 {
		ways = append(ways, "a signature")
	}
	if g.certs != nil {
		ways = append(ways, "a client certificate")
	}
	return strings.Join(ways, ", or ")
}
