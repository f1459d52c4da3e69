package gke

import (
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"strings"

	"cloud.google.com/go/container/apiv1/containerpb"
	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/erlmcp/erlmcp/providers/kubernetes"
)

// access is the way to a cluster's API server: what GKE says of it, unless the target
// says otherwise.
func (c *client) access(k *containerpb.Cluster) (*kubernetes.Access, error) {
	a := &kubernetes.Access{Endpoint: c.Endpoint, CA: c.CA, Keychain: keychain{c}}
	host := k.GetEndpoint()
	if private := k.GetControlPlaneEndpointsConfig().GetIpEndpointsConfig().GetPrivateEndpoint(); c.PrivateEndpoint && private != "" {
		host = private
	}
	if a.Endpoint == "" {
		if strings.Contains(host, ":") && net.ParseIP(host) != nil {
			host = "[" + host + "]"
		}
		a.Endpoint = "https://" + host
	}
	if a.CA == "" {
		ca, err := base64.StdEncoding.DecodeString(k.GetMasterAuth().GetClusterCaCertificate())
		if err != nil {
			return nil, fmt.Errorf("read the certificate of the cluster %s: %w", c.Name, err)
		}
		a.CA = string(ca)
	}
	token := c.token
	if c.Token != "" {
		token = func(context.Context) (string, error) { return c.Token, nil }
	}
	a.Authorize = func(next http.RoundTripper) http.RoundTripper { return authorized{next, token} }
	return a, nil
}

// keychain gives the target's own credentials to Google's registries.
type keychain struct{ *client }

// Resolve finds the credentials for a registry.
func (k keychain) Resolve(at authn.Resource) (authn.Authenticator, error) {
	host := at.RegistryStr()
	ours := host == "gcr.io" || strings.HasSuffix(host, ".gcr.io") || strings.HasSuffix(host, ".pkg.dev")
	if !ours || k.credentials == nil {
		return authn.DefaultKeychain.Resolve(at)
	}
	token, err := k.token(context.Background())
	if err != nil {
		return nil, err
	}
	return authn.FromConfig(authn.AuthConfig{Username: "oauth2accesstoken", Password: token}), nil
}
