package upstream

import (
	"context"
	"reflect"
	"sort"
	"sync"
	"time"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server/catalog"
)

// List is the upstreams of a document, by name.
type List []*Upstream

// Open returns the upstreams of a document: those of old whose block is the same,
// and new ones for the others, which begin to connect.
func Open(blocks map[string]*schemas.Upstream, env Env, old List) List {
	var out List
	for name, spec := range blocks {
		u := old.same(name, spec)
		if u == nil {
			u = open(name, spec, env)
		}
		out = append(out, u)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].name < out[j].name })
	return out
}

func (l List) same(name string, spec *schemas.Upstream) *Upstream {
	for _, u := range l {
		if u.name == name && reflect.DeepEqual(u.spec, spec) {
			return u
		}
	}
	return nil
}

// Settle waits until each of them has been tried once, but not longer than most.
func (l List) Settle(ctx context.Context, most time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	for _, u := range l {
		select {
		case <-u.tried:
		case <-ctx.Done():
			return
		}
	}
}

// Close closes those that are not in keep; see [Upstream.Close].
func (l List) Close(ctx context.Context, keep List) {
	var all sync.WaitGroup
	for _, u := range l {
		if keep.same(u.name, u.spec) != u {
			all.Go(func() { u.Close(ctx) })
		}
	}
	all.Wait()
}

// Offers is what they offer.
func (l List) Offers() []*catalog.Offer {
	var out []*catalog.Offer
	for _, u := range l {
		if o := u.Offer(); o != nil {
			out = append(out, o)
		}
	}
	return out
}

// Find returns the upstream of a block such as "upstream.github", or nil.
func (l List) Find(block string) *Upstream {
	for _, u := range l {
		if u.Block() == block {
			return u
		}
	}
	return nil
}
