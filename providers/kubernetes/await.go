package kubernetes

import (
	"context"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/net"
)

// outage is how long an API server may leave questions unanswered while something is
// waited for: a control plane is away for a moment when it is upgraded.
const outage = time.Minute

// await looks until it is done, again and again, and gives up after some time. An
// API server that does not answer is no answer.
func (w *writer) await(ctx context.Context, progress func(string), most time.Duration, done func() (bool, error), late func() error) error {
	const least, longest = 50 * time.Millisecond, time.Second
	deadline := time.NewTimer(most)
	defer deadline.Stop()
	var away time.Time // since when there is no answer
	for pause := least; ; pause = min(2*pause, longest) {
		ok, err := done()
		switch {
		case unanswered(err) && away.IsZero():
			away = time.Now()
			progress("waiting for the API server, which does not answer")
		case unanswered(err) && time.Since(away) < outage:
		case ok || err != nil:
			return err
		default:
			away = time.Time{}
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-deadline.C:
			timer.Stop()
			return late()
		}
	}
}

// unanswered reports whether err says that the API server does not answer now, and
// may soon.
func unanswered(err error) bool {
	return net.IsConnectionRefused(err) || net.IsConnectionReset(err) || net.IsProbableEOF(err) || net.IsHTTP2ConnectionLost(err) || net.IsTimeout(err) ||
		apierrors.IsServiceUnavailable(err) || apierrors.IsServerTimeout(err) || apierrors.IsTooManyRequests(err)
}
