package auth

import (
	"crypto/tls"
	"crypto/x509"

	"github.com/erlmcp/erlmcp/schemas"
)

// certificates are the rules on the names in client certificates.
type certificates struct {
	commonNames, dnsNames, uris Patterns
}

func newCertificates(block *schemas.MTLS) *certificates {
	return &certificates{NewPatterns(block.CommonNames), NewPatterns(block.DNSNames), NewPatterns(block.URIs)}
}

// identity is that of a connection with a certificate that was verified and has
// a name that the rules allow, else nil.
func (c *certificates) identity(state *tls.ConnectionState) *Identity {
	if state == nil || len(state.VerifiedChains) == 0 {
		return nil
	}
	leaf := state.VerifiedChains[0][0]
	if len(c.commonNames)+len(c.dnsNames)+len(c.uris) == 0 {
		return &Identity{Key: "cert:" + CertificateName(leaf)}
	}
	if c.commonNames.Match(leaf.Subject.CommonName) {
		return &Identity{Key: "cert:" + leaf.Subject.CommonName}
	}
	for _, name := range leaf.DNSNames {
		if c.dnsNames.Match(name) {
			return &Identity{Key: "cert:" + name}
		}
	}
	for _, uri := range leaf.URIs {
		if name := uri.String(); c.uris.Match(name) {
			return &Identity{Key: "cert:" + name}
		}
	}
	return nil
}

// CertificateName is what a certificate calls its holder: the common name, else
// its first DNS name, else its first URI, else its serial number.
func CertificateName(c *x509.Certificate) string {
	switch {
	case c.Subject.CommonName != "":
		return c.Subject.CommonName
	case len(c.DNSNames) > 0:
		return c.DNSNames[0]
	case len(c.URIs) > 0:
		return c.URIs[0].String()
	}
	return c.SerialNumber.String()
}
