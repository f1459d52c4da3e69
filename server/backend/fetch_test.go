package backend

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/erlmcp/erlmcp/schemas"
)

func fetcher(url string) *Fetcher {
	return NewFetcher(&schemas.ResourceHTTP{URL: url, Headers: map[string]string{"X-Key": secret}, Timeout: schemas.Duration(5 * time.Second), ResponseLimit: 2 << 20})
}

// TestWhatIsKept fetches three times, the last time after a minute.
func TestWhatIsKept(t *testing.T) {
	for _, c := range []struct {
		name    string
		headers map[string]string
		want    string // a letter for each request that the server saw: f whole, n not modified
	}{
		{"nothing is said", nil, "fff"},
		{"fresh for half a minute", map[string]string{"Cache-Control": "public, max-age=30"}, "ff"},
		{"fresh for an hour", map[string]string{"Cache-Control": "max-age=3600"}, "f"},
		{"an ETag", map[string]string{"ETag": `"1"`}, "fnn"},
		{"an ETag, and fresh", map[string]string{"ETag": `"1"`, "Cache-Control": "max-age=30"}, "fn"},
		{"a date", map[string]string{"Last-Modified": "Mon, 02 Jan 2006 15:04:05 GMT"}, "fnn"},
		{"to be asked for each time", map[string]string{"ETag": `"1"`, "Cache-Control": "no-cache, max-age=30"}, "fnn"},
		{"not to be stored", map[string]string{"ETag": `"1"`, "Cache-Control": "no-store, max-age=30"}, "fff"},
	} {
		t.Run(c.name, func(t *testing.T) {
			seen := ""
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				for name, value := range c.headers {
					w.Header().Set(name, value)
				}
				if r.Header.Get("X-Key") != secret {
					t.Error("a header is missing")
				}
				if r.Header.Get("If-None-Match") == `"1"` || r.Header.Get("If-Modified-Since") != "" {
					seen += "n"
					w.WriteHeader(http.StatusNotModified)
					return
				}
				seen += "f"
				w.Header().Set("Content-Type", "text/markdown; charset=utf-8")
				_, _ = w.Write([]byte("hello"))
			}))
			defer s.Close()
			f, now := fetcher(s.URL), time.Now()
			f.now = func() time.Time { return now }
			for i := range 3 {
				if i == 2 {
					now = now.Add(time.Minute)
				}
				got, err := f.Fetch(t.Context())
				if err != nil || string(got.Data) != "hello" || got.Type != "text/markdown" {
					t.Fatalf("%+v, %v", got, err)
				}
			}
			if seen != c.want {
				t.Errorf("the server saw %s, want %s", seen, c.want)
			}
		})
	}
}

func TestWhatCannotBeFetched(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/none", respond("text/plain", 404, "secret "+secret))
	mux.HandleFunc("/broken", respond("text/plain", 500, ""))
	mux.HandleFunc("/large", respond("text/plain", 200, strings.Repeat("x", 2<<20+1)))
	mux.HandleFunc("/away", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://localhost:1/"+secret, http.StatusFound)
	})
	s := httptest.NewServer(mux)
	defer s.Close()
	for _, c := range []struct{ path, want string }{
		{"/none", "it is not there"},
		{"/broken", "answered with status 500"},
		{"/large", "is larger than 2MB"},
		{"/away", "answered with status 302"},
	} {
		_, err := fetcher(s.URL + c.path + "?k=" + secret).Fetch(t.Context())
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v, want %s", c.path, err, c.want)
		}
		if (c.path == "/none") != errors.Is(err, ErrNotThere) {
			t.Errorf("%s: %v", c.path, err)
		}
	}
	s.Close()
	if _, err := fetcher(s.URL + "/?k=" + secret).Fetch(t.Context()); err == nil || !strings.Contains(err.Error(), "connection refused") || strings.Contains(err.Error(), secret) {
		t.Errorf("%v", err)
	}
}
