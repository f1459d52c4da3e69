package gke

import (
	"context"
	"errors"

	"github.com/erlmcp/erlmcp/engine/resource"
)

var _ resource.Operable = (*Provider)(nil)

// OpenOperator looks after the servers in the target's cluster.
func (p *Provider) OpenOperator(ctx context.Context, t resource.Target, owner resource.Owner) (resource.Operator, error) {
	c, err := connect(ctx, t, owner)
	if err != nil {
		return nil, err
	}
	o, err := p.operator(ctx, c)
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return o, nil
}

func (p *Provider) operator(ctx context.Context, c *client) (resource.Operator, error) {
	found, err := c.cluster(ctx)
	if err != nil {
		return nil, err
	}
	if found == nil || !running(found) {
		return nil, refuse(c.target, "no cluster that runs", "The cluster %s in %s of the project %s is not there, or does not run yet.", c.Name, c.Location, c.Project).
			Fix("See erlmcp plan.")
	}
	access, err := c.access(found)
	if err != nil {
		return nil, err
	}
	inside, err := p.servers.OpenOperatorBy(ctx, access, c.inCluster(c.target), c.owner)
	if err != nil {
		return nil, err
	}
	return &operator{inside, c}, nil
}

// operator is that of the servers in a cluster, and the way to it.
type operator struct {
	resource.Operator
	client *client
}

// Close ends the connections.
func (o *operator) Close() error { return errors.Join(o.Operator.Close(), o.client.Close()) }
