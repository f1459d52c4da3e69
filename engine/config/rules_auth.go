package config

import (
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/schemas"
)

// authRules checks an auth block and those of its methods. Loading the runtime
// document checks the same again; here it is known where it was written.
func (d *decoder) authRules(b *schemas.Block, at *site, body *hclsyntax.Body, values map[string]cty.Value) {
	switch b {
	case schemas.Describe[schemas.Auth]():
		if values["bearer"].IsNull() && values["hmac"].IsNull() && values["mtls"].IsNull() && values["oauth"].IsNull() {
			d.add(diag.Errorf("Nobody can come in", "%s has no method by which a client could say who it is.", at.what).
				At(diag.FromRange(ptr(at.header))).Fix("Give at least one of bearer, hmac, mtls and oauth, or leave the block out."))
		}
	case schemas.Describe[schemas.Bearer]():
		if s, known := text(values["sha256"]); known && schemas.CheckSHA256(s) != "" {
			d.wrong(body, "sha256", "%s.", schemas.CheckSHA256(s)).Fix("Run erlmcp token, keep the token secret, and put the hash here.")
		}
	case schemas.Describe[schemas.HMAC]():
		if s, known := text(values["secret"]); known && utf8.RuneCountInString(s) < schemas.MinSecret {
			d.wrong(body, "secret", "it has fewer than %d characters.", schemas.MinSecret).Fix("Make one with erlmcp token, and give it as a sensitive variable.")
		}
		if s, known := text(values["window"]); known {
			if w, err := schemas.ParseDuration(s); err == nil && (w <= 0 || w > schemas.MaxHMACWindow) {
				d.wrong(body, "window", "it must be above 0 and at most 1h.")
			}
		}
	case schemas.Describe[schemas.OAuth]():
		d.oauthRules(body, values)
	}
}

func (d *decoder) oauthRules(body *hclsyntax.Body, values map[string]cty.Value) {
	for _, name := range []string{"issuer", "resource", "jwks_url"} {
		if s, known := text(values[name]); known && schemas.CheckServiceURL(s) != "" {
			d.wrong(body, name, "%s.", schemas.CheckServiceURL(s)).Fix("Only loopback hosts can do without TLS.")
		}
	}
	if s, known := text(values["audience"]); known && values["resource"].IsNull() && schemas.CheckServiceURL(s) != "" {
		d.wrong(body, "audience", "it is not a URL, so that clients cannot be told by it where this server is.").Fix("Give resource, the URL of this server, as well.")
	}
	scopes, _ := values["scopes"].UnmarkDeep()
	if scopes.IsNull() || !scopes.IsWhollyKnown() {
		return
	}
	for _, s := range scopes.AsValueSlice() {
		if !s.IsNull() && schemas.LabelScope.Check(s.AsString()) != "" {
			d.wrong(body, "scopes", "one of them is not an OAuth scope.").Fix("A scope has 1 to 256 visible ASCII characters other than \" and \\.")
		}
	}
}

// certificateRule checks that a server that asks for names in certificates asks
// for certificates.
func (d *decoder) certificateRule(at *site, body *hclsyntax.Body, values map[string]cty.Value) {
	auth, tls := values["auth"], values["tls"]
	if auth.IsNull() || !auth.IsKnown() || auth.GetAttr("mtls").IsNull() {
		return
	}
	asks := false
	if !tls.IsNull() {
		mode, known := text(tls.GetAttr("client_auth"))
		asks = !(known && mode == "none") && !(tls.GetAttr("client_ca").IsNull() && tls.GetAttr("client_ca_file").IsNull())
	}
	if !asks {
		d.add(diag.Errorf("No client certificates", "%s has auth { mtls }, but does not ask clients for certificates.", at.what).
			At(diag.FromRange(ptr(at.header))).Fix("Give tls { client_ca = … }, and leave client_auth out or make it \"optional\" or \"require\"."))
	}
}
