package auth

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// WellKnown is where the metadata of a protected resource is (RFC 9728, section
// 3): with the path of the MCP endpoint after it, and without.
const WellKnown = "/.well-known/oauth-protected-resource"

// Missing returns the scopes that a client lacks for something that goes by those
// names, and the refusal to answer with; nil when it lacks none. Only OAuth has
// scopes to ask for.
func (g *Gate) Missing(id *Identity, kind Kind, names ...string) *Refusal {
	if id == nil || !id.oauth || g.oauth == nil {
		return nil
	}
	var needed []string
	for i := range g.oauth.extra {
		if e := &g.oauth.extra[i]; e.things.has(kind, names) {
			needed = append(needed, e.scope)
		}
	}
	lacks := without(needed, id.Scopes)
	if len(lacks) == 0 {
		return nil
	}
	return g.insufficient(lacks, slices.Concat(g.oauth.scopes, needed))
}

// insufficient refuses a token that lacks scopes; all are those that the request
// needs (MCP 2026-07-28, basic/authorization, "Runtime Insufficient Scope
// Errors").
func (g *Gate) insufficient(lacks, all []string) *Refusal {
	text := "The token lacks the scope " + strings.Join(lacks, " ")
	return &Refusal{
		Status: http.StatusForbidden, Message: text,
		Challenges: []string{g.oauth.challenge("insufficient_scope", text, all)},
	}
}

func (g *Gate) refuseToken(p *problem) *Refusal {
	switch {
	case p.unavailable:
		return &Refusal{Status: http.StatusServiceUnavailable, Message: p.text, RetryAfter: keysPause}
	case p.lacks != nil:
		return g.insufficient(p.lacks, g.oauth.scopes)
	}
	return &Refusal{
		Status: http.StatusUnauthorized, Message: p.text,
		Challenges: []string{g.oauth.challenge("invalid_token", p.text, g.oauth.scopes)},
	}
}

// challenge is a value of WWW-Authenticate (RFC 6750, section 3; RFC 9728,
// section 5.1).
func (o *oauth) challenge(code, description string, scopes []string) string {
	params := []string{`resource_metadata="` + o.metadataURL() + `"`}
	if code != "" {
		params = append(params, `error="`+code+`"`, `error_description="`+quotable(description)+`"`)
	}
	if len(scopes) > 0 {
		params = append(params, `scope="`+strings.Join(scopes, " ")+`"`)
	}
	return "Bearer " + strings.Join(params, ", ")
}

// quotable leaves out what a quoted text cannot hold (RFC 6750, section 3).
func quotable(s string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			return -1
		}
		return c
	}, s)
}

// resource is the URL by which clients know this server.
func (o *oauth) resource() string {
	if o.block.Resource != "" {
		return o.block.Resource
	}
	return o.block.Audience
}

func (o *oauth) metadataURL() string {
	u, err := url.Parse(o.resource())
	if err != nil { // the vocabulary asks for a URL
		return WellKnown
	}
	return u.Scheme + "://" + u.Host + WellKnown + strings.TrimSuffix(u.EscapedPath(), "/")
}

// ServeMetadata answers requests for the metadata of the protected resource, and
// reports whether this was one. Anybody may read it, scripts of any page included.
func (g *Gate) ServeMetadata(w http.ResponseWriter, r *http.Request) bool {
	if g.oauth == nil || r.URL.Path != WellKnown && r.URL.Path != WellKnown+g.path {
		return false
	}
	w.Header().Set("Access-Control-Allow-Origin", "*")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return true
	}
	scopes := slices.Clone(g.oauth.scopes)
	for _, e := range g.oauth.extra {
		if !slices.Contains(scopes, e.scope) {
			scopes = append(scopes, e.scope)
		}
	}
	body, _ := json.Marshal(struct { // strings always encode
		Resource string   `json:"resource"`
		Servers  []string `json:"authorization_servers"`
		Scopes   []string `json:"scopes_supported,omitempty"`
		Methods  []string `json:"bearer_methods_supported"`
		Name     string   `json:"resource_name,omitempty"`
	}{g.oauth.resource(), []string{g.oauth.block.Issuer}, scopes, []string{"header"}, g.name})
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "public, max-age=300")
	w.Write(append(body, '\n')) // nobody is left to tell when it fails
	return true
}
