package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"

	"github.com/erlmcp/erlmcp/diag"
)

// hostName is what a certificate can be for, with * for one label.
var hostName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(\*\.)?([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$`)
})

func newCert(c *cli) *cobra.Command {
	var dir string
	var days int
	var client string
	cmd := &cobra.Command{
		Use:   "cert [NAME…]",
		Short: "Make a certificate authority and certificates for development",
		Long: "Make a certificate authority, a server certificate for the given host names and IP\n" +
			"addresses (default: localhost, 127.0.0.1 and ::1), and a client certificate, in PEM.\n" +
			"An authority that is there already is used again. For development and tests;\n" +
			"production certificates come from your own authority.\n\n" +
			"Files: ca.pem ca.key server.pem server.key client.pem client.key",
		Example: "  erlmcp cert\n  erlmcp cert -out certs -client alice mcp.example.com 10.0.0.5",
		RunE: func(_ *cobra.Command, names []string) error {
			if len(names) == 0 {
				names = []string{"localhost", "127.0.0.1", "::1"}
			}
			for _, n := range names {
				if net.ParseIP(n) == nil && !hostName().MatchString(n) {
					return diag.Errorf("Not a host name", "%q is neither a host name nor an IP address.", n)
				}
			}
			if days < 1 || days > 825 {
				return diag.Errorf("Wrong number of days", "-days is %d; a certificate lives from 1 to 825 days.", days)
			}
			if err := makeCertificates(dir, names, client, time.Duration(days)*24*time.Hour); err != nil {
				return diag.Errorf("Cannot make the certificates", "%s", diag.Sentence(err)).Fix("Give -out a folder where you may write, and that holds no certificates of others.")
			}
			fmt.Fprintf(c.out, "Wrote %s for %s and %s for %q, signed by %s.\n",
				filepath.Join(dir, "server.pem"), strings.Join(names, ", "), filepath.Join(dir, "client.pem"), client, filepath.Join(dir, "ca.pem"))
			return nil
		},
	}
	cmd.Flags().StringVar(&dir, "out", "certs", "`folder` to write to")
	cmd.Flags().StringVar(&client, "client", "client", "`name` in the client certificate")
	cmd.Flags().IntVar(&days, "days", 90, "how many days the certificates live")
	return cmd
}

func makeCertificates(dir string, names []string, client string, life time.Duration) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for _, name := range []string{"ca", "server", "client"} {
		if err := ours(dir, name); err != nil {
			return err
		}
	}
	ca, caKey, err := authority(dir)
	if err != nil {
		return err
	}
	server := &x509.Certificate{
		Subject:     pkix.Name{CommonName: names[0]},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			server.IPAddresses = append(server.IPAddresses, ip)
		} else {
			server.DNSNames = append(server.DNSNames, n)
		}
	}
	if err := issue(dir, "server", server, ca, caKey, life); err != nil {
		return err
	}
	return issue(dir, "client", &x509.Certificate{
		Subject:     pkix.Name{CommonName: client},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, ca, caKey, life)
}

// developmentAuthority is the name of every authority that this command makes.
const developmentAuthority = "erlmcp development authority"

// ours refuses to write over a certificate, or a key alone, that this command did
// not make.
func ours(dir, name string) error {
	path := filepath.Join(dir, name+".pem")
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		path = filepath.Join(dir, name+".key")
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return fmt.Errorf("%s is there without a certificate, and would be lost; move it away", path)
	}
	if err != nil {
		return err
	}
	if block, _ := pem.Decode(content); block != nil {
		if cert, err := x509.ParseCertificate(block.Bytes); err == nil && cert.Issuer.CommonName == developmentAuthority {
			return nil
		}
	}
	return fmt.Errorf("%s is there, and erlmcp cert did not make it; move it away, or give another folder", path)
}

// authority loads the certificate authority of a folder, or makes one.
func authority(dir string) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	certPEM, certErr := os.ReadFile(filepath.Join(dir, "ca.pem"))
	keyPEM, keyErr := os.ReadFile(filepath.Join(dir, "ca.key"))
	if certErr == nil && keyErr == nil {
		certBlock, _ := pem.Decode(certPEM)
		keyBlock, _ := pem.Decode(keyPEM)
		if certBlock == nil || keyBlock == nil {
			return nil, nil, fmt.Errorf("ca.pem or ca.key is not PEM; remove both to make a new authority")
		}
		cert, err := x509.ParseCertificate(certBlock.Bytes)
		if err != nil {
			return nil, nil, fmt.Errorf("ca.pem: %w", err)
		}
		key, err := x509.ParseECPrivateKey(keyBlock.Bytes)
		if err != nil {
			return nil, nil, fmt.Errorf("ca.key: %w", err)
		}
		if time.Now().Before(cert.NotAfter.Add(-24 * time.Hour)) {
			return cert, key, nil
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	t := &x509.Certificate{
		Subject:               pkix.Name{CommonName: developmentAuthority},
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		IsCA:                  true,
		MaxPathLenZero:        true,
		BasicConstraintsValid: true,
	}
	der, err := sign(t, t, &key.PublicKey, key, 825*24*time.Hour)
	if err != nil {
		return nil, nil, err
	}
	if err := write(dir, "ca", der, key); err != nil {
		return nil, nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return cert, key, err
}

func issue(dir, name string, t, ca *x509.Certificate, caKey *ecdsa.PrivateKey, life time.Duration) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	t.KeyUsage = x509.KeyUsageDigitalSignature
	der, err := sign(t, ca, &key.PublicKey, caKey, life)
	if err != nil {
		return err
	}
	return write(dir, name, der, key)
}

func sign(t, parent *x509.Certificate, pub *ecdsa.PublicKey, key *ecdsa.PrivateKey, life time.Duration) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	t.SerialNumber = serial
	t.NotBefore = time.Now().Add(-5 * time.Minute)
	t.NotAfter = time.Now().Add(life)
	return x509.CreateCertificate(rand.Reader, t, parent, pub, key)
}

func write(dir, name string, der []byte, key *ecdsa.PrivateKey) error {
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER})
	if err := renameio.WriteFile(filepath.Join(dir, name+".key"), keyPEM, 0o600); err != nil {
		return err
	}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return renameio.WriteFile(filepath.Join(dir, name+".pem"), certPEM, 0o644)
}
