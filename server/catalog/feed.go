package catalog

import (
	"slices"
	"sync"

	"github.com/erlmcp/erlmcp/server/protocol"
)

// Changes says which lists differ, and which resources have changed.
type Changes struct {
	Tools, Resources, Prompts bool
	Updated                   []string // URIs
}

// Any reports whether anything differs.
func (c Changes) Any() bool { return c.Tools || c.Resources || c.Prompts || len(c.Updated) > 0 }

// For are the changes that concern a client which has subscribed to these URIs.
func (c Changes) For(uris []string) Changes {
	all := c.Updated
	c.Updated = nil
	for _, uri := range uris {
		if slices.Contains(all, uri) {
			c.Updated = append(c.Updated, uri)
		}
	}
	return c
}

// Notifications are the methods that tell clients of changed lists.
func (c Changes) Notifications() []string {
	var out []string
	if c.Tools {
		out = append(out, protocol.ToolsListChanged)
	}
	if c.Resources {
		out = append(out, protocol.ResourcesListChanged)
	}
	if c.Prompts {
		out = append(out, protocol.PromptsListChanged)
	}
	return out
}

// Feed tells listeners that lists or resources have changed. Its revision counts
// up with each change; a listener keeps the one that it knows, and nothing is kept
// for it.
type Feed struct {
	mu       sync.Mutex
	revision uint64
	last     struct{ tools, resources, prompts uint64 } // revision of the latest change of each
	updated  map[string]uint64                          // the same of resources, by URI
	floor    uint64                                     // no change of a resource up to this revision is in updated any more
	changed  chan struct{}
}

// maxUpdated is of how many resources a feed knows when they changed. When there
// are more it forgets, and tells listeners that were away too much.
const maxUpdated = 10_000

// NewFeed returns a feed at revision 1.
func NewFeed() *Feed {
	return &Feed{revision: 1, changed: make(chan struct{}), updated: map[string]uint64{}}
}

// Publish tells everyone of changes, if there are any.
func (f *Feed) Publish(c Changes) {
	if !c.Any() {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.revision++
	for _, l := range []struct {
		changed bool
		last    *uint64
	}{{c.Tools, &f.last.tools}, {c.Resources, &f.last.resources}, {c.Prompts, &f.last.prompts}} {
		if l.changed {
			*l.last = f.revision
		}
	}
	if len(f.updated)+len(c.Updated) > maxUpdated {
		clear(f.updated)
		f.floor = f.revision - 1
	}
	for _, uri := range c.Updated {
		f.updated[uri] = f.revision
	}
	close(f.changed)
	f.changed = make(chan struct{})
}

// Since says what has changed after a revision, of resources those of the given
// URIs; which revision it is now; and gives a channel that is closed at the next
// change.
func (f *Feed) Since(revision uint64, uris []string) (c Changes, now uint64, next <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c = Changes{
		Tools:     f.last.tools > revision,
		Resources: f.last.resources > revision,
		Prompts:   f.last.prompts > revision,
	}
	if revision < f.revision {
		for _, uri := range uris {
			if f.updated[uri] > revision || f.floor > revision {
				c.Updated = append(c.Updated, uri)
			}
		}
	}
	return c, f.revision, f.changed
}

// Revision is the present revision.
func (f *Feed) Revision() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.revision
}
