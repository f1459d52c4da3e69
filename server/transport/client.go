package transport

import (
	"crypto/tls"
	"net/http"
	"net/netip"

	"github.com/erlmcp/erlmcp/server/auth"
)

// address is the IP address in "address:port".
func address(hostPort string) string {
	at, err := netip.ParseAddrPort(hostPort)
	if err != nil {
		return hostPort
	}
	return at.Addr().Unmap().WithZone("").String()
}

// clientName is the name in a client's certificate that was checked, else the
// fallback.
func clientName(state *tls.ConnectionState, fallback string) string {
	if len(state.VerifiedChains) == 0 {
		return fallback
	}
	return "cert:" + auth.CertificateName(state.VerifiedChains[0][0])
}

// requester is the client of an HTTP request: its identity when it has one.
func requester(r *http.Request, id *auth.Identity) string {
	if id != nil {
		return id.Key
	}
	addr := address(r.RemoteAddr)
	if r.TLS != nil {
		return clientName(r.TLS, addr)
	}
	return addr
}
