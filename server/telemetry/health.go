package telemetry

import (
	"encoding/json"
	"net/http"
	"slices"
	"sync"
)

// Health is a set of named checks, and answers for them over HTTP. It is safe for
// concurrent use.
type Health struct {
	mu       sync.RWMutex
	checks   []check
	draining bool
}

type check struct {
	name string
	test func() error
	part bool // whether the server serves on without it
}

// state is the JSON of an answer, and of each check in it.
type state struct {
	Name   string  `json:"name,omitempty"`
	Status string  `json:"status"` // healthy, unhealthy, draining
	Detail string  `json:"detail,omitempty"`
	Checks []state `json:"checks,omitempty"`
}

const (
	healthy   = "healthy"
	unhealthy = "unhealthy"
	draining  = "draining"
)

// NewHealth returns a healthy Health without checks.
func NewHealth() *Health { return &Health{} }

// Register adds a check, or replaces the one of that name. The test is called
// for each question, from many goroutines, and must be quick; nil means healthy.
// The text of its error is shown to whoever asks.
func (h *Health) Register(name string, test func() error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.put(check{name: name, test: test})
}

// RegisterPart is Register for something that the server serves on without: the
// answer for all checks shows it, and is not unhealthy because of it.
func (h *Health) RegisterPart(name string, test func() error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.put(check{name: name, test: test, part: true})
}

// put adds or replaces a check. The caller holds the lock.
func (h *Health) put(c check) {
	if i := slices.IndexFunc(h.checks, func(o check) bool { return o.name == c.name }); i >= 0 {
		h.checks[i] = c
		return
	}
	h.checks = append(h.checks, c)
}

// Remove takes away the check of that name.
func (h *Health) Remove(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.checks = slices.DeleteFunc(slices.Clone(h.checks), func(c check) bool { return c.name == name })
}

// SetDraining says that the server is about to stop: every answer is then that
// it takes no more work, so that load balancers go elsewhere.
func (h *Health) SetDraining(is bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.draining = is
}

// Report answers for all checks, in the order in which they were registered:
//
//	{"status":"healthy","checks":[{"name":"transport","status":"healthy"}]}
func (h *Health) Report() (ok bool, body []byte) {
	all := state{Status: healthy}
	checks, leaving := h.snapshot()
	for _, c := range checks {
		s := c.state()
		if s.Status != healthy && !c.part {
			all.Status = unhealthy
		}
		all.Checks = append(all.Checks, s)
	}
	return all.render(leaving)
}

// ServeHTTP answers for all checks, with status 200, or 503 when one of them
// fails or the server is draining.
func (h *Health) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ok, body := h.Report()
	answer(w, r, ok, body)
}

// Check returns a handler that answers for one check alone; 404 when there is
// none of that name.
func (h *Health) Check(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		checks, leaving := h.snapshot()
		i := slices.IndexFunc(checks, func(c check) bool { return c.name == name })
		if i < 0 {
			http.NotFound(w, r)
			return
		}
		ok, body := checks[i].state().render(leaving)
		answer(w, r, ok, body)
	})
}

// snapshot takes the checks along, so that none is called under the lock.
func (h *Health) snapshot() (checks []check, leaving bool) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return slices.Clone(h.checks), h.draining
}

func (c check) state() state {
	if err := c.test(); err != nil {
		return state{Name: c.name, Status: unhealthy, Detail: err.Error()}
	}
	return state{Name: c.name, Status: healthy}
}

func (s state) render(leaving bool) (ok bool, body []byte) {
	if leaving {
		s.Status = draining
	}
	body, err := json.Marshal(s)
	if err != nil { // a struct of strings always has a JSON
		return false, nil
	}
	return s.Status == healthy, body
}

func answer(w http.ResponseWriter, r *http.Request, ok bool, body []byte) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if !ok {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_, _ = w.Write(append(body, '\n')) // nobody is left to tell when it fails
}
