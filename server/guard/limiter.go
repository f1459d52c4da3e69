package guard

import (
	"time"

	"github.com/erlmcp/erlmcp/schemas"
)

// Limiter bounds what each client may ask.
type Limiter struct{}

// NewLimiter returns a limiter for that block; nil admits everything.
func NewLimiter(limit *schemas.RateLimit) *Limiter { return &Limiter{} }

// Admit asks whether a request of that client may start now. When it may,
// release must be called once when the request has ended. When it may not,
// retryAfter says how long the client should wait.
func (l *Limiter) Admit(client string, now time.Time) (release func(), retryAfter time.Duration, ok bool) {
	return func() {}, 0, true
}
