package kubernetes

import (
	"fmt"
	"regexp"
	"sync"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/version"
)

// nameForm leaves room for what follows the name in those of Secrets.
var nameForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,48}[a-z0-9])?$`) })

// Open finds the cluster that a configuration names.
func Open(c schemas.KubernetesBackend) (*Namespace, error) {
	if !nameForm().MatchString(c.Name) {
		return nil, fmt.Errorf("%q cannot be the name of a state: it is 1 to 50 lower-case letters, digits and dashes, and begins and ends with a letter or digit", c.Name)
	}
	config, err := clientConfig(c)
	if err != nil {
		return nil, fmt.Errorf("find the cluster: %w", err)
	}
	config.UserAgent = "erlmcp/" + version.Version
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("reach %s: %w", config.Host, err)
	}
	base, _, err := rest.DefaultServerUrlFor(config)
	if err != nil {
		return nil, fmt.Errorf("reach %s: %w", config.Host, err)
	}
	namespace := c.Namespace
	if namespace == "" {
		namespace = "default"
	}
	return &Namespace{api: &api{client: client, base: base}, namespace: namespace, name: c.Name}, nil
}

func clientConfig(c schemas.KubernetesBackend) (*rest.Config, error) {
	if c.InCluster {
		return rest.InClusterConfig()
	}
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = c.Kubeconfig
	return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: c.Context}).ClientConfig()
}
