package server

import (
	"net/http"
	"sync"

	"github.com/erlmcp/erlmcp/server/auth"
	"github.com/erlmcp/erlmcp/server/catalog"
	"github.com/erlmcp/erlmcp/server/protocol"
)

// maxViews is how many views of the catalog are kept.
const maxViews = 256

// views are what clients see of a catalog that the rules of auth restrict.
type views struct {
	mu  sync.Mutex
	all map[string]*catalog.Catalog // by class of clients
}

// offered is what a client sees of the catalog.
func (st *state) offered(id *auth.Identity) *catalog.Catalog {
	if id == nil || !st.gate.Restricts() {
		return st.catalog
	}
	class := st.gate.Class(id)
	st.views.mu.Lock()
	defer st.views.mu.Unlock()
	if v := st.views.all[class]; v != nil {
		return v
	}
	if st.views.all == nil || len(st.views.all) >= maxViews {
		st.views.all = map[string]*catalog.Catalog{}
	}
	v := st.catalog.View(func(kind auth.Kind, names ...string) bool { return st.gate.May(id, kind, names...) })
	st.views.all[class] = v
	return v
}

// catalog is what the client that asks may see.
func (c *call) catalog() *catalog.Catalog { return c.st.offered(c.x.Identity) }

// scoped refuses a call of something that needs a scope which the client's token
// lacks. The names are those that auth's patterns know it by.
func (c *call) scoped(kind auth.Kind, names ...string) *protocol.Error {
	refusal := c.st.gate.Missing(c.x.Identity, kind, names...)
	if refusal == nil {
		return nil
	}
	c.rt.metrics.Refused("auth")
	c.answer.Status, c.answer.Challenges = http.StatusForbidden, refusal.Challenges
	return protocol.NewError(protocol.Forbidden, "%s", refusal.Message)
}

// scopedResource is scoped for the resource of a URI.
func (c *call) scopedResource(uri string) *protocol.Error {
	name, block, ok := c.catalog().Block(uri)
	if !ok {
		return nil // it will not be found either
	}
	return c.scoped(auth.Resource, name, block)
}
