package gke

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"cloud.google.com/go/auth"
	compute "cloud.google.com/go/compute/apiv1"
	container "cloud.google.com/go/container/apiv1"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	grpccredentials "google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/version"
)

// client is a connection to Google's APIs for one target, for the objects of one
// owner.
type client struct {
	settings
	target      resource.Target
	owner       resource.Owner
	credentials *auth.Credentials // nil when no endpoint is to have any

	clusters     *container.ClusterManagerClient
	addresses    *compute.AddressesClient
	globals      *compute.GlobalAddressesClient
	firewalls    *compute.FirewallsClient
	policies     *compute.SslPoliciesClient
	certificates *compute.SslCertificatesClient
}

// connect makes the clients of a target. Nothing is sent yet, but for what the
// credentials need.
func connect(ctx context.Context, t resource.Target, owner resource.Owner) (*client, error) {
	s, err := settingsOf(t)
	if err != nil {
		return nil, err
	}
	c := &client{settings: s, target: t, owner: owner}
	if err := c.authenticate(); err != nil {
		return nil, &resource.Unreachable{Err: err}
	}
	if err := c.dial(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func (c *client) dial(ctx context.Context) (err error) {
	at, _ := parseEndpoint(c.ContainerEndpoint, nil)
	open := container.NewClusterManagerRESTClient
	if at.rpc() {
		open = container.NewClusterManagerClient
	}
	if c.clusters, err = open(ctx, c.options(at)...); err != nil {
		return fmt.Errorf("connect to GKE: %w", err)
	}
	at, _ = parseEndpoint(c.ComputeEndpoint, nil)
	o := c.options(at)
	for _, dial := range []func() error{
		func() (err error) { c.addresses, err = compute.NewAddressesRESTClient(ctx, o...); return },
		func() (err error) { c.globals, err = compute.NewGlobalAddressesRESTClient(ctx, o...); return },
		func() (err error) { c.firewalls, err = compute.NewFirewallsRESTClient(ctx, o...); return },
		func() (err error) { c.policies, err = compute.NewSslPoliciesRESTClient(ctx, o...); return },
		func() (err error) { c.certificates, err = compute.NewSslCertificatesRESTClient(ctx, o...); return },
	} {
		if err := dial(); err != nil {
			return fmt.Errorf("connect to Compute Engine: %w", err)
		}
	}
	return nil
}

// Close ends the connections.
func (c *client) Close() error {
	var errs []error
	if c.clusters != nil {
		errs = append(errs, c.clusters.Close())
	}
	return errors.Join(errs...) // those of REST hold nothing
}

// endpoint is where an API answers; nil for Google's own place.
type endpoint struct{ *url.URL }

func parseEndpoint(text string, schemes []string) (endpoint, error) {
	if text == "" {
		return endpoint{}, nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || schemes != nil && !slices.Contains(schemes, u.Scheme) || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
		return endpoint{}, fmt.Errorf("%q is not a URL of a scheme (%s), a host and no path", text, strings.Join(schemes, ", "))
	}
	return endpoint{u}, nil
}

// encrypted reports whether credentials may be sent there.
func (e endpoint) encrypted() bool {
	return e.URL == nil || e.Scheme == "https" || e.Scheme == "grpcs"
}

// rpc reports whether gRPC is spoken there, where both could be.
func (e endpoint) rpc() bool { return e.URL == nil || e.Scheme == "grpc" || e.Scheme == "grpcs" }

func (c *client) options(at endpoint) []option.ClientOption {
	out := []option.ClientOption{option.WithUserAgent("erlmcp/" + version.Version), option.WithTelemetryDisabled()}
	if c.QuotaProject != "" {
		out = append(out, option.WithQuotaProject(c.QuotaProject))
	}
	switch {
	case at.URL == nil:
	case at.Scheme == "grpc":
		out = append(out, option.WithEndpoint(at.Host), option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())))
	case at.Scheme == "grpcs":
		tls := grpccredentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS12})
		out = append(out, option.WithEndpoint(at.Host), option.WithGRPCDialOption(grpc.WithTransportCredentials(tls)))
	default:
		out = append(out, option.WithEndpoint(at.Scheme+"://"+at.Host))
	}
	if !at.encrypted() {
		return append(out, option.WithoutAuthentication())
	}
	return append(out, option.WithAuthCredentials(c.credentials))
}
