package guard

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/erlmcp/erlmcp/schemas"
)

// maxPEM bounds a certificate or key file.
const maxPEM = 1 << 20

// TLSConfig returns the TLS settings that a block and its files stand for now, or
// nil for a nil block. It refuses a key that does not belong to the certificate, a
// certificate that is not valid now, and a key file that others than its owner can
// read. No error quotes a key. Those of an authority have no certificate yet.
// [Certificates] keeps settings current.
func TLSConfig(block *schemas.TLS) (*tls.Config, error) {
	if block == nil {
		return nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS13}
	if block.ACME == nil {
		certificate, err := certificate(block)
		if err != nil {
			return nil, err
		}
		c.Certificates = []tls.Certificate{certificate}
	}
	if block.MinVersion == "1.2" {
		c.MinVersion = tls.VersionTLS12
	}
	authorities, err := pemOf(block.ClientCA, block.ClientCAFile, false)
	if err != nil {
		return nil, fmt.Errorf("tls: client_ca: %w", err)
	}
	if authorities != nil {
		c.ClientCAs = x509.NewCertPool()
		if !c.ClientCAs.AppendCertsFromPEM(authorities) {
			return nil, errors.New("tls: client_ca: there is no certificate in PEM in it")
		}
	}
	if c.ClientAuth, err = clientAuth(block.ClientAuth, authorities != nil); err != nil {
		return nil, err
	}
	return c, nil
}

func clientAuth(asked string, haveCA bool) (tls.ClientAuthType, error) {
	if asked == "" && haveCA {
		asked = "require"
	}
	if asked == "" || asked == "none" {
		return tls.NoClientCert, nil
	}
	if !haveCA {
		return 0, fmt.Errorf("tls: client_auth = %q needs client_ca or client_ca_file", asked)
	}
	if asked == "optional" {
		return tls.VerifyClientCertIfGiven, nil
	}
	return tls.RequireAndVerifyClientCert, nil
}

func certificate(block *schemas.TLS) (tls.Certificate, error) {
	none := tls.Certificate{}
	if block.Development != nil {
		return developmentPair(block.Development, time.Now())
	}
	chain, err := pemOf(block.Certificate, block.CertificateFile, false)
	if err != nil {
		return none, fmt.Errorf("tls: certificate: %w", err)
	}
	key, err := pemOf(block.Key, block.KeyFile, true)
	if err != nil {
		return none, fmt.Errorf("tls: key: %w", err)
	}
	if !holds(chain, "CERTIFICATE") {
		return none, errors.New("tls: certificate: there is no certificate in PEM in it")
	}
	if p, _ := pem.Decode(key); p == nil {
		return none, errors.New("tls: key: there is no private key in PEM in it")
	}
	pair, err := tls.X509KeyPair(chain, key)
	if err != nil {
		return none, fmt.Errorf("tls: the certificate and the key do not go together: %w", err)
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return none, fmt.Errorf("tls: certificate: %w", err)
	}
	switch now := time.Now(); {
	case now.After(leaf.NotAfter):
		return none, fmt.Errorf("tls: the certificate expired at %s; give a new one", leaf.NotAfter.UTC().Format(time.RFC3339))
	case now.Before(leaf.NotBefore):
		return none, fmt.Errorf("tls: the certificate is not valid before %s", leaf.NotBefore.UTC().Format(time.RFC3339))
	}
	return pair, nil
}

func holds(data []byte, kind string) bool {
	for p, rest := pem.Decode(data); p != nil; p, rest = pem.Decode(rest) {
		if p.Type == kind {
			return true
		}
	}
	return false
}

// pemOf returns the text itself or what is in the file; nil when neither is
// given.
func pemOf(text, file string, secret bool) ([]byte, error) {
	if text != "" {
		return []byte(text), nil
	}
	if file == "" {
		return nil, nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxPEM {
		return nil, fmt.Errorf("%s is not a file of at most 1 MB", file)
	}
	if secret && info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s can be read by others (mode %04o); run: chmod 600 %s", file, info.Mode().Perm(), file)
	}
	return io.ReadAll(io.LimitReader(f, maxPEM))
}
