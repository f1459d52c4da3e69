package backend

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
)

// secret stands in the URL, the query and a header of every request below, and
// must not come back in any text.
const secret = "s3cret"

func httpBlock(t *testing.T, base, path string, more map[string]any) string {
	t.Helper()
	base = strings.Replace(base, "http://", "http://user:"+secret+"@", 1)
	block := map[string]any{"url": base + path, "headers": map[string]any{"X-Key": secret, "X-Input": "${input.h}"}}
	for k, v := range more {
		block[k] = v
	}
	optional := map[string]any{"type": "string", "required": false}
	text, err := json.Marshal(map[string]any{"input": map[string]any{"x": optional, "h": optional}, "http": block})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func respond(contentType string, status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestHTTPResponses(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/text", respond("text/plain", 200, "hello"))
	mux.HandleFunc("/object", respond("application/json; charset=utf-8", 200, "{\n \"a\": [1]\n}"))
	mux.HandleFunc("/problem", respond("application/vnd.x+json", 200, `{"a":1}`))
	mux.HandleFunc("/list", respond("application/json", 200, `[1]`))
	mux.HandleFunc("/broken", respond("application/json", 200, `{"a":`))
	mux.HandleFunc("/bytes", respond("application/octet-stream", 200, "a\xffb"))
	mux.HandleFunc("/missing", respond("text/plain", 404, "no such city"))
	mux.HandleFunc("/failed", respond("text/plain", 500, ""))
	mux.HandleFunc("/failed-long", respond("text/plain", 500, strings.Repeat("x", 100_000)))
	mux.HandleFunc("/limit", respond("text/plain", 200, strings.Repeat("x", 1024)))
	mux.HandleFunc("/large", respond("text/plain", 200, strings.Repeat("x", 1025)))
	mux.HandleFunc("/cut", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "10")
		_, _ = io.WriteString(w, "12345")
		panic(http.ErrAbortHandler)
	})
	mux.Handle("/moved", http.RedirectHandler("/text", http.StatusFound))
	mux.Handle("/moved-twice", http.RedirectHandler("/moved", http.StatusFound))
	mux.Handle("/elsewhere", http.RedirectHandler("http://other.example.com/"+secret, http.StatusFound))
	mux.HandleFunc("/nowhere", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "http://[bad/"+secret)
		w.WriteHeader(302)
	})
	s := httptest.NewServer(mux)
	defer s.Close()
	host := strings.TrimPrefix(s.URL, "http://")
	limit, one := map[string]any{"response_limit": "1KB"}, map[string]any{"redirects": 1}

	tests := map[string]struct {
		path       string
		more       map[string]any
		want       string
		structured string
		isError    bool
	}{
		"text":                     {"/text", nil, "hello", "", false},
		"JSON object":              {"/object", nil, "{\n \"a\": [1]\n}", `{"a":[1]}`, false},
		"JSON of a kind":           {"/problem", nil, `{"a":1}`, `{"a":1}`, false},
		"JSON list":                {"/list", nil, `[1]`, "", false},
		"broken JSON":              {"/broken", nil, `{"a":`, "", false},
		"not UTF-8":                {"/bytes", nil, "a\ufffdb", "", false},
		"not found":                {"/missing", nil, host + " answered with status 404 Not Found:\n\nno such city", "", true},
		"failed":                   {"/failed", nil, host + " answered with status 500 Internal Server Error.", "", true},
		"failed, with much to say": {"/failed-long", nil, "[cut after 4KB]", "", true},
		"as large as may be":       {"/limit", limit, strings.Repeat("x", 1024), "", false},
		"too large":                {"/large", limit, "The response of " + host + " is larger than 1KB.", "", true},
		"cut off":                  {"/cut", nil, "closed before the response was complete", "", true},
		"redirect":                 {"/moved", nil, "302 Found, a redirect that is not followed", "", true},
		"redirect followed":        {"/moved", one, "hello", "", false},
		"one redirect too many":    {"/moved-twice", one, "not followed", "", true},
		"redirect elsewhere":       {"/elsewhere", one, "not followed", "", true},
		"redirect to nonsense":     {"/nowhere", one, "failed", "", true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			r := call(t, build(t, httpBlock(t, s.URL, tc.path+"?key="+secret, tc.more), Env{}), nil)
			got := r.Content[0].Text
			if r.IsError != tc.isError || !tc.isError && got != tc.want || !strings.Contains(got, tc.want) || string(r.StructuredContent) != tc.structured {
				t.Errorf("got %t %q %s", r.IsError, got, r.StructuredContent)
			}
			if strings.Contains(got, secret) || len(got) > 2*errorBody {
				t.Errorf("the text holds too much: %q", got)
			}
		})
	}
}

func TestHTTPRequests(t *testing.T) {
	var got *http.Request
	var body []byte
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
	}))
	defer s.Close()

	post := map[string]any{"method": "POST", "body": `${jsonencode({ x = input.x })}`}
	r := call(t, build(t, httpBlock(t, s.URL, "/a/${input.x}/b?q=${input.x}", post), Env{}), map[string]any{"x": "c/../d&e", "h": "v"})
	if r.IsError {
		t.Fatal(r.Content[0].Text)
	}
	if got.Method != "POST" || got.RequestURI != "/a/c%2F..%2Fd&e/b?q=c%2F..%2Fd%26e" {
		t.Errorf("got %s %s", got.Method, got.RequestURI)
	}
	if string(body) != `{"x":"c/../d\u0026e"}` && string(body) != `{"x":"c/../d&e"}` {
		t.Errorf("body %s", body)
	}
	for name, want := range map[string]string{"Content-Type": "application/json", "X-Key": secret, "X-Input": "v"} {
		if got.Header.Get(name) != want {
			t.Errorf("%s: %q", name, got.Header.Get(name))
		}
	}
	if user, pass, ok := got.BasicAuth(); !ok || user != "user" || pass != secret {
		t.Error("the URL's credentials were not sent")
	}

	call(t, build(t, httpBlock(t, s.URL, "/", map[string]any{"method": "PUT", "body": "plain", "headers": map[string]any{"Host": "h.example.com", "X-Input": "${input.h}"}}), Env{}), nil)
	if _, sent := got.Header["X-Input"]; sent || got.Header.Get("Content-Type") != "text/plain; charset=utf-8" || got.Host != "h.example.com" {
		t.Errorf("got %v for %s", got.Header, got.Host)
	}
	before := got
	for name, args := range map[string]map[string]any{"a header": {"h": "v\r\nX-Evil: 1"}, "a path": {"x": ".."}} {
		r := call(t, build(t, httpBlock(t, s.URL, "/a/${input.x}", nil), Env{}), args)
		if !r.IsError || !strings.Contains(r.Content[0].Text, "do not fit") || got != before {
			t.Errorf("%s: got %+v", name, r)
		}
	}
}

func TestHTTPFailures(t *testing.T) {
	release := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	defer slow.Close()
	defer close(release)
	closed := httptest.NewServer(nil)
	closed.Close()
	garbage := listener(t, func(c net.Conn) { fmt.Fprintf(c, "HTTP/1.1 %s\r\n\r\n", secret) })
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	secure.Config.ErrorLog = hclog.NewNullLogger().StandardLogger(nil)
	defer secure.Close()

	tests := map[string]struct{ url, want string }{
		"timeout":                 {slow.URL, "did not answer within 100ms"},
		"nobody listens":          {closed.URL, "connection refused"},
		"no such host":            {"http://no-such-host.invalid", "no-such-host.invalid"},
		"not HTTP":                {garbage, "not an HTTP response"},
		"unknown authority":       {secure.URL, "certificate"},
		"TLS where there is none": {strings.Replace(slow.URL, "http:", "https:", 1), "failed"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			wait := "10s"
			if name == "timeout" {
				wait = "100ms"
			}
			var log bytes.Buffer
			env := Env{Logger: hclog.New(&hclog.LoggerOptions{Level: hclog.Trace, Output: &log})}
			r := call(t, build(t, httpBlock(t, tc.url, "/"+secret+"?key="+secret, map[string]any{"timeout": wait}), env), nil)
			if got := r.Content[0].Text; !r.IsError || !strings.Contains(got, tc.want) || strings.Contains(got, secret) {
				t.Errorf("got %q", got)
			}
			if strings.Contains(log.String(), secret) {
				t.Errorf("logged %s", log.String())
			}
		})
	}

	t.Run("given up", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		r, err := build(t, httpBlock(t, slow.URL, "/", nil), Env{}).Call(ctx, nil)
		if err != nil || !r.IsError || !strings.Contains(r.Content[0].Text, "given up") {
			t.Errorf("got %+v, %v", r, err)
		}
	})
}

// listener answers each connection with what do writes, and returns its URL.
func listener(t *testing.T, do func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			do(c)
			c.Close()
		}
	}()
	return "http://" + l.Addr().String()
}

func TestHTTPConnectionsAreKept(t *testing.T) {
	var mu sync.Mutex
	connections := 0
	s := httptest.NewUnstartedServer(respond("text/plain", 200, "ok"))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		mu.Lock()
		defer mu.Unlock()
		if state == http.StateNew {
			connections++
		}
	}
	s.Start()
	defer s.Close()
	tool := build(t, httpBlock(t, s.URL, "/", nil), Env{})
	for range 20 {
		call(t, tool, nil)
	}
	mu.Lock()
	defer mu.Unlock()
	if connections != 1 {
		t.Errorf("%d connections", connections)
	}
}

func TestAnEndlessResponseEnds(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 4096)); err != nil {
				return
			}
		}
	}))
	defer s.Close()
	begun := time.Now()
	r := call(t, build(t, httpBlock(t, s.URL, "/", nil), Env{}), nil)
	if !r.IsError || !strings.Contains(r.Content[0].Text, "larger than 1MB") || time.Since(begun) > 10*time.Second {
		t.Errorf("got %+v", r)
	}
}
