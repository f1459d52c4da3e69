package transport

import (
	"crypto/tls"
	"net/http"
	"net/netip"
	"strings"

	"github.com/erlmcp/erlmcp/server/auth"
)

// address says who a client is by its "address:port": its IP address, of which
// for IPv6 only the network of /64, as one machine has all of its addresses.
func address(hostPort string) string {
	at, err := netip.ParseAddrPort(hostPort)
	if err != nil {
		return hostPort
	}
	ip := at.Addr().Unmap().WithZone("")
	if ip.Is6() && !ip.IsLoopback() {
		return netip.PrefixFrom(ip, 64).Masked().String()
	}
	return ip.String()
}

// clientName is the name in a client's certificate that was checked, else the
// fallback.
func clientName(state *tls.ConnectionState, fallback string) string {
	if len(state.VerifiedChains) == 0 {
		return fallback
	}
	return byCertificate + auth.CertificateName(state.VerifiedChains[0][0])
}

// byCertificate begins the name of a client that has shown a certificate.
const byCertificate = "cert:"

// Proven reports whether a client has proved that it is who its name says.
func (x *Exchange) Proven() bool {
	return x.Identity != nil || strings.HasPrefix(x.Client, byCertificate)
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
