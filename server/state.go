package server

import (
	"context"
	"encoding/json"
	"time"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server/auth"
	"github.com/erlmcp/erlmcp/server/catalog"
	"github.com/erlmcp/erlmcp/server/guard"
	"github.com/erlmcp/erlmcp/server/upstream"
)

// state is what one document has made. A reload replaces it as a whole.
type state struct {
	doc      *schemas.Server
	digest   string
	own      *catalog.Catalog // of the document alone
	catalog  *catalog.Catalog // with what upstreams offer
	gate     *auth.Gate
	views    *views
	limits   *guard.RateLimits
	seal     *seal
	identity json.RawMessage // serverInfo (MCP, schema, "Implementation")
	depth    int

	upstreams upstream.List
	observed
}

// prepare builds and checks everything of a document and changes nothing.
func (rt *Runtime) prepare(doc *schemas.Server, digest string) (*state, error) {
	if err := rules(doc).Err(); err != nil {
		return nil, err
	}
	c, err := catalog.New(doc, catalog.Env{FilesDir: rt.opts.FilesDir, Logger: rt.log, Children: rt.opts.Children, Tools: rt.opts.Tools, Prompts: rt.opts.Prompts})
	if err != nil {
		return nil, hide(doc, diag.FromError(err)).Err()
	}
	st := &state{doc: doc, digest: digest, own: c, views: &views{}, seal: rt.random, depth: doc.Limits.JSONDepth}
	if doc.StateKey != "" {
		st.seal = newSeal(doc.StateKey)
	}
	old := rt.current.Load()
	var earlier *auth.Gate
	if old != nil {
		earlier = old.gate
	}
	st.gate = auth.New(doc.Auth, auth.Env{Context: rt.ctx, Path: doc.Listen.Path, Name: doc.Name, Now: time.Now, Logger: rt.log}, earlier)
	var earlierLimits *guard.RateLimits
	if old != nil {
		earlierLimits = old.limits
	}
	st.limits = guard.NewRateLimits(doc.RateLimits, guard.LimitEnv{Server: doc.Name, Logger: rt.log}, earlierLimits)
	st.identity, err = json.Marshal(struct {
		Name        string         `json:"name"`
		Title       string         `json:"title,omitempty"`
		Version     string         `json:"version"`
		Description string         `json:"description,omitempty"`
		Website     string         `json:"websiteUrl,omitempty"`
		Icons       []catalog.Icon `json:"icons,omitempty"`
	}{doc.Name, doc.Title, doc.Version, doc.Description, doc.Website, catalog.Icons(doc.Icons)})
	if err != nil {
		return nil, err
	}
	if st.observed, err = rt.observe(doc, old); err != nil {
		return nil, err
	}
	rt.reachOut(st, old)
	return st, nil
}

// commit puts a state in place of the present one.
func (rt *Runtime) commit(st *state) {
	old := rt.current.Swap(st)
	rt.metrics.SetTools(st.catalog.ToolNames())
	rt.takeUp(st, old)
}

// follow tells clients of changes of the present files until those of another
// state are followed.
func (rt *Runtime) follow(st *state) {
	if rt.unfollow != nil {
		rt.unfollow()
	}
	ctx, cancel := context.WithCancel(rt.ctx)
	rt.unfollow = cancel
	st.catalog.Watch(ctx, rt.changed)
}

// changed tells clients of changes.
func (rt *Runtime) changed(c catalog.Changes) {
	rt.feed.Publish(c)
	rt.front.Changed(c)
}
