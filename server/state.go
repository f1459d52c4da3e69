package server

import (
	"encoding/json"

	"github.com/hashicorp/go-hclog"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server/catalog"
	"github.com/erlmcp/erlmcp/server/guard"
)

// state is what one document has made. A reload replaces it as a whole.
type state struct {
	doc      *schemas.Server
	digest   string
	catalog  *catalog.Catalog
	limiter  *guard.Limiter
	identity json.RawMessage // serverInfo (MCP, schema, "Implementation")
	depth    int
}

// prepare builds and checks everything of a document and changes nothing.
func (rt *Runtime) prepare(doc *schemas.Server, digest string) (*state, error) {
	if err := rules(doc).Err(); err != nil {
		return nil, err
	}
	c, err := catalog.New(doc, catalog.Env{FilesDir: rt.opts.FilesDir, Logger: rt.log, Tools: rt.opts.Tools})
	if err != nil {
		return nil, hide(doc, diag.FromError(err)).Err()
	}
	st := &state{doc: doc, digest: digest, catalog: c, depth: doc.Limits.JSONDepth}
	if old := rt.current.Load(); old != nil && equal(old.doc.RateLimit, doc.RateLimit) {
		st.limiter = old.limiter // quotas go on
	} else {
		st.limiter = guard.NewLimiter(doc.RateLimit)
	}
	st.identity, err = json.Marshal(struct {
		Name        string `json:"name"`
		Title       string `json:"title,omitempty"`
		Version     string `json:"version"`
		Description string `json:"description,omitempty"`
	}{doc.Name, doc.Title, doc.Version, doc.Description})
	return st, err
}

func (rt *Runtime) commit(st *state) {
	rt.current.Store(st)
	rt.metrics.SetTools(st.catalog.ToolNames())
	rt.log.SetLevel(hclog.LevelFromString(st.doc.Log.Level))
}
