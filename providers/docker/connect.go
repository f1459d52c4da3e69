package docker

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/moby/moby/client"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/resource"
)

const connectTimeout = 10 * time.Second

// engine is a connection to the Docker engine of a target, for the objects of
// one owner.
type engine struct {
	settings
	api    *client.Client
	target resource.Target
	owner  resource.Owner
	image  func(arch string) (*Image, error)
}

// connect reaches the target's engine, with a client that has those options.
func (p *Provider) connect(ctx context.Context, t resource.Target, owner resource.Owner, opts ...client.Opt) (*engine, error) {
	s, err := settingsOf(t)
	if err != nil {
		return nil, err
	}
	opts = append([]client.Opt{client.FromEnv}, opts...)
	if s.host != "" {
		opts = append(opts, client.WithHost(s.host))
	}
	api, err := client.New(opts...)
	if err != nil {
		return nil, refuse(t, "bad address of a Docker engine", "%s", diag.Sentence(err)).
			Fix("Use unix:///var/run/docker.sock or tcp://HOST:PORT, in the target's host or in DOCKER_HOST.")
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	if _, err := api.Ping(ctx, client.PingOptions{NegotiateAPIVersion: true}); err != nil {
		return nil, errors.Join(unreachable(t, api.DaemonHost(), err), api.Close())
	}
	image := func(arch string) (*Image, error) {
		build, ok := p.images[arch]
		if !ok {
			return nil, fmt.Errorf("there is no runtime for %s", arch)
		}
		return build()
	}
	return &engine{settings: s, api: api, target: t, owner: owner, image: image}, nil
}

func unreachable(t resource.Target, host string, err error) *diag.Diagnostic {
	if strings.Contains(err.Error(), "permission denied") {
		return refuse(t, "no access to the Docker engine", "The engine at %s refuses this user.", host).
			Fix("Run as a user of the group docker, or as root.")
	}
	detail := fmt.Sprintf("Nothing answers at %s.", host)
	if !client.IsErrConnectionFailed(err) { // which says no more than that
		detail = fmt.Sprintf("%s does not answer as one: %s", host, diag.Sentence(err))
	}
	return refuse(t, "no Docker engine", "%s", detail).
		Fix("Start Docker, or name another engine in DOCKER_HOST or in the target's host.")
}

// readOnly lets a client look and not touch.
var readOnly = client.WithHTTPRequestHook(func(r *http.Request) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return fmt.Errorf("%s %s by a reader", r.Method, r.URL.Path)
	}
	return nil
})

// OpenReader connects to the target to look at it.
func (p *Provider) OpenReader(ctx context.Context, t resource.Target, owner resource.Owner) (resource.Reader, error) {
	e, err := p.connect(ctx, t, owner, readOnly)
	if err != nil {
		return nil, err
	}
	return &reader{engine: e}, nil
}

// OpenWriter connects to the target to change it.
func (p *Provider) OpenWriter(ctx context.Context, t resource.Target, owner resource.Owner) (resource.Writer, error) {
	e, err := p.connect(ctx, t, owner)
	if err != nil {
		return nil, err
	}
	return &writer{engine: e}, nil
}

// Close ends the connection.
func (e *engine) Close() error { return e.api.Close() }
