package transport

import (
	"crypto/tls"
	"net"
	"net/http"
	"strings"
)

// host is the IP address of a client.
func host(a net.Addr) string {
	if t, ok := a.(*net.TCPAddr); ok {
		return t.AddrPort().Addr().Unmap().WithZone("").String()
	}
	return a.String()
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
		return "cert:" + leaf.Subject.CommonName
	case len(leaf.DNSNames) > 0:
		return "cert:" + leaf.DNSNames[0]
	case len(leaf.URIs) > 0:
		return "cert:" + leaf.URIs[0].String()
	}
	return "cert:" + leaf.SerialNumber.String()
}

// requester is the client of an HTTP request.
func requester(r *http.Request) string {
	addr := r.RemoteAddr
	if i := strings.LastIndexByte(addr, ':'); i > 0 {
		addr = strings.Trim(addr[:i], "[]")
	}
	if r.TLS != nil {
		return clientName(r.TLS, addr)
	}
	return addr
}
