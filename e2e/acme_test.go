//go:build e2e

package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// acmeName is the name that certificates are asked for; the authority's DNS has
// every name on loopback.
const acmeName = "mcp.erlmcp.test"

// pebble is a real authority on loopback.
type pebble struct {
	server               *program
	directory, ca, roots string
	client               *http.Client
}

// setup runs a script of e2e/setup and returns what it prints.
func setup(t *testing.T, script string) string {
	t.Helper()
	out, err := exec.Command(filepath.Join(repository(t), "e2e", "setup", script)).Output()
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return strings.TrimSpace(string(out))
}

// startPebble starts the authority; it looks for the challenges at those ports.
func startPebble(t *testing.T, tlsPort, httpPort int) *pebble {
	t.Helper()
	folder := setup(t, "pebble.sh")
	dns := freePort(t)
	background(t, nil, filepath.Join(folder, "pebble-challtestsrv"), "-dnsserver", fmt.Sprintf("127.0.0.1:%d", dns),
		"-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", "",
		"-management", fmt.Sprintf("127.0.0.1:%d", freePort(t)))
	listen, manage := freePort(t), freePort(t)
	config, err := json.Marshal(map[string]any{"pebble": map[string]any{
		"listenAddress": fmt.Sprintf("127.0.0.1:%d", listen), "managementListenAddress": fmt.Sprintf("127.0.0.1:%d", manage),
		"certificate": filepath.Join(folder, "certs/localhost/cert.pem"), "privateKey": filepath.Join(folder, "certs/localhost/key.pem"),
		"httpPort": httpPort, "tlsPort": tlsPort, "retryAfter": map[string]int{"authz": 1, "order": 1},
		"profiles": map[string]any{"default": map[string]any{"description": "d", "validityPeriod": 7776000}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "pebble.json")
	if err := os.WriteFile(path, config, 0o600); err != nil {
		t.Fatal(err)
	}
	server := background(t, []string{"PEBBLE_VA_NOSLEEP=1"}, filepath.Join(folder, "pebble"), "-config", path, "-dnsserver", fmt.Sprintf("127.0.0.1:%d", dns))
	p := &pebble{
		server: server, directory: fmt.Sprintf("https://localhost:%d/dir", listen), ca: filepath.Join(folder, "certs", "pebble.minica.pem"),
		roots: fmt.Sprintf("https://localhost:%d/roots/0", manage),
	}
	own, err := os.ReadFile(p.ca)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(own)
	p.client = &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	waitFor(t, "the authority answers", 30*time.Second, func() bool {
		resp, err := p.client.Get(p.directory)
		if err == nil {
			resp.Body.Close()
		}
		return err == nil
	})
	return p
}

// trust returns the certificates that the authority vouches with.
func (p *pebble) trust(t *testing.T) *x509.CertPool {
	t.Helper()
	resp, err := p.client.Get(p.roots)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		t.Fatalf("the authority shows no root: %s", text)
	}
	return pool
}

// waitFor polls for a condition that nothing announces.
func waitFor(t *testing.T, what string, limit time.Duration, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// TestACME has a real authority issue a certificate, by both challenges, and
// starts the server again without the authority.
func TestACME(t *testing.T) {
	for _, challenge := range []string{"tls-alpn-01", "http-01"} {
		t.Run(challenge, func(t *testing.T) {
			port, httpPort := freePort(t), freePort(t)
			p := startPebble(t, port, httpPort)
			storage := filepath.Join(t.TempDir(), "acme")
			start := func() *program {
				document := fmt.Sprintf(`{"name":"a","listen":{"port":%d},"metrics":{"enabled":false},"tool":{"hello":{"static":{"text":"Hello!"}}},
					"tls":{"acme":{"domains":[%q],"email":"ops@erlmcp.test","directory":%q,"directory_ca_file":%q,"storage":%q,"challenge":%q,"http_port":%d}}}`,
					port, acmeName, p.directory, p.ca, storage, challenge, httpPort)
				path := filepath.Join(t.TempDir(), "server.json")
				if err := os.WriteFile(path, []byte(document), 0o600); err != nil {
					t.Fatal(err)
				}
				return background(t, nil, filepath.Join(repository(t), "bin", "erlmcpd"), "run", "-document", path)
			}
			server := start()
			dialer := &net.Dialer{Timeout: 2 * time.Second}
			client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
				DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: p.trust(t), MinVersion: tls.VersionTLS13},
				DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
					return dialer.DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
				},
			}}
			var serial string
			call := func() bool {
				r, _ := http.NewRequest("POST", "https://"+acmeName+"/mcp", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"hello"}}`))
				r.Header.Set("Content-Type", "application/json")
				r.Host = "localhost" // the listener is on loopback
				resp, err := client.Do(r)
				if err != nil {
					return false
				}
				defer resp.Body.Close()
				body, _ := io.ReadAll(resp.Body)
				serial = resp.TLS.PeerCertificates[0].SerialNumber.String()
				return strings.Contains(string(body), "Hello!")
			}
			waitFor(t, "the certificate is issued and serves a call", 60*time.Second, call)
			first := serial
			server.stop()
			p.server.kill()
			start()
			waitFor(t, "the stored certificate serves a call", 30*time.Second, call)
			if serial != first {
				t.Errorf("another certificate: %s, before %s", serial, first)
			}
		})
	}
}
