package gke

import (
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/googleapis/gax-go/v2"
	"google.golang.org/api/googleapi"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	tries        = 10
	firstPause   = 100 * time.Millisecond
	longestPause = 30 * time.Second
	callLimit    = 5 * time.Minute // of a call with all its tries
)

// patient are the options of every call: try again what may pass, as late as the API
// asks for. A call whose reply was lost may be carried out twice; callers take "it
// is there already" and "it is not there" for what they are.
func patient() []gax.CallOption {
	return []gax.CallOption{
		gax.WithTimeout(callLimit),
		gax.WithRetry(func() gax.Retryer { return &retryer{left: tries, pause: firstPause} }),
	}
}

// retryer decides about one call.
type retryer struct {
	left  int
	pause time.Duration
}

func (r *retryer) Retry(err error) (time.Duration, bool) {
	asked, passing := mayPass(err)
	if nobody(err) { // this machine's network, or an endpoint that is wrong: do not make people wait
		r.left = min(r.left, 3)
	}
	if r.left--; !passing || r.left <= 0 || asked > callLimit {
		return 0, false
	}
	pause := r.pause/2 + rand.N(r.pause/2)
	r.pause = min(2*r.pause, longestPause)
	return max(asked, pause), true
}

// nobody reports whether no connection came about.
func nobody(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial" || strings.Contains(err.Error(), "Error while dialing")
}

// mayPass reports whether the same call may succeed later, and after what time the
// API wants to see it again; 0 when it does not say.
func mayPass(err error) (time.Duration, bool) {
	var web *googleapi.Error
	if errors.As(err, &web) {
		again := []int{http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout}
		return retryAfter(web.Header.Get("Retry-After")), slices.Contains(again, web.Code)
	}
	var broken *url.Error
	if errors.As(err, &broken) {
		return 0, true
	}
	s, ok := status.FromError(err)
	if !ok {
		return 0, false
	}
	var asked time.Duration
	for _, d := range s.Details() {
		if info, ok := d.(*errdetails.RetryInfo); ok {
			asked = info.GetRetryDelay().AsDuration()
		}
	}
	switch s.Code() {
	case codes.Unavailable:
		return asked, true
	case codes.ResourceExhausted: // either a rate, which is told when to come again, or a quota
		return asked, asked > 0
	}
	return 0, false
}

// retryAfter reads the header (RFC 9110, section 10.2.3).
func retryAfter(text string) time.Duration {
	if n, err := strconv.Atoi(text); err == nil && n >= 0 {
		return time.Duration(n) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}
