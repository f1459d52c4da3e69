package schemas

import (
	"crypto/x509"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// observe checks what is seen of a server from outside.
func (r *checker) observe(s *Server) {
	if s.Health.StatusPage && (s.Listen.Path == "/" || s.Health.Path == "/") {
		r.wrong("health.status_page", "the path / is that of something else").Fix("Give listen.path and health.path other paths, or leave the page out.")
	}
	for _, a := range s.Metrics.Addresses {
		r.metricsAddress(a)
	}
	if o := s.Metrics.OTLP; o != nil {
		r.collector("metrics.otlp", o.Endpoint, o.CA, o.Headers)
		if time.Duration(o.Interval) < time.Second {
			r.wrong("metrics.otlp.interval", "it is shorter than 1s").Fix("A minute is usual.")
		}
	}
	if t := s.Tracing; t != nil {
		r.collector("tracing", t.Endpoint, t.CA, t.Headers)
	}
	r.log(&s.Log)
}

func (r *checker) metricsAddress(a string) {
	if at, err := netip.ParseAddrPort(a); err != nil || at.Port() == 0 {
		r.wrong("metrics.addresses", "%q is not an IP address and a port", a).Fix("Write both, such as \"127.0.0.1:9464\" or \"[::1]:9464\".")
	}
}

func (r *checker) collector(at, endpoint, ca string, headers map[string]string) {
	r.serviceURL(at+".endpoint", endpoint)
	r.authorities(at+".ca", ca)
	r.headers(at+".headers", headers)
}

// serviceURL is the URL of a service without query; "" stands for a default.
func (r *checker) serviceURL(at, s string) {
	if s == "" {
		return
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		r.wrong(at, "it is not the URL of a service").Fix("Write scheme, host and port, such as \"http://localhost:4317\"; credentials go into headers.")
	}
}

func (r *checker) authorities(at, pem string) {
	if pem != "" && !x509.NewCertPool().AppendCertsFromPEM([]byte(pem)) {
		r.wrong(at, "there is no certificate in PEM in it").Fix("Give the certificates of the authorities, usually file(\"ca.pem\").")
	}
}

func (r *checker) headers(at string, headers map[string]string) {
	for _, name := range sortedKeys(headers) {
		if name == "" || strings.ContainsFunc(name, notInHeaderName) || strings.ContainsAny(headers[name], "\r\n\x00") {
			r.wrong(at, "%q cannot be a header with that value", name).Fix("Use letters, digits and dashes for the name, and one line for the value.")
		}
	}
}

func notInHeaderName(c rune) bool {
	return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_')
}

func (r *checker) log(l *Log) {
	if f := l.File; f != nil && !filepath.IsAbs(f.Path) {
		r.wrong("log.file.path", "it is not an absolute path").Fix("Name a place on the target, such as \"/var/log/erlmcp/server.log\".")
	}
	if s := l.Syslog; s != nil {
		if _, _, err := SplitSyslog(s.Address); err != nil {
			r.wrong("log.syslog.address", "%q does not say where a syslog daemon is", s.Address).Fix("Write unix://PATH, udp://HOST:PORT or tcp://HOST:PORT.")
		}
		r.tag("log.syslog.tag", s.Tag)
	}
	if j := l.Journald; j != nil {
		r.tag("log.journald.tag", j.Tag)
	}
	if e := l.Elasticsearch; e != nil {
		r.serviceURL("log.elasticsearch.url", e.URL)
		r.authorities("log.elasticsearch.ca", e.CA)
		r.headers("log.elasticsearch.headers", e.Headers)
	}
}

func (r *checker) tag(at, s string) {
	if strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c > '~' || c == '[' || c == ']' || c == ':' }) || len(s) > 32 {
		r.wrong(at, "it is not a name of at most 32 letters, digits and dashes")
	}
}

// SplitSyslog is the network ("unixgram", "udp" or "tcp") and the address of a
// syslog daemon, as package net takes them.
func SplitSyslog(address string) (network, at string, err error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", "", err
	}
	switch {
	case u.Scheme == "unix" && u.Host == "" && filepath.IsAbs(u.Path):
		return "unixgram", u.Path, nil
	case (u.Scheme == "udp" || u.Scheme == "tcp") && u.Path == "":
		_, port, err := net.SplitHostPort(u.Host)
		if err != nil {
			return "", "", err
		}
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return "", "", err
		}
		return u.Scheme, u.Host, nil
	}
	return "", "", strconv.ErrSyntax
}
