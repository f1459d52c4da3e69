package kubernetes

import (
	"context"
	"net/http"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/zclconf/go-cty/cty"
	"k8s.io/client-go/rest"

	"github.com/erlmcp/erlmcp/engine/resource"
)

// Access is a way to a cluster that no target block of this kind tells: that of a
// provider which makes clusters, and has their servers served here.
type Access struct {
	Endpoint string // URL of the API server
	CA       string // certificates in PEM of the authority that signed the API server's
	// Authorize adds the credentials to requests.
	Authorize func(http.RoundTripper) http.RoundTripper
	// Keychain has the credentials of registries.
	Keychain authn.Keychain
}

func (a *Access) clientConfig() *rest.Config {
	return &rest.Config{Host: a.Endpoint, TLSClientConfig: rest.TLSClientConfig{CAData: []byte(a.CA)}, WrapTransport: a.Authorize}
}

// OpenReaderBy is OpenReader by a way of its own; nil is that of the target block. The target's configuration is of
// schemas.KubernetesTarget.
func (p *Provider) OpenReaderBy(ctx context.Context, a *Access, t resource.Target, owner resource.Owner) (resource.Reader, error) {
	c, err := p.connect(ctx, a, t, owner, func(next http.RoundTripper) http.RoundTripper { return readOnly{next} })
	if err != nil {
		return nil, err
	}
	return &reader{cluster: c}, nil
}

// OpenWriterBy is OpenWriter by a way of its own.
func (p *Provider) OpenWriterBy(ctx context.Context, a *Access, t resource.Target, owner resource.Owner) (resource.Writer, error) {
	c, err := p.connect(ctx, a, t, owner, nil)
	if err != nil {
		return nil, err
	}
	return &writer{cluster: c}, nil
}

// Beside is one more object of a server, which another provider adds: of a type of
// this package, with the name, namespace and labels of the server's Service.
func Beside(service resource.Desired, part, typ string, spec map[string]any) resource.Desired {
	name := service.Values.GetAttr("name")
	at := service.Address
	at.Part = part
	return resource.Desired{
		Address: at, Type: typ, DependsOn: service.DependsOn, Values: object(typeOf(typ), map[string]cty.Value{
			"name": name, "namespace": service.Values.GetAttr("namespace"),
			"manifest": valueOf(fields{
				"metadata": fields{"labels": fields{labelName: name.AsString(), "app.kubernetes.io/managed-by": Manager, LabelServer: name.AsString()}},
				"spec":     spec,
			}),
		}),
	}
}
