package gke

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/config"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/providers/gke/cloud"
	"github.com/erlmcp/erlmcp/providers/kubernetes"
	"github.com/erlmcp/erlmcp/schemas"
)

// newCloud is a cloud whose clusters' API servers say their version and nothing more.
func newCloud(t *testing.T, delay time.Duration) (*cloud.Cloud, cloud.Endpoints) {
	t.Helper()
	api := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"major":"1","minor":"34"}`))
	}))
	t.Cleanup(api.Close)
	c := cloud.New(delay)
	c.Serve(strings.TrimPrefix(api.URL, "https://"), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: api.Certificate().Raw})))
	at, stop, err := c.Listen()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return c, at
}

// load evaluates a configuration with the one server "contract".
func load(t *testing.T, text string) (resource.Instance, diag.List) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.mcp.hcl"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	conf, diags := config.Load(dir, config.Options{Targets: map[string]*schemas.Block{Kind: New(nil).Schema()}})
	if diags.HasErrors() {
		return resource.Instance{}, diags
	}
	return conf.Evaluate(conf.Instances()[0].Ref, &config.Exports{})
}

func mustLoad(t *testing.T, text string) resource.Instance {
	t.Helper()
	in, diags := load(t, text)
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	return in
}

// outside is the provider for servers of which only what stands outside of the
// cluster is made: there is no cluster in these tests. Instances are those of
// configurations, told apart by the title in the document.
type outside struct {
	*Provider
	instances map[string]resource.Instance
}

func newOutside() *outside {
	return &outside{New(kubernetes.New()), map[string]resource.Instance{}}
}

func (p *outside) Lower(in resource.Instance) (resource.Lowered, diag.List) {
	whole := p.instances[in.Document.GetAttr("title").AsString()]
	whole.Address, whole.Document, whole.Files = in.Address, in.Document, nil
	l, diags := p.Provider.Lower(whole)
	out := resource.Lowered{}
	for _, r := range l.Resources {
		if typeOf(r.Type) != nil {
			out.Resources = append(out.Resources, r)
		}
	}
	return out, diags
}
