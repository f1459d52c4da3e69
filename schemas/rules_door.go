package schemas

import (
	"net/url"
	"path/filepath"
	"strings"
	"time"
)

// tls checks what goes together in a tls block.
func (r *checker) tls(t *TLS) {
	given := t.Certificate != "" || t.CertificateFile != ""
	haveKey := t.Key != "" || t.KeyFile != ""
	switch {
	case given && !haveKey:
		r.wrong("tls.key", "the certificate comes without its key").Fix("Give key or key_file.")
	case !given && haveKey:
		r.wrong("tls.key", "acme and development make their own key").Fix("Remove the key, or give certificate or certificate_file.")
	}
	if t.ACME != nil {
		r.acme("tls.acme", t.ACME)
	}
	if t.Development != nil {
		for _, n := range t.Development.Names {
			if !isHostName(n) {
				r.wrong("tls.development.names", "%q is neither a host name nor an IP address", n).Fix("Write the name alone, such as \"localhost\".")
			}
		}
	}
}

func (r *checker) acme(at string, a *ACME) {
	for _, d := range a.Domains {
		if !isHostName(d) || !strings.Contains(d, ".") {
			r.wrong(at+".domains", "%q is not a host name that an authority could reach", d).Fix("Write the full name alone, such as \"mcp.example.com\".")
		}
	}
	if !IsServiceURL(a.Directory) {
		r.wrong(at+".directory", "%q is not a URL that begins with https://", a.Directory).Fix("The authority says what its directory is.")
	}
	if !filepath.IsAbs(a.Storage) {
		r.wrong(at+".storage", "it is not an absolute path").Fix("Name a place on the target, such as \"/var/lib/erlmcp/acme\".")
	}
	if a.DirectoryCAFile != "" && !filepath.IsAbs(a.DirectoryCAFile) {
		r.wrong(at+".directory_ca_file", "it is not an absolute path").Fix("Name a file on the target.")
	}
}

// maxRedisTimeout keeps requests from hanging with Redis.
const maxRedisTimeout = Duration(10 * time.Second)

func (r *checker) rateLimit(at string, l *RateLimit, auth *Auth) {
	if l.Per == "identity" && auth == nil {
		r.wrong(at+".per", "there are no identities, so that nothing would be counted").Fix("Add an auth block, or count by \"client\".")
	}
	if l.CleanupInterval < Duration(time.Second) {
		r.wrong(at+".cleanup_interval", "it is shorter than 1s").Fix("A minute does well.")
	}
	if l.Redis == nil {
		return
	}
	if u, err := url.Parse(l.Redis.URL); err != nil || u.Scheme != "redis" && u.Scheme != "rediss" || u.Host == "" || u.User != nil || u.RawQuery != "" {
		r.wrong(at+".redis.url", "it is not a URL of the form redis://HOST:PORT/DATABASE").Fix("Give user and password as username and password.")
	}
	if t := l.Redis.Timeout; t <= 0 || t > maxRedisTimeout {
		r.wrong(at+".redis.timeout", "it is not above 0 and at most 10s").Fix("Requests wait for Redis; 100ms does well.")
	}
}
