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

	facts func() map[string]int // to be told beside the status; may be nil
}

// State is how the server is, or one part of it. It is the JSON of an answer, and
// of each check in it.
type State struct {
	Name   string         `json:"name,omitempty"`
	Status string         `json:"status"` // one of the constants below
	Detail string         `json:"detail,omitempty"`
	Facts  map[string]int `json:"facts,omitempty"`
	Checks []State        `json:"checks,omitempty"`
}

// What a [State] can be.
const (
	Healthy   = "healthy"
	Degraded  = "degraded" // a part that can be done without is not well
	Unhealthy = "unhealthy"
	Draining  = "draining"
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

// Tell has facts told with the check of that name, which is registered: numbers by
// their names.
func (h *Health) Tell(name string, facts func() map[string]int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if i := slices.IndexFunc(h.checks, func(c check) bool { return c.name == name }); i >= 0 {
		h.checks[i].facts = facts
	}
}

// SetDraining says that the server is about to stop: every answer is then that
// it takes no more work, so that load balancers go elsewhere.
func (h *Health) SetDraining(is bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.draining = is
}

// State is how all of it is, with the checks in the order in which they were
// registered.
func (h *Health) State() State {
	all := State{Status: Healthy}
	checks, leaving := h.snapshot()
	for _, c := range checks {
		s := c.state()
		switch {
		case s.Status == Healthy || all.Status == Unhealthy:
		case c.part:
			all.Status = Degraded
		default:
			all.Status = Unhealthy
		}
		all.Checks = append(all.Checks, s)
	}
	if leaving {
		all.Status = Draining
	}
	return all
}

// Report answers for all checks:
//
//	{"status":"healthy","checks":[{"name":"transport","status":"healthy"}]}
func (h *Health) Report() (ok bool, body []byte) { return h.State().render() }

// ServeHTTP answers for all checks, with status 200, or 503 when one of them
// fails that the server cannot do without, or the server is draining.
func (h *Health) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ok, body := h.Report()
	answer(w, r, ok, body)
}

// ServeReady answers as ServeHTTP does, without the checks: whether requests are
// taken.
func (h *Health) ServeReady(w http.ResponseWriter, r *http.Request) {
	ok, body := State{Status: h.State().Status}.render()
	answer(w, r, ok, body)
}

// ServeLive answers that the server runs, whatever else it is.
func (*Health) ServeLive(w http.ResponseWriter, r *http.Request) {
	answer(w, r, true, []byte(`{"status":"alive"}`))
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
		s := checks[i].state()
		if leaving {
			s.Status = Draining
		}
		ok, body := s.render()
		answer(w, r, ok, body)
	})
}

// snapshot takes the checks along, so that none is called under the lock.
func (h *Health) snapshot() (checks []check, leaving bool) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return slices.Clone(h.checks), h.draining
}

func (c check) state() State {
	s := State{Name: c.name, Status: Healthy}
	if err := c.test(); err != nil {
		s.Status, s.Detail = Unhealthy, err.Error()
	}
	if c.facts != nil {
		s.Facts = c.facts()
	}
	return s
}

func (s State) render() (ok bool, body []byte) {
	body, err := json.Marshal(s)
	if err != nil { // texts and numbers always have a JSON
		return false, nil
	}
	return s.Status == Healthy || s.Status == Degraded, body
}

func answer(w http.ResponseWriter, r *http.Request, ok bool, body []byte) {
	if !looks(w, r) {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if !ok {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_, _ = w.Write(append(body, '\n')) // nobody is left to tell when it fails
}

// looks refuses requests that do more than look.
func looks(w http.ResponseWriter, r *http.Request) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return true
	}
	w.Header().Set("Allow", "GET, HEAD")
	http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
	return false
}
