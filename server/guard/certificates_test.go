package guard

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/erlmcp/erlmcp/schemas"
)

// echo is a TLS listener that echoes, with settings that follow their files.
type echo struct {
	t      *testing.T
	certs  *Certificates
	addr   string
	log    *lines
	client *tls.Config
}

// lines is a log that several goroutines write.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.b.String(), text)
}

func startEcho(t *testing.T, block schemas.TLS) *echo {
	t.Helper()
	e := &echo{t: t, log: &lines{}, client: &tls.Config{InsecureSkipVerify: true}}
	var err error
	if e.certs, err = NewCertificates(&block, []string{"http/1.1"}, hclog.New(&hclog.LoggerOptions{Output: e.log})); err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", e.certs.Config())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	if err := e.certs.Start(ctx, l.Addr()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); l.Close(); e.certs.Close() })
	e.addr = l.Addr().String()
	go func() { // ends with the listener
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { defer c.Close(); io.Copy(c, c) }()
		}
	}()
	return e
}

func (e *echo) dial() *tls.Conn {
	e.t.Helper()
	c, err := tls.Dial("tcp", e.addr, e.client)
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() { c.Close() })
	return c
}

// shows waits until new connections see a certificate.
func (e *echo) shows(want *authority) {
	e.t.Helper()
	e.eventually("the certificate is served", func() bool {
		c := e.dial()
		defer c.Close()
		return c.ConnectionState().PeerCertificates[0].Equal(want.cert)
	})
}

func (e *echo) eventually(what string, holds func() bool) {
	e.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			e.t.Fatalf("waited in vain: %s; the log: %s", what, &e.log.b)
		}
	}
}

// answers reports whether a connection still works.
func answers(c net.Conn) bool {
	if _, err := c.Write([]byte("x")); err != nil {
		return false
	}
	_, err := io.ReadFull(c, make([]byte, 1))
	return err == nil
}

// replace puts a file in place as programs that care do.
func replace(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func TestCertificatesFollowTheirFiles(t *testing.T) {
	first, firstKey := issue(t, nil, -time.Hour, time.Hour)
	second, secondKey := issue(t, nil, -time.Hour, time.Hour)
	third, thirdKey := issue(t, nil, -time.Hour, time.Hour)
	old, oldKey := issue(t, nil, -2*time.Hour, -time.Hour)
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	replace(t, cert, first.pem)
	replace(t, key, firstKey)
	e := startEcho(t, schemas.TLS{CertificateFile: cert, KeyFile: key})
	open := e.dial()
	e.shows(first)

	replace(t, cert, second.pem) // its key comes later
	replace(t, key, secondKey)
	e.shows(second)
	if !answers(open) {
		t.Error("a connection was lost by the change")
	}

	replace(t, cert, old.pem)
	replace(t, key, oldKey)
	e.eventually("the expired pair is refused", func() bool { // once both files have been seen
		err := e.certs.Err()
		return err != nil && strings.Contains(err.Error(), "not taken") && strings.Contains(err.Error(), "expired at")
	})
	if !e.log.has("the old ones go on") {
		t.Error("the log does not say that the new pair is refused")
	}
	e.shows(second)

	replace(t, cert, third.pem)
	e.eventually("a pair that does not match is refused", func() bool {
		err := e.certs.Err()
		return err != nil && strings.Contains(err.Error(), "do not go together")
	})
	e.shows(second)
	replace(t, key, thirdKey)
	e.shows(third)
	e.eventually("health is good again", func() bool { return e.certs.Err() == nil })
	if !answers(open) {
		t.Error("the first connection was lost")
	}
}

// TestCertificatesFollowALinkThatIsSwapped is how Kubernetes changes the files of a
// secret: ..data points to another folder.
func TestCertificatesFollowALinkThatIsSwapped(t *testing.T) {
	dir := t.TempDir()
	put := func(version string) *authority {
		a, key := issue(t, nil, -time.Hour, time.Hour)
		if err := os.Mkdir(filepath.Join(dir, version), 0o700); err != nil {
			t.Fatal(err)
		}
		replace(t, filepath.Join(dir, version, "tls.crt"), a.pem)
		replace(t, filepath.Join(dir, version, "tls.key"), key)
		link := filepath.Join(dir, "..data")
		if err := os.Symlink(version, link+"_tmp"); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(link+"_tmp", link); err != nil {
			t.Fatal(err)
		}
		return a
	}
	first := put("..2026_01")
	for _, name := range []string{"tls.crt", "tls.key"} {
		if err := os.Symlink(filepath.Join("..data", name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	e := startEcho(t, schemas.TLS{CertificateFile: filepath.Join(dir, "tls.crt"), KeyFile: filepath.Join(dir, "tls.key")})
	e.shows(first)
	second := put("..2026_02")
	if err := os.RemoveAll(filepath.Join(dir, "..2026_01")); err != nil {
		t.Fatal(err)
	}
	e.shows(second)
	e.shows(put("..2026_03"))
}

func TestClientAuthoritiesFollowTheirFile(t *testing.T) {
	server, serverKey := issue(t, nil, -time.Hour, time.Hour)
	ours, _ := issue(t, nil, -time.Hour, time.Hour)
	theirs, _ := issue(t, nil, -time.Hour, time.Hour)
	client, clientKey := issue(t, theirs, -time.Hour, time.Hour)
	file := filepath.Join(t.TempDir(), "ca.pem")
	replace(t, file, ours.pem)
	e := startEcho(t, schemas.TLS{Certificate: server.pem, Key: serverKey, ClientCAFile: file})
	pair, err := tls.X509KeyPair([]byte(client.pem), []byte(clientKey))
	if err != nil {
		t.Fatal(err)
	}
	e.client.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	if answers(e.dial()) {
		t.Fatal("a client of another authority is let in")
	}
	replace(t, file, theirs.pem)
	e.eventually("the new authority is taken", func() bool { return answers(e.dial()) })
}

func TestDevelopmentCertificate(t *testing.T) {
	e := startEcho(t, schemas.TLS{Development: &schemas.DevelopmentTLS{}})
	c := e.dial()
	if !answers(c) {
		t.Error("no answer")
	}
	leaf := c.ConnectionState().PeerCertificates[0]
	for _, name := range []string{"localhost", "127.0.0.1", "::1"} {
		if err := leaf.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
	if sum := sha256.Sum256(leaf.Raw); !e.log.has(hex.EncodeToString(sum[:])) {
		t.Error("the log does not have the certificate's SHA-256")
	}
	named := startEcho(t, schemas.TLS{Development: &schemas.DevelopmentTLS{Names: []string{"mcp.test", "10.1.2.3"}}}).dial()
	leaf = named.ConnectionState().PeerCertificates[0]
	if leaf.VerifyHostname("mcp.test") != nil || leaf.VerifyHostname("10.1.2.3") != nil || leaf.VerifyHostname("localhost") == nil {
		t.Errorf("it is for %v %v", leaf.DNSNames, leaf.IPAddresses)
	}
}

func TestACMEStorageIsPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "acme")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil { // whatever the umask
		t.Fatal(err)
	}
	block := schemas.TLS{ACME: &schemas.ACME{Domains: []string{"a.test"}, Directory: "https://127.0.0.1:1/dir", Storage: dir, Challenge: "tls-alpn-01"}}
	if _, err := NewCertificates(&block, nil, hclog.NewNullLogger()); err == nil || !strings.Contains(err.Error(), "chmod 700") {
		t.Errorf("got %v", err)
	}
}
