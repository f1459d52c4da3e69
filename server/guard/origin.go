package guard

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/erlmcp/erlmcp/schemas"
)

// Origin checks the Host and Origin headers of requests, against DNS rebinding
// and against web pages that call a server behind their user's back (MCP,
// basic/transports, "Security Warning").
type Origin struct {
	hosts   []string // allowed besides loopback hosts
	anyHost bool
	local   bool     // whether the listener is on loopback
	origins []string // allowed; nil means those of loopback hosts
}

// NewOrigin returns the checks of a listener. Without hosts, a listener on a
// loopback address takes requests for loopback hosts only, and any other takes
// those for any host. With hosts, it takes those, and loopback hosts, by which
// nobody but this machine itself can mean it. Without origins, the pages of
// loopback hosts may call.
func NewOrigin(listen schemas.Listen) *Origin {
	local := isLoopback(listen.Address)
	o := &Origin{anyHost: len(listen.Hosts) == 0 && !local, local: local}
	for _, h := range listen.Hosts {
		o.hosts = append(o.hosts, hostName(h))
	}
	for _, origin := range listen.Origins {
		o.origins = append(o.origins, normalOrigin(origin))
	}
	return o
}

// Check returns why a request must be refused with status 403, or nil.
func (o *Origin) Check(r *http.Request) error {
	if host := hostName(r.Host); !o.anyHost && !isLoopback(host) && !slices.Contains(o.hosts, host) {
		return errors.New("this server does not answer for that Host; add it to listen.hosts")
	}
	for _, origin := range r.Header["Origin"] {
		if !o.mayCall(origin) {
			return errors.New("pages of that Origin may not call this server; add it to listen.origins")
		}
	}
	return nil
}

// CheckProbe is Check for what is asked by machines, health above all: those that
// ask for an address, as the probes of a cluster do, cannot have been rebound, and
// are let in unless the listener is on loopback.
func (o *Origin) CheckProbe(r *http.Request) error {
	if _, err := netip.ParseAddr(hostName(r.Host)); err == nil && !o.local && len(r.Header["Origin"]) == 0 {
		return nil
	}
	return o.Check(r)
}

func (o *Origin) mayCall(origin string) bool {
	normal := normalOrigin(origin)
	if o.origins != nil {
		return normal != "" && slices.Contains(o.origins, normal)
	}
	u, err := url.Parse(normal)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && isLoopback(u.Hostname())
}

// normalOrigin writes an origin (RFC 6454) in lower case and without a default
// port; what is none, such as "null", becomes "".
func normalOrigin(s string) string {
	u, err := url.Parse(strings.ToLower(s))
	if err != nil || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return ""
	}
	host := u.Host
	if u.Scheme == "http" {
		host = strings.TrimSuffix(host, ":80")
	} else if u.Scheme == "https" {
		host = strings.TrimSuffix(host, ":443")
	}
	return fmt.Sprintf("%s://%s", u.Scheme, host)
}

// hostName is a Host header without its port, in lower case.
func hostName(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
