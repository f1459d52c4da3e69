package telemetry

import "net/http"

// Health is a set of named checks.
type Health struct{}

// NewHealth returns a healthy Health without checks.
func NewHealth() *Health { return &Health{} }

// Register adds a check, or replaces the one of that name. It is called for each
// question, from many goroutines, and must be quick; nil means healthy. The
// error text is shown to whoever asks.
func (h *Health) Register(name string, check func() error) {}

// SetDraining makes everything unhealthy, so that load balancers go elsewhere
// while calls in progress end.
func (h *Health) SetDraining(draining bool) {}

// Report answers for all checks, in JSON.
func (h *Health) Report() (ok bool, body []byte) { return true, nil }

// ServeHTTP answers for all checks: 200, or 503 when one fails.
func (h *Health) ServeHTTP(w http.ResponseWriter, r *http.Request) {}

// Check returns a handler that answers for one check alone; 404 when there is
// none of that name.
func (h *Health) Check(name string) http.Handler { return h }
