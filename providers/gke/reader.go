package gke

import (
	"context"
	"errors"
	"strings"

	"cloud.google.com/go/container/apiv1/containerpb"

	"github.com/erlmcp/erlmcp/engine/resource"
)

type reader struct {
	*client
	found   *containerpb.Cluster // nil when there is none
	servers resource.Reader      // of the objects in the cluster; nil while it cannot be asked
}

var _ resource.Rehearser = (*reader)(nil)

// OpenReader looks for the cluster, and connects to it when it runs.
func (p *Provider) OpenReader(ctx context.Context, t resource.Target, owner resource.Owner) (resource.Reader, error) {
	c, err := connect(ctx, t, owner)
	if err != nil {
		return nil, err
	}
	r := &reader{client: c}
	if err := r.open(ctx, p); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return r, nil
}

func (r *reader) open(ctx context.Context, p *Provider) (err error) {
	if r.found, err = r.cluster(ctx); err != nil {
		return err
	}
	switch {
	case r.found == nil && r.Cluster == nil:
		return refuse(r.target, "no such cluster", "There is no cluster %s in %s of the project %s.", r.Name, r.Location, r.Project).
			Fix("Check project, location and name, or write a cluster block to have it made.")
	case r.found == nil || !running(r.found):
		return nil
	}
	access, err := r.access(r.found)
	if err != nil {
		return err
	}
	r.servers, err = p.servers.OpenReaderBy(ctx, access, r.inCluster(r.target), r.owner)
	return err
}

// Close ends the connections.
func (r *reader) Close() error {
	if r.servers == nil {
		return r.client.Close()
	}
	return errors.Join(r.servers.Close(), r.client.Close())
}

// Read looks at the cluster and its pools at once, at each kind of other objects with
// one list, and has the objects in the cluster read there: without a cluster there
// are none.
func (r *reader) Read(ctx context.Context, keys []resource.Key) []resource.Reading {
	out := make([]resource.Reading, len(keys))
	lists := map[string][]*seen{}
	errs := map[string]error{}
	kinds := r.things()
	var inside []resource.Key
	var places []int
	for i, k := range keys {
		t, isThing := kinds[k.Type]
		switch {
		case k.Type == ClusterType:
			out[i] = r.readCluster(k)
		case k.Type == PoolType:
			out[i] = r.readPool(k)
		case isThing:
			if _, asked := lists[k.Type]; !asked && errs[k.Type] == nil {
				lists[k.Type], errs[k.Type] = t.list(ctx)
			}
			out[i] = r.readThing(k, lists[k.Type], r.explain("list each "+t.noun, errs[k.Type]))
		default:
			inside, places = append(inside, k), append(places, i)
		}
	}
	if r.servers == nil {
		return out
	}
	for n, reading := range r.servers.Read(ctx, inside) {
		out[places[n]] = reading
	}
	return out
}

func (r *reader) readCluster(k resource.Key) resource.Reading {
	if r.found == nil || !r.bears(r.found.GetResourceLabels(), k.Address) {
		return resource.Reading{}
	}
	return resource.Reading{Exists: true, Values: observeCluster(r.found, k.Prior)}
}

func (r *reader) readPool(k resource.Key) resource.Reading {
	for _, p := range r.found.GetNodePools() {
		if strings.TrimPrefix(k.Address.Part, poolPart) == p.GetName() && r.bears(p.GetConfig().GetResourceLabels(), k.Address) {
			return resource.Reading{Exists: true, Values: observePool(p)}
		}
	}
	return resource.Reading{}
}

func (r *reader) readThing(k resource.Key, all []*seen, err error) resource.Reading {
	if err != nil {
		return resource.Reading{Err: err}
	}
	s, err := r.find(all, k.Address)
	if err != nil || s == nil {
		return resource.Reading{Err: err}
	}
	return resource.Reading{Exists: true, Values: s.values}
}

// Rehearse asks the cluster about the objects in it. What Google would say of its own
// cannot be told without doing it.
func (r *reader) Rehearse(ctx context.Context, changes []resource.Change) []resource.Rehearsal {
	out := make([]resource.Rehearsal, len(changes))
	stage, ok := r.servers.(resource.Rehearser)
	if !ok {
		return out
	}
	var inside []resource.Change
	var places []int
	for i, c := range changes {
		if typeOf(c.Type) == nil {
			inside, places = append(inside, c), append(places, i)
		}
	}
	for n, rehearsal := range stage.Rehearse(ctx, inside) {
		out[places[n]] = rehearsal
	}
	return out
}
