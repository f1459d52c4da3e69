package server_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/erlmcp/erlmcp/server"
)

// authority signs certificates for a test.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  string
}

func newAuthority(t *testing.T) *authority {
	a := &authority{t: t}
	a.cert = &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test CA"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	a.pem, _, a.key = a.sign(a.cert, nil)
	return a
}

// sign returns a certificate and its key as PEM; without a parent it signs itself.
func (a *authority) sign(c *x509.Certificate, parent *ecdsa.PrivateKey) (cert, keyPEM string, key *ecdsa.PrivateKey) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	if parent == nil {
		parent = key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, a.cert, key.Public(), parent)
	if err != nil {
		a.t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	block := func(kind string, b []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}))
	}
	return block("CERTIFICATE", der), block("PRIVATE KEY", raw), key
}

func (a *authority) issue(name string) (cert, key string) {
	cert, key, _ = a.sign(&x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, a.key)
	return cert, key
}

// client is a TLS configuration that shows a certificate of that name; "" for none.
func (a *authority) client(name string) *tls.Config {
	c := &tls.Config{RootCAs: x509.NewCertPool()}
	c.RootCAs.AppendCertsFromPEM([]byte(a.pem))
	if name != "" {
		cert, err := tls.X509KeyPair(pair(a.issue(name)))
		if err != nil {
			a.t.Fatal(err)
		}
		c.Certificates = []tls.Certificate{cert}
	}
	return c
}

func pair(cert, key string) (certPEM, keyPEM []byte) { return []byte(cert), []byte(key) }

func quote(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

func TestTLS(t *testing.T) {
	ca := newAuthority(t)
	cert, key := ca.issue("server")
	rt := start(t, `,"rate_limit":[{"requests_per_minute":2}],"tls":{"client_auth":"optional","certificate":`+quote(cert)+`,"key":`+quote(key)+`,"client_ca":`+quote(ca.pem)+`}`, server.Options{})
	if !strings.HasPrefix(rt.URL(), "https://") {
		t.Errorf("URL %s", rt.URL())
	}
	overHTTP := func(name string) int {
		c := &http.Client{Transport: &http.Transport{TLSClientConfig: ca.client(name), ForceAttemptHTTP2: true}}
		defer c.CloseIdleConnections()
		resp, err := c.Post(rt.URL(), "application/json", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"ping"}`))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	overRaw := func(name string) string {
		conn, err := tls.Dial("tcp", rt.Addr().String(), ca.client(name))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		io.WriteString(conn, `{"jsonrpc":"2.0","id":1,"method":"ping"}`+"\n")
		line, err := bufio.NewReader(conn).ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		return line
	}
	// Each name has a quota of its own, on both transports together; without a
	// certificate it is the address that counts.
	for _, name := range []string{"ada", "grace", ""} {
		if got := overHTTP(name); got != 200 {
			t.Errorf("%q over HTTP: %d", name, got)
		}
		if got := overRaw(name); got != `{"jsonrpc":"2.0","id":1,"result":{}}`+"\n" {
			t.Errorf("%q over a raw connection: %s", name, got)
		}
		if got := overHTTP(name); got != 429 {
			t.Errorf("%q over HTTP, past the limit: %d", name, got)
		}
	}
	plain := dial(t, rt)
	plain.send(`{"jsonrpc":"2.0","id":1,"method":"ping"}`)
	if line, err := plain.lines.ReadString('\n'); err == nil {
		t.Errorf("a plain connection got an answer: %q", line)
	}
}
