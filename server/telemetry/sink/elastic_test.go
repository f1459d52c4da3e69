package sink

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
)

// cluster is an Elasticsearch that knows the bulk API and nothing else.
type cluster struct {
	t  *testing.T
	mu sync.Mutex
	// status answers a request as a whole when it is not 0, and item each line.
	status   int
	item     func(message string) int
	requests int
	got      chan string // messages that were taken
}

func newCluster(t *testing.T) (*cluster, ElasticOptions, chan error) {
	c := &cluster{t: t, got: make(chan string, 10000)}
	s := httptest.NewServer(c)
	t.Cleanup(s.Close)
	failed := make(chan error, 100)
	return c, ElasticOptions{
		URL: s.URL + "/", Index: "logs-a", Headers: map[string]string{"Authorization": "ApiKey k"}, Client: s.Client(),
		Flush: time.Millisecond, Buffer: 1 << 20, Timeout: 5 * time.Second, Failed: func(err error) { failed <- err },
	}, failed
}

func (c *cluster) set(status int, item func(string) int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status, c.item = status, item
}

// ServeHTTP takes pairs of lines: what to do, and the document.
func (c *cluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests++
	if c.status != 0 {
		w.WriteHeader(c.status)
		return
	}
	if r.Method != "POST" || r.URL.Path != "/_bulk" || r.Header.Get("Content-Type") != "application/x-ndjson" || r.Header.Get("Authorization") != "ApiKey k" {
		c.t.Errorf("the request is %s %s %v", r.Method, r.URL, r.Header)
	}
	answer := map[string]any{"took": 1, "errors": false}
	var items []any
	for lines := bufio.NewScanner(r.Body); lines.Scan(); {
		if got := lines.Text(); got != `{"create":{"_index":"logs-a"}}` {
			c.t.Errorf("the action is %s", got)
		}
		var line map[string]any
		if !lines.Scan() || json.Unmarshal(lines.Bytes(), &line) != nil || line["@timestamp"] == nil {
			c.t.Errorf("the document is %s", lines.Text())
		}
		text := fmt.Sprint(line["@message"])
		status := 201
		if c.item != nil {
			status = c.item(text)
		}
		item := map[string]any{"status": status}
		if status >= 400 {
			answer["errors"] = true
			item["error"] = map[string]any{"type": "es_rejected"}
		} else {
			c.got <- text
		}
		items = append(items, map[string]any{"create": item})
	}
	answer["items"] = items
	json.NewEncoder(w).Encode(answer)
}

func (c *cluster) next() string {
	c.t.Helper()
	select {
	case s := <-c.got:
		return s
	case <-time.After(10 * time.Second):
		c.t.Fatal("no line came")
		return ""
	}
}

func want(t *testing.T, failed chan error, text string) {
	t.Helper()
	select {
	case err := <-failed:
		if fmt.Sprint(err) != text {
			t.Errorf("it says %v, want %s", err, text)
		}
	case <-time.After(10 * time.Second):
		t.Fatalf("nothing was said, want %s", text)
	}
}

func TestElastic(t *testing.T) {
	c, options, _ := newCluster(t)
	options.Flush = 100 * time.Millisecond // so that the lines of a slow machine go together too
	s := ToElastic(hclog.Info, options)
	for n := range 2500 {
		s.Accept("", hclog.Info, fmt.Sprint("line ", n))
	}
	s.Accept("", hclog.Debug, "quiet")
	for n := range 2500 {
		if got := c.next(); got != fmt.Sprint("line ", n) {
			t.Fatalf("line %d is %q", n, got)
		}
	}
	if c.requests > 50 {
		t.Errorf("%d requests were made", c.requests)
	}
	options.Flush = time.Hour
	late := ToElastic(hclog.Info, options)
	late.Accept("", hclog.Info, "at the end")
	late.Close()
	s.Close()
	if got := c.next(); got != "at the end" {
		t.Errorf("got %q", got)
	}
}

func TestElasticThatIsAwayForAWhile(t *testing.T) {
	for _, status := range []int{429, 503, 401} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			c, options, failed := newCluster(t)
			c.set(status, nil)
			s := ToElastic(hclog.Info, options)
			defer s.Close()
			s.Accept("", hclog.Info, "one")
			want(t, failed, fmt.Sprintf("Elasticsearch answers with status %d", status))
			s.Accept("", hclog.Info, "two")
			c.set(0, nil)
			if a, b := c.next(), c.next(); a != "one" || b != "two" {
				t.Errorf("got %q, %q", a, b)
			}
			want(t, failed, "<nil>")
		})
	}
}

func TestElasticThatRefusesSomeLines(t *testing.T) {
	c, options, failed := newCluster(t)
	full := true
	c.set(0, func(text string) int {
		switch {
		case text == "bad":
			return 400
		case text == "later" && full:
			full = false
			return 429
		}
		return 201
	})
	options.Flush = 20 * time.Millisecond
	s := ToElastic(hclog.Info, options)
	defer s.Close()
	for _, text := range []string{"good", "bad", "later"} {
		s.Accept("", hclog.Info, text)
	}
	if a, b := c.next(), c.next(); a != "good" || b != "later" {
		t.Errorf("got %q, %q", a, b)
	}
	want(t, failed, "1 log lines were refused: es_rejected")
}

func TestElasticTooSlowDropsLines(t *testing.T) {
	c, options, failed := newCluster(t)
	c.set(503, nil)
	options.Buffer = 10_000
	s := ToElastic(hclog.Info, options)
	defer s.Close()
	for range 1000 {
		s.Accept("", hclog.Info, strings.Repeat("x", 100))
	}
	c.set(0, nil)
	c.next()
	s.Accept("", hclog.Info, "after")
	for {
		select {
		case err := <-failed:
			if err != nil && strings.Contains(err.Error(), "log lines were dropped") {
				return
			}
		case <-time.After(10 * time.Second):
			t.Fatal("nobody was told of the lines that were dropped")
		}
	}
}
