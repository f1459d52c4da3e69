package main

import (
	"crypto/x509"
	"os"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// systemRoots are where systems keep the certificate authorities that they trust
// (crypto/x509, root_linux.go).
var systemRoots = [...]string{
	"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
	"/etc/pki/tls/cacert.pem", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/cert.pem",
	"/etc/ssl/certs", "/etc/pki/tls/certs",
}

// bringRoots supplies certificate authorities to a target without any of its own,
// such as the container image: http tools reach the web from there too. Where
// there are some, they are the operator's choice, and these are not even parsed.
func bringRoots() {
	if os.Getenv("SSL_CERT_FILE") != "" || os.Getenv("SSL_CERT_DIR") != "" {
		return
	}
	for _, path := range systemRoots {
		if _, err := os.Stat(path); err == nil {
			return
		}
	}
	pool := x509.NewCertPool()
	for root := range bundle.Roots() {
		if c, err := x509.ParseCertificate(root.Certificate); err == nil {
			if root.Constraint == nil {
				pool.AddCert(c)
			} else {
				pool.AddCertWithConstraint(c, root.Constraint)
			}
		}
	}
	x509.SetFallbackRoots(pool)
}
