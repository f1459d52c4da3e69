package schemas

import (
	"fmt"
	"mime"
	"net/netip"
	"net/url"
	"path"
	"regexp"
	"strings"
	"sync"
	"unicode"

	"github.com/erlmcp/erlmcp/diag"
)

// Check finds what is wrong with a complete document beyond the rules of its
// single attributes. The Address of each diagnostic is the path of what it is
// about, such as "tool.search.input.q.pattern". The texts may quote the document;
// [Server.Secret] says what must not be shown.
func (s *Server) Check() diag.List {
	r := &checker{}
	r.line("title", s.Title)
	r.line("version", s.Version)
	r.text("description", s.Description)
	r.text("instructions", s.Instructions)
	r.listen(s)
	if s.TLS != nil {
		r.tls(s.TLS)
	}
	if s.Auth != nil {
		r.auth(s.Auth, s.TLS)
	}
	for i := range s.RateLimits {
		r.rateLimit(fmt.Sprintf("rate_limit[%d]", i), &s.RateLimits[i], s.Auth)
	}
	if s.Governor.RefuseAt < s.Governor.InterveneAt {
		r.wrong("governor.refuse_at", "it is below intervene_at").Fix("The server intervenes first, and refuses when that is not enough.")
	}
	if s.Receipts != nil {
		r.receipts(s.Receipts)
	}
	r.observe(s)
	for _, name := range sortedKeys(s.Tools) {
		r.tool("tool."+name, s.Tools[name], len(s.Resources))
	}
	for _, name := range sortedKeys(s.Resources) {
		r.resource("resource."+name, s.Resources[name])
	}
	for _, name := range sortedKeys(s.Templates) {
		t, at := s.Templates[name], "resource_template."+name
		r.line(at+".title", t.Title)
		r.text(at+".description", t.Description)
		r.mediaType(at+".mime_type", t.MIMEType)
	}
	for _, name := range sortedKeys(s.Prompts) {
		p, at := s.Prompts[name], "prompt."+name
		r.line(at+".title", p.Title)
		r.text(at+".description", p.Description)
		for _, a := range sortedKeys(p.Arguments) {
			r.line(at+".argument."+a+".title", p.Arguments[a].Title)
			r.text(at+".argument."+a+".description", p.Arguments[a].Description)
		}
	}
	r.upstreams(s)
	for _, name := range sortedKeys(s.OpenAPIs) {
		r.wrong("openapi."+name, "the runtime takes no OpenAPI document").Fix("Load the configuration with erlmcp, which makes tools of it.")
	}
	return r.broken
}

// Secret reports whether the value at a path of the document, as [Server.Check]
// writes it, is sensitive or holds something that is.
func (s *Server) Secret(path string) bool {
	unescape := strings.NewReplacer("~1", "/", "~0", "~")
	for _, p := range s.Sensitive {
		secret := unescape.Replace(strings.ReplaceAll(strings.TrimPrefix(p, "/"), "/", "."))
		if secret == path || strings.HasPrefix(secret, path+".") || strings.HasPrefix(path, secret+".") {
			return true
		}
	}
	return false
}

// checker collects what is broken.
type checker struct{ broken diag.List }

// wrong notes what is wrong at a path, as a sentence whose subject is what stands
// there.
func (r *checker) wrong(path, detail string, args ...any) *diag.Diagnostic {
	d := diag.Errorf("Wrong value", "%s: "+detail+".", append([]any{path}, args...)...)
	d.Address = path
	r.broken = append(r.broken, d)
	return d
}

// line is a name, which stands on one line.
func (r *checker) line(path, s string) {
	if strings.ContainsFunc(s, unicode.IsControl) {
		r.wrong(path, "it holds a line break or another control character").Fix("Write it on one line.")
	}
}

// text may have several lines.
func (r *checker) text(path, s string) {
	if strings.ContainsFunc(s, func(c rune) bool { return unicode.IsControl(c) && c != '\n' && c != '\t' && c != '\r' }) {
		r.wrong(path, "it holds a control character").Fix("Leave out all control characters but line breaks and tabs.")
	}
}

var hostName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.?$`)
})

// isHostName reports whether s is a host name (RFC 1123, and underscores, which
// container networks have in names) or an IP address, without a port.
func isHostName(s string) bool {
	if _, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")); err == nil {
		return true
	}
	return len(s) <= 253 && hostName().MatchString(s)
}

func (r *checker) listen(s *Server) {
	for _, h := range s.Listen.Hosts {
		if !isHostName(h) {
			r.wrong("listen.hosts", "%q is not a host name", h).Fix("Write the name alone, without scheme, port and path, such as \"mcp.example.com\".")
		}
	}
	for _, o := range s.Listen.Origins {
		if !isOrigin(o) {
			r.wrong("listen.origins", "%q is not an origin", o).Fix("An origin is a scheme and a host, and a port if need be, such as \"https://app.example.com\".")
		}
	}
	for _, p := range []struct{ at, path string }{
		{"listen.path", s.Listen.Path}, {"listen.sse_path", s.Listen.SSEPath}, {"health.path", s.Health.Path}, {"metrics.path", s.Metrics.Path},
	} {
		if p.path == "" { // a path that is not asked for
			continue
		}
		if !strings.HasPrefix(p.path, "/") || strings.ContainsAny(p.path, "?#") || strings.ContainsFunc(p.path, notInPath) || path.Clean(p.path) != p.path {
			r.wrong(p.at, "it is not a plain URL path").Fix("Begin it with a slash and leave out query, spaces and a slash at the end.")
		}
	}
	if sse := s.Listen.SSEPath; sse != "" && (sse == s.Listen.Path || sse == s.Health.Path || strings.HasPrefix(sse, strings.TrimSuffix(s.Health.Path, "/")+"/")) {
		r.wrong("listen.sse_path", "%q is the path of something else", sse).Fix("Give it another path, such as \"/sse\".")
	}
	if p, health := s.Listen.Path, s.Health.Path; p == health || strings.HasPrefix(p, strings.TrimSuffix(health, "/")+"/") {
		at := "listen.path"
		if health != "/health" {
			at = "health.path"
		}
		r.wrong(at, "listen.path is %q, where health is told (health.path is %q)", p, health).Fix("Give one of them another path.")
	}
}

func notInPath(c rune) bool { return c == ' ' || unicode.IsControl(c) }

// isOrigin reports whether s is an origin as browsers send it (RFC 6454, section
// 6.2).
func isOrigin(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme != "" && u.Host != "" && isHostName(u.Hostname()) && u.User == nil &&
		(u.Path == "" || u.Path == "/") && u.RawQuery == "" && !strings.ContainsAny(s, "#?")
}

// uriText is a URI as RFC 3986 writes it.
var uriText = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:([A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+$`)
})

func (r *checker) resource(at string, s *Resource) {
	r.line(at+".title", s.Title)
	r.text(at+".description", s.Description)
	if s.URI != "" {
		if _, err := url.Parse(s.URI); err != nil || !uriText().MatchString(s.URI) {
			r.wrong(at+".uri", "%q is not a URI", s.URI).Fix("Begin it with a scheme, and escape spaces, such as \"docs://handbook\".")
		}
	}
	r.mediaType(at+".mime_type", s.MIMEType)
	if s.HTTP != nil {
		r.resourceHTTP(at+".http", s.HTTP)
	}
	if len(s.Include) > 0 && s.Folder == "" {
		r.wrong(at+".include", "it chooses files of a folder, and there is no folder").Fix("Remove it, or write folder = ….")
	}
}

func (r *checker) mediaType(at, s string) {
	if s == "" {
		return
	}
	if t, _, err := mime.ParseMediaType(s); err != nil || !strings.Contains(t, "/") {
		r.wrong(at, "%q is not a media type", s).Fix("Write a type and a subtype, such as \"text/markdown\".")
	}
}
