package gcs

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fsouza/fake-gcs-server/fakestorage"

	"github.com/erlmcp/erlmcp/engine/state"
	"github.com/erlmcp/erlmcp/engine/state/backend/contract"
	"github.com/erlmcp/erlmcp/engine/state/backend/remote"
	"github.com/erlmcp/erlmcp/schemas"
)

// service is an emulator of the service with one bucket.
func service(t *testing.T) *fakestorage.Server {
	t.Helper()
	s, err := fakestorage.NewServerWithOptions(fakestorage.Options{Scheme: "http", Host: "127.0.0.1", Port: 0, PublicHost: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	s.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: "states"})
	return s
}

func open(t *testing.T, endpoint string) *Bucket {
	t.Helper()
	b, err := Open(t.Context(), schemas.GCSBackend{Bucket: "states", Prefix: "/team/one/", Endpoint: endpoint})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestContract(t *testing.T) {
	contract.Run(t, contract.Options{
		Lasts: 4 * time.Second, // the service tells the time to a second
		Reach: func(t *testing.T) func() remote.Place {
			s := service(t)
			return func() remote.Place { return open(t, s.URL()) }
		},
	})
}

func TestPaths(t *testing.T) {
	b := open(t, "http://127.0.0.1:1")
	if got := b.Path("head"); got != "gs://states/team/one/head" {
		t.Error(got)
	}
	if got := b.Restore(b.Path("a"), b.Path("b")); got != "To go back to the latest: gcloud storage cp gs://states/team/one/a gs://states/team/one/b" {
		t.Error(got)
	}
}

// What the emulator never answers, a server here does.
func TestAnswers(t *testing.T) {
	for name, tt := range map[string]struct {
		status int
		body   string
		want   string
		again  bool
	}{
		"forbidden":   {403, `{"error": {"code": 403, "message": "a@b lacks storage.objects.get access to the object."}}`, "a@b lacks storage.objects.get", false},
		"no bucket":   {404, `{"error": {"code": 404, "message": "The specified bucket does not exist."}}`, "there is no bucket states", false},
		"too many":    {429, `{"error": {"code": 429, "message": "rate limit"}}`, "rate limit", true},
		"unavailable": {503, `upstream`, "status 503", true},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", "7")
				w.WriteHeader(tt.status)
				w.Write([]byte(tt.body))
			}))
			defer s.Close()
			_, err := open(t, s.URL).Read(t.Context(), "head")
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v", err)
			}
			temporary, again := err.(*remote.Temporary)
			if again != tt.again || again && temporary.After != 7*time.Second {
				t.Errorf("may be tried again: %v", again)
			}
		})
	}
}

// A token never goes over the wire in the clear, and one goes where it should.
func TestCredentials(t *testing.T) {
	asked := make(chan *http.Request, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r
		w.WriteHeader(http.StatusNotFound)
	}))
	defer s.Close()
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nonexistent.json")
	if _, err := open(t, s.URL).Read(t.Context(), "head"); err != nil {
		t.Fatal(err)
	}
	r := <-asked
	if r.Header.Get("Authorization") != "" {
		t.Error("a token was sent in the clear")
	}
	if u, _ := url.QueryUnescape(r.URL.EscapedPath()); u != "/storage/v1/b/states/o/team/one/head" {
		t.Errorf("asked for %s", u)
	}
	for name, c := range map[string]schemas.GCSBackend{
		"of a file": {Bucket: "states", Credentials: "/nonexistent.json"},
		"default":   {Bucket: "states"},
	} {
		if _, err := Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), "/nonexistent.json") {
			t.Errorf("credentials %s: %v", name, err)
		}
	}
}

func TestTheUserIsToldWhoHolds(t *testing.T) {
	s := service(t)
	holder := state.Holder{Operation: "apply", Who: "alice@edge-1", PID: 1}
	lease, err := (&remote.Store{Place: open(t, s.URL())}).Lock(t.Context(), holder, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer lease.Release()
	_, err = (&remote.Store{Place: open(t, s.URL())}).Lock(t.Context(), holder, 0)
	if err == nil || !strings.Contains(err.Error(), "gs://states/team/one/lock is held: apply by alice@edge-1") {
		t.Error(err)
	}
}
