package backend

import (
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// NewClient returns an HTTP client that keeps connections for the next request,
// and follows redirects to the same host only, at most that many. A nil
// configuration of TLS is that of the system.
func NewClient(redirects int, config *tls.Config) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
			TLSClientConfig:        config,
			ForceAttemptHTTP2:      true,
			MaxIdleConns:           64,
			MaxIdleConnsPerHost:    64,
			IdleConnTimeout:        90 * time.Second,
			TLSHandshakeTimeout:    10 * time.Second,
			MaxResponseHeaderBytes: 1 << 20,
		},
		CheckRedirect: func(next *http.Request, before []*http.Request) error {
			first := before[0].URL
			if len(before) > redirects || next.URL.Host != first.Host || next.URL.Scheme != first.Scheme {
				return http.ErrUseLastResponse
			}
			return nil
		},
	}
}
