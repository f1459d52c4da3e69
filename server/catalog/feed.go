package catalog

import (
	"bytes"
	"sync"

	"github.com/erlmcp/erlmcp/server/protocol"
)

// Changes says which lists differ.
type Changes struct{ Tools, Resources, Prompts bool }

// Any reports whether any list differs.
func (c Changes) Any() bool { return c.Tools || c.Resources || c.Prompts }

// Notifications are the methods that tell clients of the changes.
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

// Changes compares what clients see of two catalogs. A list of resources counts
// as changed when a file or folder that ships with the document is in it, as
// those come with a new document.
func (c *Catalog) Changes(next *Catalog) Changes {
	return Changes{
		Tools:     !same(c.toolList, next.toolList),
		Prompts:   !same(c.promptList, next.promptList),
		Resources: !c.sameResources(next),
	}
}

func same(a, b list) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !bytes.Equal(a[i].json, b[i].json) {
			return false
		}
	}
	return true
}

func (c *Catalog) sameResources(next *Catalog) bool {
	if len(c.resources) != len(next.resources) || !same(c.templateList, next.templateList) {
		return false
	}
	for i, r := range c.resources {
		if next.resources[i].shipped() || !r.listedAs(next.resources[i]) {
			return false
		}
	}
	return true
}

// Feed tells listeners that lists have changed. Its revision counts up with each
// change; a listener keeps the one that it knows, and nothing is kept for it.
type Feed struct {
	mu       sync.Mutex
	revision uint64
	last     struct{ tools, resources, prompts uint64 } // revision of the latest change of each
	changed  chan struct{}
}

// NewFeed returns a feed at revision 1.
func NewFeed() *Feed { return &Feed{revision: 1, changed: make(chan struct{})} }

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
	close(f.changed)
	f.changed = make(chan struct{})
}

// Since says what has changed after a revision, which revision it is now, and
// gives a channel that is closed at the next change.
func (f *Feed) Since(revision uint64) (c Changes, now uint64, next <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return Changes{
		Tools:     f.last.tools > revision,
		Resources: f.last.resources > revision,
		Prompts:   f.last.prompts > revision,
	}, f.revision, f.changed
}

// Revision is the present revision.
func (f *Feed) Revision() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.revision
}
