package schemas

import (
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

const (
	minSecret = 16 // characters of a key that requests are signed with
	maxWindow = Duration(time.Hour)
)

var hexSHA256 = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9a-fA-F]{64}$`) })

// auth checks who may come in.
func (r *checker) auth(a *Auth, tls *TLS) {
	if len(a.Bearer) == 0 && len(a.HMAC) == 0 && a.MTLS == nil && a.OAuth == nil {
		r.wrong("auth", "nobody could come in, as there is no method to say who one is").Fix("Give at least one of bearer, hmac, mtls and oauth, or leave the block out.")
	}
	for _, name := range sortedKeys(a.Bearer) {
		if !hexSHA256().MatchString(a.Bearer[name].SHA256) {
			r.wrong("auth.bearer."+name+".sha256", "it is not 64 hexadecimal digits").Fix("Run erlmcp token, keep the token secret, and put the hash here.")
		}
	}
	for _, name := range sortedKeys(a.HMAC) {
		at, h := "auth.hmac."+name, a.HMAC[name]
		if utf8.RuneCountInString(h.Secret) < minSecret {
			r.wrong(at+".secret", "it has fewer than %d characters", minSecret).Fix("Make one with erlmcp token, and give it as a sensitive variable.")
		}
		if h.Window > maxWindow {
			r.wrong(at+".window", "it is longer than 1h").Fix("Set the clocks, and make the window a minute or a few.")
		}
	}
	if a.MTLS != nil && (tls == nil || tls.ClientCA == "" && tls.ClientCAFile == "" || tls.ClientAuth == "none") {
		r.wrong("auth.mtls", "the server does not ask clients for certificates").Fix("Give tls { client_ca = … }, and leave client_auth out or make it \"optional\" or \"require\".")
	}
	if a.OAuth != nil {
		r.oauth("auth.oauth", a.OAuth)
	}
	r.identities("auth.allow", a.Allow)
	r.identities("auth.deny", a.Deny)
}

func (r *checker) oauth(at string, o *OAuth) {
	for _, u := range []struct{ name, url string }{{"issuer", o.Issuer}, {"resource", o.Resource}, {"jwks_url", o.JWKSURL}} {
		if u.url != "" && !IsServiceURL(u.url) {
			r.wrong(at+"."+u.name, "%q is not a URL that begins with https://", u.url).Fix("Only loopback hosts can do without TLS.")
		}
	}
	if o.Resource == "" && !IsServiceURL(o.Audience) {
		r.wrong(at+".audience", "it is not a URL, so that clients cannot be told by it where this server is").Fix("Give resource, the URL of this server, as well.")
	}
	for _, s := range o.Scopes {
		if broken := LabelScope.Check(s); broken != "" {
			r.wrong(at+".scopes", "%s", broken)
		}
	}
}

// identities finds patterns that can fit nobody.
func (r *checker) identities(at string, rules []AccessRule) {
	for _, rule := range rules {
		for _, p := range rule.Identities {
			method, _, ok := strings.Cut(p, ":")
			known := method == "bearer" || method == "hmac" || method == "cert" || method == "oauth"
			if !(ok && known) && !strings.Contains(method, "*") {
				r.wrong(at+".identities", "%q fits nobody", p).Fix("Identities begin with the method: bearer:NAME, hmac:NAME, cert:NAME or oauth:SUBJECT.")
			}
		}
	}
}

// IsServiceURL reports whether s is a URL with TLS, or of a loopback host.
func IsServiceURL(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	loopback := u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
	return u.Scheme == "https" || u.Scheme == "http" && loopback
}

func (r *checker) receipts(s *Receipts) {
	for _, p := range []struct{ name, path string }{{"folder", s.Folder}, {"key_file", s.KeyFile}} {
		if p.path != "" && !filepath.IsAbs(p.path) {
			r.wrong("receipts."+p.name, "it is not an absolute path").Fix("Name a place on the target, such as \"/var/lib/receipts\".")
		}
	}
}
