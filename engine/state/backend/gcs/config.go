package gcs

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"google.golang.org/api/impersonate"
	"google.golang.org/api/option"
	"google.golang.org/api/storage/v1"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/version"
)

// Open reaches the bucket that a configuration names.
func Open(ctx context.Context, c schemas.GCSBackend) (*Bucket, error) {
	opts, err := options(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("reach gs://%s: %w", c.Bucket, err)
	}
	api, err := storage.NewService(ctx, opts...)
	if err != nil {
		return nil, fmt.Errorf("reach gs://%s: %w", c.Bucket, err)
	}
	prefix := strings.Trim(c.Prefix, "/")
	if prefix != "" {
		prefix += "/"
	}
	return &Bucket{objects: api.Objects, bucket: c.Bucket, prefix: prefix, project: c.QuotaProject}, nil
}

func options(ctx context.Context, c schemas.GCSBackend) ([]option.ClientOption, error) {
	opts := []option.ClientOption{option.WithUserAgent("erlmcp/" + version.Version)}
	if c.Endpoint != "" {
		u, err := url.Parse(c.Endpoint)
		if err != nil {
			return nil, fmt.Errorf("the endpoint is no URL: %w", err)
		}
		opts = append(opts, option.WithEndpoint(strings.TrimSuffix(c.Endpoint, "/")+"/storage/v1/"))
		if u.Scheme == "http" {
			// No token goes over the wire in the clear.
			return append(opts, option.WithoutAuthentication()), nil
		}
	}
	if c.QuotaProject != "" {
		opts = append(opts, option.WithQuotaProject(c.QuotaProject))
	}
	var own []option.ClientOption
	if c.Credentials != "" {
		own = append(own, option.WithAuthCredentialsFile(option.ServiceAccount, c.Credentials))
	}
	if c.ImpersonateServiceAccount == "" {
		return append(opts, own...), nil
	}
	tokens, err := impersonate.CredentialsTokenSource(ctx, impersonate.CredentialsConfig{
		TargetPrincipal: c.ImpersonateServiceAccount,
		Scopes:          []string{storage.DevstorageReadWriteScope},
	}, own...)
	if err != nil {
		return nil, fmt.Errorf("impersonate %s: %w", c.ImpersonateServiceAccount, err)
	}
	return append(opts, option.WithTokenSource(tokens)), nil
}
