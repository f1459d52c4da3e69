package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"os"
	"strings"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/providers/client"
)

// uncalled says why a method has no answer, and what to do.
func (f callFlags) uncalled(method string, err error) error {
	var refusal *client.Refusal
	if errors.As(err, &refusal) {
		return f.refused(method, refusal)
	}
	return diag.Errorf("The server refused the call", "%s: %v.", method, err)
}

// unreachable says why there is no session at an endpoint, and what to do.
func (f callFlags) unreachable(endpoint string, err error) error {
	var refusal *client.Refusal
	if errors.As(err, &refusal) {
		if refusal.Status == http.StatusNotFound {
			return diag.Errorf("No MCP server answers there", "%s", about(endpoint, refusal.Error())).
				Fix("Give the whole URL with its path, as erlmcp output or erlmcp server status prints it.")
		}
		return f.refused(endpoint, refusal)
	}
	d := diag.Errorf("Cannot reach the server", "%s: %v.", endpoint, err)
	var unknown x509.UnknownAuthorityError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &unknown):
		return d.Fix("Give the authority that signed its certificate with -ca FILE.")
	case errors.As(err, &record):
		return d.Fix("It does not speak TLS: try http:// instead of https://.")
	case strings.HasPrefix(endpoint, "https:") && strings.Contains(err.Error(), "connection reset"):
		return d.Fix("It may not speak TLS: try http:// instead of https://.")
	case strings.Contains(err.Error(), "malformed HTTP response"):
		return d.Fix("It speaks TLS: try https:// instead of http://.")
	case strings.Contains(err.Error(), "connection refused"):
		return d.Fix("Nothing listens there: start the server with erlmcp apply, or look at its state with erlmcp drift.")
	case strings.Contains(err.Error(), "certificate required"):
		return d.Fix("It wants a certificate from its clients: give one with -cert FILE and -key FILE.")
	}
	return d
}

// refused says what to do about a status.
func (f callFlags) refused(what string, r *client.Refusal) error {
	detail := about(what, r.Error())
	switch {
	case strings.Contains(r.Says, "HTTP request to an HTTPS server"):
		return diag.Errorf("Cannot reach the server", "%s", detail).Fix("It speaks TLS: try https:// instead of http://.")
	case r.Status == http.StatusUnauthorized && f.hmac == "" && f.cert == "" && os.Getenv("ERLMCP_TOKEN") == "":
		return diag.Errorf("The server does not know who asks", "%s", detail).
			Fix("Set ERLMCP_TOKEN, or sign with -hmac NAME, or show a certificate with -cert FILE and -key FILE, as the server's auth block has it.")
	case r.Status == http.StatusUnauthorized:
		return diag.Errorf("The server does not know who asks", "%s", detail).Fix("What was shown is not what the server's auth block has: check the token, the key or the clock.")
	case r.Status == http.StatusForbidden:
		return diag.Errorf("The server does not allow this", "%s", detail).Fix("See listen { hosts, origins } and the auth block of the server.")
	case r.Status == http.StatusTooManyRequests || r.Status == http.StatusServiceUnavailable:
		d := diag.Errorf("The server takes no more for now", "%s", detail)
		if r.After != "" {
			return d.Fix("Ask again after %s s.", r.After)
		}
		return d
	}
	if r.Status == http.StatusBadRequest && r.Says != "" {
		detail = about(what, r.Says) // so MCP carries its own errors
	}
	return diag.Errorf("The server refused the call", "%s", detail)
}

// about is a sentence about an endpoint or a method.
func about(what, says string) string { return strings.TrimRight(what+": "+says, ".") + "." }
