package auth

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// discover finds the URL of an issuer's keys in its metadata, in the places where
// MCP clients look too (MCP 2026-07-28, basic/authorization, "Authorization Server
// Metadata Discovery").
func discover(ctx context.Context, client *http.Client, issuer string) (string, error) {
	places, err := metadataURLs(issuer)
	if err != nil {
		return "", err
	}
	for _, place := range places {
		var metadata struct {
			Issuer  string `json:"issuer"`
			JWKSURL string `json:"jwks_uri"`
		}
		if err = getJSON(ctx, client, place, &metadata); err != nil {
			continue
		}
		if metadata.Issuer != issuer {
			return "", fmt.Errorf("%s is about another issuer, %.200q", place, metadata.Issuer)
		}
		if metadata.JWKSURL == "" {
			return "", fmt.Errorf("%s has no jwks_uri", place)
		}
		return metadata.JWKSURL, nil
	}
	return "", fmt.Errorf("find the keys of %s: %w", issuer, err)
}

// metadataURLs are where an issuer's metadata can be (RFC 8414, section 3.1;
// OpenID Connect Discovery 1.0, section 4).
func metadataURLs(issuer string) ([]string, error) {
	u, err := url.Parse(issuer)
	if err != nil {
		return nil, err
	}
	origin, path := u.Scheme+"://"+u.Host, strings.TrimSuffix(u.EscapedPath(), "/")
	const oauth, oidc = "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"
	if path == "" {
		return []string{origin + oauth, origin + oidc}, nil
	}
	return []string{origin + oauth + path, origin + oidc + path, origin + path + oidc}, nil
}
