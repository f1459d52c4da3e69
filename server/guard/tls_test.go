package guard

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/erlmcp/erlmcp/schemas"
)

type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  string
}

// issue makes a certificate that is valid from so long ago to so far ahead. A
// nil signer makes an authority that has signed itself.
func issue(t *testing.T, signer *authority, from, to time.Duration) (*authority, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "test"},
		NotBefore: time.Now().Add(from), NotAfter: time.Now().Add(to),
		DNSNames: []string{"localhost"}, IsCA: signer == nil, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	parent, parentKey := template, key
	if signer != nil {
		parent, parentKey = signer.cert, signer.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := func(kind string, b []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}))
	}
	return &authority{cert, key, text("CERTIFICATE", der)}, text("PRIVATE KEY", keyDER)
}

func write(t *testing.T, text string, mode os.FileMode) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file.pem")
	if err := os.WriteFile(name, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(name, mode); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestTLSConfigRefuses(t *testing.T) {
	good, key := issue(t, nil, -time.Hour, time.Hour)
	_, otherKey := issue(t, nil, -time.Hour, time.Hour)
	old, oldKey := issue(t, nil, -2*time.Hour, -time.Hour)
	early, earlyKey := issue(t, nil, time.Hour, 2*time.Hour)
	tests := map[string]struct {
		block schemas.TLS
		want  string
	}{
		"key of another certificate": {schemas.TLS{Certificate: good.pem, Key: otherKey}, "do not go together"},
		"expired":                    {schemas.TLS{Certificate: old.pem, Key: oldKey}, "expired at"},
		"not valid yet":              {schemas.TLS{Certificate: early.pem, Key: earlyKey}, "not valid before"},
		"certificate is not PEM":     {schemas.TLS{Certificate: "hello", Key: key}, "certificate: there is no certificate"},
		"certificate is a key":       {schemas.TLS{Certificate: key, Key: key}, "certificate: there is no certificate"},
		"key is not PEM":             {schemas.TLS{Certificate: good.pem, Key: "s3cret"}, "key: there is no private key"},
		"key file for all to read":   {schemas.TLS{Certificate: good.pem, KeyFile: write(t, key, 0o644)}, "chmod 600"},
		"key file for the group":     {schemas.TLS{Certificate: good.pem, KeyFile: write(t, key, 0o640)}, "chmod 600"},
		"no such file":               {schemas.TLS{CertificateFile: "/no/such/file", Key: key}, "/no/such/file"},
		"a folder":                   {schemas.TLS{CertificateFile: t.TempDir(), Key: key}, "not a file"},
		"a huge file":                {schemas.TLS{CertificateFile: write(t, strings.Repeat("x", maxPEM+1), 0o600), Key: key}, "1 MB"},
		"client CA is not PEM":       {schemas.TLS{Certificate: good.pem, Key: key, ClientCA: "x"}, "client_ca"},
		"client auth without CA":     {schemas.TLS{Certificate: good.pem, Key: key, ClientAuth: "require"}, "needs client_ca"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := TLSConfig(&tc.block)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("got %v, want an error with %q", err, tc.want)
			}
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the error quotes the key: %s", err)
			}
		})
	}
}

func TestNoTLS(t *testing.T) {
	if c, err := TLSConfig(nil); c != nil || err != nil {
		t.Errorf("got %v, %v", c, err)
	}
}

func TestTLSConfigInUse(t *testing.T) {
	ca, _ := issue(t, nil, -time.Hour, time.Hour)
	stranger, _ := issue(t, nil, -time.Hour, time.Hour)
	server, serverKey := issue(t, ca, -time.Hour, time.Hour)
	files := schemas.TLS{CertificateFile: write(t, server.pem, 0o644), KeyFile: write(t, serverKey, 0o600)}
	with := func(change func(*schemas.TLS)) schemas.TLS { b := files; change(&b); return b }
	own, ownKey := issue(t, ca, -time.Hour, time.Hour)
	foreign, foreignKey := issue(t, stranger, -time.Hour, time.Hour)

	tests := map[string]struct {
		block     schemas.TLS
		cert, key string // of the client
		max       uint16 // newest version of the client
		ok        bool
	}{
		"files":                           {files, "", "", 0, true},
		"text":                            {schemas.TLS{Certificate: server.pem, Key: serverKey}, "", "", 0, true},
		"TLS 1.2 by default":              {files, "", "", tls.VersionTLS12, false},
		"TLS 1.2 when allowed":            {with(func(b *schemas.TLS) { b.MinVersion = "1.2" }), "", "", tls.VersionTLS12, true},
		"CA: none shown":                  {with(func(b *schemas.TLS) { b.ClientCA = ca.pem }), "", "", 0, false},
		"CA: ours":                        {with(func(b *schemas.TLS) { b.ClientCA = ca.pem }), own.pem, ownKey, 0, true},
		"CA: a stranger's":                {with(func(b *schemas.TLS) { b.ClientCA = ca.pem }), foreign.pem, foreignKey, 0, false},
		"CA in a file, optional: none":    {with(func(b *schemas.TLS) { b.ClientCAFile, b.ClientAuth = write(t, ca.pem, 0o644), "optional" }), "", "", 0, true},
		"CA, optional: a stranger's":      {with(func(b *schemas.TLS) { b.ClientCA, b.ClientAuth = ca.pem, "optional" }), foreign.pem, foreignKey, 0, false},
		"CA that is turned off: none":     {with(func(b *schemas.TLS) { b.ClientCA, b.ClientAuth = ca.pem, "none" }), "", "", 0, true},
		"no CA, turned off: a stranger's": {with(func(b *schemas.TLS) { b.ClientAuth = "none" }), foreign.pem, foreignKey, 0, true},
	}
	roots := x509.NewCertPool()
	roots.AddCert(ca.cert)
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			config, err := TLSConfig(&tc.block)
			if err != nil {
				t.Fatal(err)
			}
			client := &tls.Config{RootCAs: roots, ServerName: "localhost", MaxVersion: tc.max}
			if tc.cert != "" {
				pair, err := tls.X509KeyPair([]byte(tc.cert), []byte(tc.key))
				if err != nil {
					t.Fatal(err)
				}
				client.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
			}
			if err := talk(t, config, client); (err == nil) != tc.ok {
				t.Errorf("got %v", err)
			}
		})
	}
}

// talk sends a byte each way. The client's first read is what learns that the
// server refused its certificate.
func talk(t *testing.T, server, client *tls.Config) error {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", server)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		if _, err := io.ReadFull(c, make([]byte, 1)); err == nil {
			_, _ = c.Write([]byte("y"))
		}
	}()
	defer func() { <-answered }()
	c, err := tls.Dial("tcp", l.Addr().String(), client)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := c.Write([]byte("x")); err != nil {
		return err
	}
	_, err = io.ReadFull(c, make([]byte, 1))
	return err
}
