package transport

import (
	"crypto/tls"
	"net/http"
	"net/netip"
	"strings"
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
	leaf := state.VerifiedChains[0][0]
	switch {
	case leaf.Subject.CommonName != "":
		return byCertificate + leaf.Subject.CommonName
	case len(leaf.DNSNames) > 0:
		return byCertificate + leaf.DNSNames[0]
	case len(leaf.URIs) > 0:
		return byCertificate + leaf.URIs[0].String()
	}
	return byCertificate + leaf.SerialNumber.String()
}

// byCertificate begins the name of a client that has shown a certificate.
const byCertificate = "cert:"

// Proven reports whether a client has proved that it is who its name says.
func Proven(client string) bool { return strings.HasPrefix(client, byCertificate) }

// requester is the client of an HTTP request.
func requester(r *http.Request) string {
	addr := address(r.RemoteAddr)
	if r.TLS != nil {
		return clientName(r.TLS, addr)
	}
	return addr
}
