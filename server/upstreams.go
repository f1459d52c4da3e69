package server

import (
	"context"
	"strings"
	"time"

	"github.com/erlmcp/erlmcp/server/catalog"
	"github.com/erlmcp/erlmcp/server/upstream"
)

// firstTry is how long a start and a reload wait for upstreams, so that clients
// see their offers from the beginning. Those that take longer come later.
const firstTry = 5 * time.Second

// upstreamHealth begins the name of the health check of an upstream.
const upstreamHealth = "upstream/"

// reachOut gives a state its upstreams: those that the present state has, when
// their blocks are the same, and new ones.
func (rt *Runtime) reachOut(st, old *state) {
	var present upstream.List
	if old != nil {
		present = old.upstreams
	}
	if len(st.doc.Upstreams) > 0 {
		st.upstreams = upstream.Open(st.doc.Upstreams, upstream.Env{
			Context: rt.ctx, FilesDir: rt.opts.FilesDir, Logger: rt.log, Children: rt.opts.Children,
			AnswerTimeout: time.Duration(st.doc.Limits.AnswerTimeout),
			Changed:       rt.offersChanged,
			Updated:       rt.offerUpdated,
		}, present)
		st.upstreams.Settle(rt.ctx, firstTry)
	}
	rt.combine(st)
}

// combine makes the catalog of a state: what is its own, and what its upstreams
// offer now.
func (rt *Runtime) combine(st *state) {
	var left []string
	st.catalog, left = st.own.With(st.upstreams.Offers())
	for _, what := range left {
		rt.log.Warn("not offered", "what", what)
	}
}

// offersChanged takes in what the upstreams offer now, and tells clients of what
// differs.
func (rt *Runtime) offersChanged() {
	rt.reloading.Lock()
	defer rt.reloading.Unlock()
	old := rt.current.Load()
	if old == nil || rt.ctx.Err() != nil {
		return
	}
	next := *old
	next.views = &views{}
	rt.combine(&next)
	rt.commit(&next)
	rt.changed(old.catalog.Changes(next.catalog))
}

// offerUpdated tells clients of a change of a resource that an upstream offers.
func (rt *Runtime) offerUpdated(uri string) {
	rt.reloading.Lock()
	defer rt.reloading.Unlock()
	rt.changed(catalog.Changes{Updated: []string{uri}})
}

// watchUpstreams registers the health checks of the upstreams of a state, in place
// of those of the one before.
func (rt *Runtime) watchUpstreams(st, old *state) {
	if old != nil {
		for _, u := range old.upstreams {
			rt.health.Remove(upstreamHealth + u.Name())
		}
	}
	for _, u := range st.upstreams {
		rt.health.RegisterPart(upstreamHealth+u.Name(), u.Ready)
	}
}

// leave closes the upstreams of a state that the present one does not have, once
// they have answered what is in progress.
func (rt *Runtime) leave(old *state, keep upstream.List) {
	limit := time.Duration(old.doc.Limits.CallTimeout)
	rt.leaving.Go(func() { // ends with the timeout at the latest
		ctx, cancel := context.WithTimeout(rt.ctx, limit)
		defer cancel()
		old.upstreams.Close(ctx, keep)
	})
}

// subscribeElsewhere has the upstream that a resource is of tell of its changes.
func (c *call) subscribeElsewhere(uri string) {
	block := c.catalog().Elsewhere(uri)
	if !strings.HasPrefix(block, "upstream.") {
		return
	}
	if u := c.st.upstreams.Find(block); u != nil {
		u.Subscribe(uri)
	}
}
