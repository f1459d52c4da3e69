//go:build e2e

package e2e

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// identity stands for Google's token servers and its API, and notes as whom the API
// is asked.
type identity struct {
	mu    sync.Mutex // guards asked
	asked []string   // "AUTHORIZATION for QUOTA PROJECT"
}

func (i *identity) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	answer := func(code int, v any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_ = json.NewEncoder(w).Encode(v)
	}
	switch {
	case q.URL.Path == "/token":
		answer(200, map[string]any{"access_token": "own", "expires_in": 3600, "token_type": "Bearer"})
	case strings.HasSuffix(q.URL.Path, "deployer@acme-prod.iam.gserviceaccount.com:generateAccessToken") && q.Header.Get("Authorization") == "Bearer own":
		answer(200, map[string]any{"accessToken": "impersonated", "expireTime": time.Now().Add(time.Hour).UTC().Format(time.RFC3339)})
	default:
		i.mu.Lock()
		i.asked = append(i.asked, strings.TrimSpace(q.Header.Get("Authorization")+" for "+q.Header.Get("X-Goog-User-Project")))
		i.mu.Unlock()
		answer(404, map[string]any{"error": map[string]any{"code": 404, "message": "Not found.", "status": "NOT_FOUND"}})
	}
}

// proxy leads every connection to one place.
func proxy(t *testing.T, to string) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		out, err := net.Dial("tcp", to)
		if err != nil || q.Method != http.MethodConnect {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer out.Close()
		in, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer in.Close()
		_, _ = io.WriteString(in, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(out, in) }()
		_, _ = io.Copy(in, out)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// TestGKECredentials asks an API with the credentials of a file, and as the account
// that they may act as. Token servers are reached through a proxy, as in many a
// company.
func TestGKECredentials(t *testing.T) {
	w := newWorkspace(t, "")
	w.must(0, "cert", "127.0.0.1", "iamcredentials.googleapis.com")
	pair, err := tls.LoadX509KeyPair(filepath.Join(w.dir, "certs", "server.pem"), filepath.Join(w.dir, "certs", "server.key"))
	if err != nil {
		t.Fatal(err)
	}
	google := &identity{}
	s := httptest.NewUnstartedServer(google)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	s.StartTLS()
	t.Cleanup(s.Close)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	account, err := json.Marshal(map[string]string{
		"type": "service_account", "project_id": "acme-prod", "private_key_id": "1", "client_email": "ci@acme-prod.iam.gserviceaccount.com", "client_id": "1",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})), "token_uri": s.URL + "/token",
	})
	if err != nil {
		t.Fatal(err)
	}
	w.write("account.json", string(account))
	w.env = []string{
		"SSL_CERT_FILE=" + filepath.Join(w.dir, "certs", "ca.pem"), "HTTPS_PROXY=" + proxy(t, s.Listener.Addr().String()),
		"GOOGLE_APPLICATION_CREDENTIALS=" + filepath.Join(w.dir, "account.json"),
	}
	for _, tt := range []struct{ name, attributes, want string }{
		{"application default credentials", "", "Bearer own for"},
		{"a file that the target names", `credentials = "account.json"`, "Bearer own for"},
		{"as another account, on another project's quota", "impersonate_service_account = \"deployer@acme-prod.iam.gserviceaccount.com\"\n  quota_project = \"billing\"", "Bearer impersonated for billing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.write("main.mcp.hcl", fmt.Sprintf(`
target "gke" "prod" {
  project            = "acme-prod"
  location           = "europe-west1"
  name               = "tools"
  image              = "example.com/erlmcp:1"
  container_endpoint = %q
  compute_endpoint   = %q
  %s
  cluster { mode = "autopilot" }
}
server "hello" {
  target = target.gke.prod
  resource "hello" { text = "hi" }
}
`, s.URL, s.URL, tt.attributes))
			google.asked = nil
			w.must(0, "plan")
			if len(google.asked) == 0 || google.asked[0] != tt.want {
				t.Errorf("the API was asked as %q, want %q", google.asked, tt.want)
			}
		})
	}
}
