package client_test

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/erlmcp/erlmcp/providers/client"
)

func TestWhatServersSayOfARefusal(t *testing.T) {
	for _, c := range []struct {
		name, mediaType, body string
		status                int
		want                  string
	}{
		{"a JSON-RPC error", "application/json", `{"jsonrpc":"2.0","id":null,"error":{"code":401,"message":"Send a bearer token"}}`, 401, "it answers with status 401 Unauthorized: Send a bearer token"},
		{"a line of text", "text/plain; charset=utf-8", "no such page\nat all\n", 404, "it answers with status 404 Not Found: no such page"},
		{"no more than the status", "text/plain", "404 page not found\n", 404, "it answers with status 404 Not Found"},
		{"a page", "text/html", "<h1>502</h1>", 502, "it answers with status 502 Bad Gateway"},
		{"a status of its own", "text/plain", "", 599, "it answers with status 599"},
		{"more than is read", "application/json", `{"error":{"message":"` + strings.Repeat("x", 1<<20) + `"}}`, 400, "it answers with status 400 Bad Request"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", c.mediaType)
				w.WriteHeader(c.status)
				io.WriteString(w, c.body)
			}))
			defer s.Close()
			_, err := client.Connect(t.Context(), s.URL, http.DefaultTransport)
			if err == nil || err.Error() != c.want {
				t.Fatalf("got %v, not %s", err, c.want)
			}
			var refusal *client.Refusal
			if !errors.As(err, &refusal) || refusal.Status != c.status {
				t.Errorf("%#v is no refusal with status %d", err, c.status)
			}
		})
	}
}

func TestWhatBecomesOfAConnection(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	defer secure.Close()
	done := make(chan struct{})
	mute := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-done }))
	defer mute.Close()
	defer close(done)
	for _, c := range []struct {
		name, url, want string
		within          time.Duration
	}{
		{"nobody listens", gone.URL, "connection refused", 20 * time.Second},
		{"nobody vouches for it", secure.URL, "certificate signed by unknown authority", 20 * time.Second},
		{"it does not answer", mute.URL, "no answer came in time", 300 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), c.within)
			defer cancel()
			_, err := client.Connect(ctx, c.url, &http.Transport{})
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "initialize") {
				t.Errorf("got %v, not %s alone", err, c.want)
			}
		})
	}
	_, err := client.Connect(t.Context(), secure.URL, &http.Transport{})
	var unknown x509.UnknownAuthorityError
	if !errors.As(err, &unknown) {
		t.Errorf("the cause is lost in %#v", err)
	}
}

// A server that has refused once, and answers now, is not said to refuse.
func TestARefusalIsForgotten(t *testing.T) {
	own := mcp.NewServer(&mcp.Implementation{Name: "s"}, nil)
	handler := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return own }, nil)
	busy := false
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if busy {
			w.Header().Set("Retry-After", "7")
			http.Error(w, "busy", http.StatusServiceUnavailable)
			return
		}
		handler.ServeHTTP(w, r)
	}))
	defer s.Close()
	c, err := client.Connect(t.Context(), s.URL, http.DefaultTransport)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, err = c.CallTool(t.Context(), &mcp.CallToolParams{Name: "none"})
	if text := c.Explain(err).Error(); text != `unknown tool "none"` {
		t.Errorf("the server's own words are %s", text)
	}
	busy = true
	_, err = c.CallTool(t.Context(), &mcp.CallToolParams{Name: "none"})
	var refusal *client.Refusal
	if err := c.Explain(err); !errors.As(err, &refusal) || refusal.After != "7" || refusal.Says != "busy" {
		t.Errorf("%#v is not the refusal", err)
	}
	if c.Explain(nil) != nil {
		t.Error("no error has an explanation")
	}
}
