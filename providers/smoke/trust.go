package smoke

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/url"
	"time"

	"github.com/erlmcp/erlmcp/engine/apply"
	"github.com/erlmcp/erlmcp/providers/document"
)

// trust says which certificates are trusted at a URL: those that the server's
// document carries, whatever names stand in them, since the server is known by
// its certificate. When the certificate is a file on the target it is not known
// here: then a loopback address is trusted as it is, since it does not leave this
// machine, and so is what the target itself connects to; anything else must be
// vouched for by the system's authorities.
func trust(c apply.Check) (*tls.Config, error) {
	u, err := url.Parse(c.URL)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if u.Scheme != "https" {
		return config, nil
	}
	certificate, _ := document.Setting(c.Document, "tls", "certificate").Unmark()
	if certificate.IsNull() {
		ip := net.ParseIP(u.Hostname())
		config.InsecureSkipVerify = c.Dial != nil || ip != nil && ip.IsLoopback()
		return config, nil
	}
	known := x509.NewCertPool()
	if !known.AppendCertsFromPEM([]byte(certificate.AsString())) {
		return nil, errors.New("the certificate in its tls block is not PEM")
	}
	config.InsecureSkipVerify = true // in favour of the following, which leaves out names alone
	config.VerifyConnection = func(s tls.ConnectionState) error {
		chain := x509.NewCertPool()
		for _, c := range s.PeerCertificates[1:] {
			chain.AddCert(c)
		}
		_, err := s.PeerCertificates[0].Verify(x509.VerifyOptions{
			Roots: known, Intermediates: chain, CurrentTime: time.Now(),
		})
		return err
	}
	return config, nil
}
