package client

import (
	"context"
	"net/http"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/erlmcp/erlmcp/version"
)

// Session is a connection to an MCP server over HTTP.
type Session struct {
	*mcp.ClientSession
	heard *heard
}

// Connect opens a session at the URL of an endpoint. It tries once. Its error is
// one that [Session.Explain] would give.
func Connect(ctx context.Context, endpoint string, next http.RoundTripper) (*Session, error) {
	h := &heard{next: next}
	s, err := mcp.NewClient(&mcp.Implementation{Name: "erlmcp", Version: version.Version}, nil).Connect(ctx, &mcp.StreamableClientTransport{
		Endpoint: endpoint, HTTPClient: &http.Client{Transport: h}, MaxRetries: -1, DisableStandaloneSSE: true,
	}, nil)
	if err != nil {
		return nil, h.explain(err)
	}
	return &Session{s, h}, nil
}

// Explain is an error of the session as people want it: a [Refusal], what the
// server answered, or what became of the connection. Errors that it wraps, such as
// those of TLS, are found in it with errors.As.
func (s *Session) Explain(err error) error { return s.heard.explain(err) }
