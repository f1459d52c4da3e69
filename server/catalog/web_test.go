package catalog

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/erlmcp/erlmcp/server/protocol"
)

func TestAResourceOnAWebServer(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/terms.md", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/markdown")
		_, _ = w.Write([]byte("be kind to all"))
	})
	mux.HandleFunc("/logo", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/png")
		_, _ = w.Write([]byte{0x89, 0, 1})
	})
	s := httptest.NewServer(mux)
	defer s.Close()
	c := mustBuild(t, t.TempDir(), strings.ReplaceAll(`,"limits":{"response_size":"1KB"},"resource":{
		"terms":{"title":"Terms","http":{"url":"BASE/terms.md"}},"logo":{"uri":"u:logo","http":{"url":"BASE/logo"}},
		"typed":{"mime_type":"text/x-own","http":{"url":"BASE/terms.md"}},"gone":{"http":{"url":"BASE/gone"}},"far":{"http":{"url":"http://127.0.0.1:1/?k=s3cret"}}}`, "BASE", s.URL))
	if got := strings.Join(uris(t, c), " "); got != "erlmcp://far erlmcp://gone u:logo erlmcp://terms erlmcp://typed" {
		t.Errorf("resources: %s", got)
	}
	for uri, want := range map[string]string{
		"erlmcp://terms": `{"contents":[{"uri":"erlmcp://terms","mimeType":"text/markdown","text":"be kind to all"}]}`,
		"erlmcp://typed": `{"contents":[{"uri":"erlmcp://typed","mimeType":"text/x-own","text":"be kind to all"}]}`,
		"u:logo":         `{"contents":[{"uri":"u:logo","mimeType":"image/png","blob":"iQAB"}]}`,
	} {
		if out, err := c.AppendResource(t.Context(), []byte("{"), uri, protocol.V20260728); err != nil || object(out) != want {
			t.Errorf("%s: %s, %v", uri, object(out), err)
		}
	}
	if _, err := c.AppendResource(t.Context(), nil, "erlmcp://gone", protocol.V20251125); err == nil || err.Code != protocol.ResourceNotFound {
		t.Errorf("%v", err)
	}
	if _, err := c.AppendResource(t.Context(), nil, "erlmcp://far", protocol.V20251125); err == nil || err.Code != protocol.InternalError || strings.Contains(err.Message, "s3cret") {
		t.Errorf("%v", err)
	}
	if found, err := c.Search(t.Context(), "kind", nil, 10); err != nil || len(found) != 2 {
		t.Errorf("search: %v, %v", found, err)
	}
}
