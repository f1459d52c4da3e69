package transport

import (
	"context"
	"crypto/tls"
	"net"
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

// visitor is what is known of the other end of an HTTP connection. Its requests
// come one after the other.
type visitor struct {
	client string // address, or name in the certificate
	host   string // that was let in last
}

type visitorKey struct{}

// withVisitor says in the context of each request who is at the other end.
func withVisitor(ctx context.Context, conn net.Conn) context.Context {
	switch c := conn.(type) {
	case *peeked:
		return context.WithValue(ctx, visitorKey{}, &c.visitor)
	case *peekedTLS:
		return context.WithValue(ctx, visitorKey{}, &c.visitor)
	}
	return ctx
}

// visitorOf is the visitor that a request is from.
func visitorOf(r *http.Request) *visitor { return r.Context().Value(visitorKey{}).(*visitor) }

// requester is the client of an HTTP request: its identity when it has one.
func requester(r *http.Request, id *auth.Identity) string {
	if id != nil {
		return id.Key
	}
	return visitorOf(r).client
}
