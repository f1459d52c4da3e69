package gke

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"

	"cloud.google.com/go/auth"
	"cloud.google.com/go/auth/credentials"
	"cloud.google.com/go/auth/credentials/impersonate"
)

// scope is what credentials are asked for.
const scope = "https://www.googleapis.com/auth/cloud-platform"

// authenticate finds credentials, where any endpoint is to have them.
func (c *client) authenticate() error {
	container, _ := parseEndpoint(c.ContainerEndpoint, nil) // settingsOf has seen that they parse
	compute, _ := parseEndpoint(c.ComputeEndpoint, nil)
	if !container.encrypted() && !compute.encrypted() {
		return nil
	}
	found, err := c.own()
	if err == nil && c.Impersonate != "" {
		found, err = impersonate.NewCredentials(&impersonate.CredentialsOptions{
			TargetPrincipal: c.Impersonate, Scopes: []string{scope}, Credentials: found,
		})
	}
	if err != nil {
		return refuse(c.target, "no credentials for Google Cloud", "%s.", strings.TrimSuffix(err.Error(), ".")).
			Fix("Log in with gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS or the target's credentials.")
	}
	c.credentials = found
	return nil
}

// own are the credentials of the target's file, or of the surroundings.
func (c *client) own() (*auth.Credentials, error) {
	o := &credentials.DetectOptions{Scopes: []string{scope}}
	if c.Credentials == "" {
		return credentials.DetectDefault(o)
	}
	raw, err := os.ReadFile(c.Credentials)
	if err != nil {
		return nil, err
	}
	var file struct {
		Type credentials.CredType `json:"type"`
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		return nil, fmt.Errorf("%s holds no credentials", c.Credentials) // without what it holds
	}
	known := []credentials.CredType{credentials.ServiceAccount, credentials.AuthorizedUser, credentials.ExternalAccount, credentials.ImpersonatedServiceAccount}
	if !slices.Contains(known, file.Type) {
		return nil, fmt.Errorf("%s holds credentials of the type %q, which is not known", c.Credentials, file.Type)
	}
	return credentials.NewCredentialsFromJSON(file.Type, raw, o)
}

// token is an access token of the credentials.
func (c *client) token(ctx context.Context) (string, error) {
	if c.credentials == nil {
		return "", nil
	}
	t, err := c.credentials.Token(ctx)
	if err != nil {
		return "", fmt.Errorf("get an access token: %w", err)
	}
	return t.Value, nil
}

// authorized adds the access token to requests, a new one when it ends.
type authorized struct {
	next  http.RoundTripper
	token func(context.Context) (string, error)
}

func (a authorized) RoundTrip(q *http.Request) (*http.Response, error) {
	token, err := a.token(q.Context())
	if err != nil {
		return nil, err
	}
	if token != "" {
		q = q.Clone(q.Context())
		q.Header.Set("Authorization", "Bearer "+token)
	}
	return a.next.RoundTrip(q)
}
