package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/image"
	"github.com/erlmcp/erlmcp/version"
)

const connectTimeout = 10 * time.Second

// cluster is a connection to a target's API server, for the objects of one owner.
type cluster struct {
	settings
	api    dynamic.Interface
	config *rest.Config
	target resource.Target
	owner  resource.Owner
	image  func(arch string) (*image.Image, error)
	// keychain has the credentials of registries.
	keychain authn.Keychain
}

// connect reaches the target's API server, by a way of its own if there is one.
// The wrapper, if any, sees every request.
func (p *Provider) connect(ctx context.Context, a *Access, t resource.Target, owner resource.Owner, wrap func(http.RoundTripper) http.RoundTripper) (*cluster, error) {
	s, err := settingsOf(t)
	if err != nil {
		return nil, err
	}
	var config *rest.Config
	var keychain authn.Keychain = authn.DefaultKeychain
	if a != nil {
		config, keychain = a.clientConfig(), a.Keychain
	} else if config, err = s.clientConfig(); clientcmd.IsEmptyConfig(err) {
		return nil, &resource.Unreachable{Err: refuse(t, "no way to the cluster", "No kubeconfig names one: neither the target nor KUBECONFIG nor ~/.kube/config.").
			Fix("Name a kubeconfig and context that exist, or give endpoint, ca and token.")}
	} else if err != nil {
		return nil, &resource.Unreachable{Err: refuse(t, "no way to the cluster", "%s.", strings.TrimSuffix(err.Error(), ".")).
			Fix("Name a kubeconfig and context that exist, or give endpoint, ca and token.")}
	}
	config.UserAgent = "erlmcp/" + version.Version
	// What a warning says comes again as what becomes of it, where it matters.
	config.WarningHandler = rest.NoWarnings{}
	config.QPS, config.Burst = 300, 600 // an apply of many servers is meant to be quick; the API server has limits of its own
	if wrap != nil {
		config.Wrap(wrap)
	}
	if err := reach(ctx, config); err != nil {
		return nil, unreachable(t, config.Host, err)
	}
	api, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", config.Host, err)
	}
	built := func(arch string) (*image.Image, error) {
		build, ok := p.images[arch]
		if !ok {
			return nil, fmt.Errorf("there is no runtime for %s", arch)
		}
		return build()
	}
	return &cluster{settings: s, api: api, config: config, target: t, owner: owner, image: built, keychain: keychain}, nil
}

// clientConfig finds the cluster and the credentials for it.
func (s settings) clientConfig() (*rest.Config, error) {
	switch {
	case s.Endpoint != "":
		return &rest.Config{Host: s.Endpoint, BearerToken: s.Token, TLSClientConfig: rest.TLSClientConfig{CAData: []byte(s.CA)}}, nil
	case s.InCluster:
		return rest.InClusterConfig()
	}
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = s.Kubeconfig
	return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: s.Context}).ClientConfig()
}

// reach asks the API server for its version, which everybody may.
func reach(ctx context.Context, config *rest.Config) error {
	bounded := rest.CopyConfig(config)
	bounded.Timeout = connectTimeout
	client, err := plainClient(bounded)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	return client.Get().AbsPath("/version").Do(ctx).Error()
}

// plainClient asks for paths. It is not the discovery client's, which brings the
// types of every API there is: they register whenever the program starts.
func plainClient(config *rest.Config) (rest.Interface, error) {
	untyped := rest.CopyConfig(config)
	untyped.NegotiatedSerializer = serializer.NewCodecFactory(runtime.NewScheme()).WithoutConversion()
	return rest.UnversionedRESTClientFor(untyped)
}

func unreachable(t resource.Target, host string, err error) error {
	if apierrors.IsUnauthorized(err) || apierrors.IsForbidden(err) {
		return refuse(t, "no access to the cluster", "The API server at %s refuses the credentials (%s).", host, strings.TrimSuffix(err.Error(), ".")).
			Fix("Log in again, or check the token and the rights of its user.")
	}
	return &resource.Unreachable{Err: refuse(t, "no cluster", "Nothing answers as a Kubernetes API server at %s (%s).", host, strings.TrimSuffix(err.Error(), ".")).
		Fix("Start the cluster, or check the kubeconfig, context or endpoint of the target.")}
}

// errReaderWrites is what a reader's request gets that would change something.
var errReaderWrites = errors.New("a reader cannot change anything")

type readOnly struct{ next http.RoundTripper }

// RoundTrip lets requests through that look and do not touch.
func (r readOnly) RoundTrip(q *http.Request) (*http.Response, error) {
	if q.Method != http.MethodGet && q.Method != http.MethodHead && q.URL.Query().Get("dryRun") != "All" {
		return nil, fmt.Errorf("%s %s: %w", q.Method, q.URL.Path, errReaderWrites)
	}
	return r.next.RoundTrip(q)
}

// OpenReader connects to the target to look at it.
func (p *Provider) OpenReader(ctx context.Context, t resource.Target, owner resource.Owner) (resource.Reader, error) {
	return p.OpenReaderBy(ctx, nil, t, owner)
}

// OpenWriter connects to the target to change it.
func (p *Provider) OpenWriter(ctx context.Context, t resource.Target, owner resource.Owner) (resource.Writer, error) {
	return p.OpenWriterBy(ctx, nil, t, owner)
}

// Close has nothing to end: connections are the transport's.
func (c *cluster) Close() error { return nil }

// in is the kind's objects of a namespace, or of the cluster.
func (c *cluster) in(k kind, namespace string) dynamic.ResourceInterface {
	if namespace == "" {
		return c.api.Resource(k.GroupVersionResource)
	}
	return c.api.Resource(k.GroupVersionResource).Namespace(namespace)
}
