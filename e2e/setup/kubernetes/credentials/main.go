// Credentials makes what the parts of the test bed's control plane know each other
// by: an authority, the API server's certificate, the key of service accounts, a
// token for each user, and a kubeconfig for each.
//
//	credentials FOLDER SERVER-URL
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// users are the names, and groups, of those who may use the API server.
var users = []struct{ file, name, group string }{
	{"kubeconfig", "admin", "system:masters"},
	{"controller-manager.kubeconfig", "system:kube-controller-manager", ""},
	{"scheduler.kubeconfig", "system:kube-scheduler", ""},
	{"kubelet.kubeconfig", "system:node:n1", "system:nodes"},
	{"proxy.kubeconfig", "system:kube-proxy", ""},
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: credentials FOLDER SERVER-URL")
		os.Exit(2)
	}
	if err := write(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "credentials:", err)
		os.Exit(1)
	}
}

func write(folder, server string) error {
	authority, err := certificates(folder)
	if err != nil {
		return err
	}
	account, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	if err := writeKey(filepath.Join(folder, "accounts.key"), account); err != nil {
		return err
	}
	var tokens strings.Builder
	for _, u := range users {
		raw := make([]byte, 16)
		rand.Read(raw)
		token := hex.EncodeToString(raw)
		fmt.Fprintf(&tokens, "%s,%q,%q", token, u.name, u.name)
		if u.group != "" {
			fmt.Fprintf(&tokens, ",%q", u.group)
		}
		tokens.WriteString("\n")
		config := fmt.Sprintf(kubeconfig, base64.StdEncoding.EncodeToString(authority), server, token)
		if err := os.WriteFile(filepath.Join(folder, u.file), []byte(config), 0o600); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(folder, "tokens.csv"), []byte(tokens.String()), 0o600)
}

const kubeconfig = `apiVersion: v1
kind: Config
current-context: bed
clusters: [{name: bed, cluster: {certificate-authority-data: %s, server: %q}}]
users: [{name: user, user: {token: %s}}]
contexts: [{name: bed, context: {cluster: bed, user: user}}]
`

// certificates makes the authority and the API server's certificate.
func certificates(folder string) (authority []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	ca := template("test bed")
	ca.IsCA, ca.BasicConstraintsValid, ca.KeyUsage = true, true, x509.KeyUsageCertSign
	raw, err := x509.CreateCertificate(rand.Reader, ca, ca, key.Public(), key)
	if err != nil {
		return nil, err
	}
	authority = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw})
	if err := os.WriteFile(filepath.Join(folder, "ca.pem"), authority, 0o644); err != nil {
		return nil, err
	}
	serverKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	server := template("kube-apiserver")
	server.IPAddresses = []net.IP{net.ParseIP("127.0.0.1"), net.ParseIP("10.96.0.1")}
	server.DNSNames = []string{"localhost", "kubernetes.default.svc"}
	server.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	if raw, err = x509.CreateCertificate(rand.Reader, server, ca, serverKey.Public(), key); err != nil {
		return nil, err
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw})
	if err := os.WriteFile(filepath.Join(folder, "server.pem"), cert, 0o644); err != nil {
		return nil, err
	}
	return authority, writeKey(filepath.Join(folder, "server.key"), serverKey)
}

func template(name string) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, big.NewInt(1<<62))
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(0, 0, 7),
	}
}

func writeKey(path string, key any) error {
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}), 0o600)
}
