package kubernetes

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"syscall"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

func TestAwait(t *testing.T) {
	refused := fmt.Errorf("read Deployment d: %w", &url.Error{Op: "Get", URL: "https://10.0.0.1", Err: syscall.ECONNREFUSED})
	late, forbidden := errors.New("too late"), errors.New("forbidden")
	for name, c := range map[string]struct {
		answers []error // to each look, nil for "not yet"; then it is done
		most    time.Duration
		want    error
		told    bool // that the API server does not answer
	}{
		"at once":                    {nil, time.Minute, nil, false},
		"later":                      {[]error{nil, nil}, time.Minute, nil, false},
		"an error":                   {[]error{nil, forbidden}, time.Minute, forbidden, false},
		"too late":                   {slices.Repeat([]error{nil}, 1000), time.Millisecond, late, false},
		"nobody answers for a while": {[]error{nil, refused, refused}, time.Minute, nil, true},
		"too much is asked":          {[]error{apierrors.NewTooManyRequests("slower", 0)}, time.Minute, nil, true},
		"an error after an outage":   {[]error{refused, forbidden}, time.Minute, forbidden, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			looks, told := 0, false
			err := (&writer{}).await(t.Context(), func(string) { told = true }, c.most, func() (bool, error) {
				looks++
				if looks > len(c.answers) {
					return true, nil
				}
				return false, c.answers[looks-1]
			}, func() error { return late })
			if err != c.want || told != c.told {
				t.Errorf("got %v, told %v; want %v, %v", err, told, c.want, c.told)
			}
		})
	}
}
