package gke

import (
	"cmp"
	"context"
	"fmt"
	"sync"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/resource"
)

type writer struct {
	*client
	provider *Provider
	kinds    map[string]thing
	outside  map[string]hand // by the types of what stands outside of the cluster, and of itself
	one      sync.Mutex      // held for each operation on the cluster

	mu     sync.Mutex // guards inside
	inside resource.Writer
}

var (
	_ resource.Keeper  = (*writer)(nil)
	_ resource.Logger  = (*writer)(nil)
	_ resource.Reacher = (*writer)(nil)
	_ resource.Watcher = (*writer)(nil)
)

// OpenWriter connects to Google. The cluster is connected to when the first object in
// it is written, which may be after it was made.
func (p *Provider) OpenWriter(ctx context.Context, t resource.Target, owner resource.Owner) (resource.Writer, error) {
	c, err := connect(ctx, t, owner)
	if err != nil {
		return nil, err
	}
	w := &writer{client: c, provider: p, kinds: c.things()}
	w.outside = map[string]hand{
		ClusterType: {w.createCluster, w.changeCluster, w.deleteCluster},
		PoolType:    {w.createPool, w.changePool, w.deletePool},
	}
	for name := range w.kinds {
		w.outside[name] = hand{w.createThing, w.changeThing, w.deleteThing}
	}
	return w, nil
}

// hand is how objects of a type are written.
type hand struct {
	create, change func(context.Context, resource.Change) (cty.Value, error)
	remove         func(context.Context, resource.Change) error
}

// servers is the writer of the objects in the cluster; nil without a cluster that
// runs.
func (w *writer) servers(ctx context.Context) (resource.Writer, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.inside != nil {
		return w.inside, nil
	}
	found, err := w.cluster(ctx)
	if err != nil || found == nil || !running(found) {
		return nil, err
	}
	access, err := w.access(found)
	if err != nil {
		return nil, err
	}
	w.inside, err = w.provider.servers.OpenWriterBy(ctx, access, w.inCluster(w.target), w.owner)
	return w.inside, err
}

// forgetServers drops the connection to a cluster that changes: the next one may be
// another cluster.
func (w *writer) forgetServers() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.inside != nil {
		_ = w.inside.Close() // it held nothing
	}
	w.inside = nil
}

// Close ends the connections.
func (w *writer) Close() error {
	w.forgetServers()
	return w.client.Close()
}

// Create makes an object, or takes over the one that bears its labels.
func (w *writer) Create(ctx context.Context, ch resource.Change) (cty.Value, error) {
	if h, ok := w.outside[ch.Type]; ok {
		return h.create(ctx, ch)
	}
	return w.within(ctx, ch, resource.Writer.Create)
}

// Update changes an object in place.
func (w *writer) Update(ctx context.Context, ch resource.Change) (cty.Value, error) {
	if h, ok := w.outside[ch.Type]; ok {
		return h.change(ctx, ch)
	}
	return w.within(ctx, ch, resource.Writer.Update)
}

// within has an object in the cluster written there.
func (w *writer) within(ctx context.Context, ch resource.Change, do func(resource.Writer, context.Context, resource.Change) (cty.Value, error)) (cty.Value, error) {
	inside, err := w.servers(ctx)
	if err == nil && inside == nil {
		err = w.notRunning()
	}
	if err != nil {
		return cty.NilVal, err
	}
	return do(inside, ctx, ch)
}

// Delete removes an object; one that is gone is no error, and with its cluster all
// that was in it is gone.
func (w *writer) Delete(ctx context.Context, ch resource.Change) error {
	if h, ok := w.outside[ch.Type]; ok {
		return h.remove(ctx, ch)
	}
	inside, err := w.servers(ctx)
	if err != nil || inside == nil {
		return err
	}
	return inside.Delete(ctx, ch)
}

// Keep returns what leads to a server as it is; objects in the cluster are kept
// there.
func (w *writer) Keep(ctx context.Context, k resource.Key, folder string) (cty.Value, []resource.File, error) {
	if t, isThing := w.kinds[k.Type]; isThing {
		found, err := t.get(ctx, k.Prior)
		if err != nil || found == nil || !w.described(found.description, k.Address) {
			return cty.NilVal, nil, w.explain("look at the "+t.noun, err)
		}
		return found.values, nil, nil
	}
	inside, err := w.servers(ctx)
	if keeper, ok := inside.(resource.Keeper); ok && err == nil {
		return keeper.Keep(ctx, k, folder)
	}
	return cty.NilVal, nil, err
}

// Log is the end of what a server in the cluster wrote.
func (w *writer) Log(ctx context.Context, ch resource.Change) string {
	inside, err := w.servers(ctx)
	if logger, ok := inside.(resource.Logger); ok && err == nil {
		return logger.Log(ctx, ch)
	}
	return ""
}

// Reach leads to a server in the cluster.
func (w *writer) Reach(ctx context.Context, ch resource.Change) (resource.Route, error) {
	inside, err := w.servers(ctx)
	if reacher, ok := inside.(resource.Reacher); ok && err == nil {
		return reacher.Reach(ctx, ch)
	}
	return resource.Route{}, cmp.Or(err, w.notRunning())
}

// Watch tells how what is new in the cluster does beside what was there.
func (w *writer) Watch(ctx context.Context, ch resource.Change) (next, now resource.Answers, err error) {
	inside, err := w.servers(ctx)
	if watcher, ok := inside.(resource.Watcher); ok && err == nil {
		return watcher.Watch(ctx, ch)
	}
	return next, now, cmp.Or(err, w.notRunning())
}

func (w *writer) notRunning() error { return fmt.Errorf("the cluster %s does not run", w.Name) }
