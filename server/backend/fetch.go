package backend

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/version"
)

// ErrNotThere is the error of a document that the web server does not have.
var ErrNotThere = errors.New("it is not there")

// Fetched is a document of a web server.
type Fetched struct {
	Data []byte
	Type string // media type; "" when the server does not say
}

// Fetcher fetches one document, and keeps it for as long as it is fresh (RFC 9111,
// as far as one document and one user need it). It is safe for concurrent use.
type Fetcher struct {
	spec   *schemas.ResourceHTTP
	client *http.Client
	now    func() time.Time

	mu    sync.Mutex
	kept  *Fetched // nil when nothing is
	until time.Time
	tag   string // ETag of what is kept
	date  string // its Last-Modified
}

// NewFetcher returns a fetcher of the document of that block.
func NewFetcher(spec *schemas.ResourceHTTP) *Fetcher {
	return &Fetcher{spec: spec, client: NewClient(spec.Redirects, nil), now: time.Now}
}

// maxKept is the largest document that is kept, in bytes.
const maxKept = 1 << 20

// Fetch returns the document. The error quotes neither the URL nor a header; it is
// [ErrNotThere] when the server says so.
func (f *Fetcher) Fetch(ctx context.Context) (Fetched, error) {
	kept, tag, date := f.known()
	if kept != nil && tag == "" && date == "" {
		return *kept, nil // is fresh
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(f.spec.Timeout))
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, f.spec.URL, nil)
	if err != nil {
		return Fetched{}, errors.New("http.url is not a URL")
	}
	r.Header.Set("User-Agent", "erlmcp/"+version.Version)
	for name, value := range f.spec.Headers {
		r.Header.Set(name, value)
	}
	if kept != nil {
		if tag != "" {
			r.Header.Set("If-None-Match", tag)
		}
		if date != "" {
			r.Header.Set("If-Modified-Since", date)
		}
	}
	return f.exchange(ctx, r, kept)
}

// known is what is kept, if anything, and what to ask the server about it: nothing
// while it is fresh.
func (f *Fetcher) known() (kept *Fetched, tag, date string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.kept == nil:
		return nil, "", ""
	case f.now().Before(f.until):
		return f.kept, "", ""
	case f.tag == "" && f.date == "":
		return nil, "", ""
	}
	return f.kept, f.tag, f.date
}

func (f *Fetcher) exchange(ctx context.Context, r *http.Request, kept *Fetched) (Fetched, error) {
	response, err := f.client.Do(r)
	if err != nil {
		return Fetched{}, f.failed(ctx, r, err)
	}
	defer response.Body.Close()
	switch {
	case response.StatusCode == http.StatusNotModified && kept != nil:
		f.keep(kept, response.Header)
		return *kept, nil
	case response.StatusCode == http.StatusNotFound || response.StatusCode == http.StatusGone:
		f.keep(nil, nil)
		return Fetched{}, ErrNotThere
	case response.StatusCode != http.StatusOK:
		return Fetched{}, fmt.Errorf("%s answered with status %d %s", r.URL.Host, response.StatusCode, http.StatusText(response.StatusCode))
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, int64(f.spec.ResponseLimit)+1))
	if err != nil {
		return Fetched{}, f.failed(ctx, r, err)
	}
	if len(data) > int(f.spec.ResponseLimit) {
		return Fetched{}, fmt.Errorf("the response of %s is larger than %s", r.URL.Host, f.spec.ResponseLimit)
	}
	got := &Fetched{Data: data}
	if t, _, err := mime.ParseMediaType(response.Header.Get("Content-Type")); err == nil {
		got.Type = t
	}
	f.keep(got, response.Header)
	return *got, nil
}

func (f *Fetcher) failed(ctx context.Context, r *http.Request, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s did not answer within %s", r.URL.Host, time.Duration(f.spec.Timeout))
	}
	return fmt.Errorf("the request to %s failed: %s", r.URL.Host, Reason(err))
}

// keep keeps a document for as long as the headers of its response allow.
func (f *Fetcher) keep(got *Fetched, h http.Header) {
	f.mu.Lock()
	defer f.mu.Unlock()
	age, stored := freshness(h)
	if got == nil || !stored || len(got.Data) > maxKept {
		f.kept = nil
		return
	}
	f.kept, f.until = got, f.now().Add(age)
	f.tag, f.date = h.Get("ETag"), h.Get("Last-Modified")
	if age == 0 && f.tag == "" && f.date == "" {
		f.kept = nil
	}
}

// longestFresh bounds for how long a document is not asked for anew, whatever its
// server says.
const longestFresh = time.Hour

// freshness is for how long a response stays fresh, and whether it may be kept.
func freshness(h http.Header) (age time.Duration, stored bool) {
	for _, directive := range strings.Split(h.Get("Cache-Control"), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(strings.ToLower(directive)), "=")
		switch name {
		case "no-store":
			return 0, false
		case "no-cache":
			return 0, true
		case "max-age":
			if seconds, err := strconv.Atoi(strings.Trim(value, `"`)); err == nil && seconds > 0 {
				age = min(time.Duration(seconds)*time.Second, longestFresh)
			}
		}
	}
	return age, true
}
