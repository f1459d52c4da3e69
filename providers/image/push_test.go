package image

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// holder is a registry on loopback that asks for a password and notes who sends it
// what.
type holder struct {
	mu   sync.Mutex // guards sent
	sent []string   // requests that upload something
}

func newHolder(t *testing.T) (*holder, string) {
	t.Helper()
	h, holds := &holder{}, registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password != "token" {
			w.Header().Set("WWW-Authenticate", `Basic realm="images"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.mu.Lock()
			h.sent = append(h.sent, r.Method+" "+r.URL.Path)
			h.mu.Unlock()
		}
		holds.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return h, strings.TrimPrefix(s.URL, "http://") + "/tools/erlmcp"
}

// uploads forgets what was sent, and returns it.
func (h *holder) uploads() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := h.sent
	h.sent = nil
	return out
}

// oauth has the password of the registry.
type oauth struct{}

func (oauth) Resolve(authn.Resource) (authn.Authenticator, error) {
	return authn.FromConfig(authn.AuthConfig{Username: "oauth2accesstoken", Password: "token"}), nil
}

func TestWhatTheRegistryHoldsIsNotSentAgain(t *testing.T) {
	h, repository := newHolder(t)
	img, err := Build(binary(t))
	if err != nil {
		t.Fatal(err)
	}
	if img.Held(t.Context(), repository, oauth{}) {
		t.Error("an empty registry holds the image")
	}
	if err := img.Push(t.Context(), repository, oauth{}); err != nil {
		t.Fatal(err)
	}
	if sent := h.uploads(); len(sent) == 0 {
		t.Error("nothing was sent")
	}
	reference, err := img.Reference(repository)
	if err != nil {
		t.Fatal(err)
	}
	pinned, err := name.NewDigest(reference)
	if err != nil {
		t.Fatalf("%s is not pinned by digest: %v", reference, err)
	}
	held, err := remote.Image(pinned, remote.WithAuthFromKeychain(oauth{}))
	if err != nil {
		t.Fatal(err)
	}
	if config, err := held.ConfigName(); err != nil || config.String() != img.Digest {
		t.Errorf("the registry holds the configuration %v (%v), want %s", config, err, img.Digest)
	}
	if !img.Held(t.Context(), repository, oauth{}) {
		t.Error("the image is not held")
	}

	if err := img.Push(t.Context(), repository, oauth{}); err != nil {
		t.Fatal(err)
	}
	if sent := h.uploads(); len(sent) > 0 {
		t.Errorf("the second push sends %v", sent)
	}
	if err := img.Push(t.Context(), repository, authn.NewMultiKeychain()); err == nil {
		t.Error("without the password the push succeeds")
	}
}
