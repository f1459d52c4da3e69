package schemas

import (
	"fmt"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
)

// upstreams checks the upstreams of a server, and the names that are known
// before they are asked what they offer.
func (r *checker) upstreams(s *Server) {
	tools, prompts := map[string]string{}, map[string]string{}
	for name := range s.Tools {
		tools[name] = "tool." + name
	}
	for name := range s.Prompts {
		prompts[name] = "prompt." + name
	}
	for _, name := range sortedKeys(s.Upstreams) {
		u, at := s.Upstreams[name], "upstream."+name
		if strings.ContainsAny(name, "/.") { // stands in the path of a health check
			r.wrong(at, "the name of an upstream holds no dot").Fix("Give it another name.")
		}
		if u.Prefix != "" {
			if rule := LabelName.Check(u.Prefix); rule != "" {
				r.wrong(at+".prefix", "%s", rule).Fix("Write one such as \"%s_\".", name)
			}
		}
		if u.HTTP != nil {
			r.upstreamHTTP(at+".http", u.HTTP)
		}
		if u.Stdio != nil {
			for _, variable := range sortedKeys(u.Stdio.Env) {
				if variable == "" || strings.ContainsAny(variable, "=\x00") {
					r.wrong(at+".stdio.env", "%q cannot be the name of an environment variable", variable).Fix("Leave out equals signs; what is set is the value.")
				}
			}
			if len(u.Stdio.Command) > 0 && u.Stdio.Command[0] == "" {
				r.wrong(at+".stdio.command", "the program is empty").Fix("Name it, such as \"/usr/bin/mcp-server\".")
			}
		}
		r.selection(at+".tools", u.Tools, tools)
		r.selection(at+".prompts", u.Prompts, prompts)
	}
}

// selection checks the new names, and notes them among those that are taken.
func (r *checker) selection(at string, s *Selection, taken map[string]string) {
	if s == nil {
		return
	}
	for _, there := range sortedKeys(s.Rename) {
		here := s.Rename[there]
		if rule := LabelName.Check(here); rule != "" {
			r.wrong(at+".rename", "%s", rule)
			continue
		}
		if other := taken[here]; other != "" {
			r.wrong(at+".rename", "%q is the name of %s already", here, other).Fix("Give one of them another name.")
			continue
		}
		taken[here] = fmt.Sprintf("%s.rename[%q]", at, there)
	}
}

func (r *checker) upstreamHTTP(at string, h *UpstreamHTTP) {
	r.httpURL(at+".url", h.URL)
	for _, name := range sortedKeys(h.Headers) {
		r.header(at+".headers", name)
		if canonical := textproto.CanonicalMIMEHeaderKey(name); strings.HasPrefix(canonical, "Mcp-") || slices.Contains(protocolHeaders, canonical) {
			r.wrong(at+".headers", "the header %s is set by the protocol", name).Fix("Remove it.")
		}
		if h.Token != "" && strings.EqualFold(name, "Authorization") {
			r.wrong(at+".headers", "token sets Authorization too").Fix("Keep one of them.")
		}
		r.headerValue(at+".headers", name, h.Headers[name])
	}
	if strings.ContainsFunc(h.Token, func(c rune) bool { return c <= ' ' || c >= 0x7f }) {
		r.wrong(at+".token", "a token holds visible ASCII characters only").Fix("Leave out spaces and line breaks.")
	}
	if (h.Certificate+h.CertificateFile == "") != (h.Key+h.KeyFile == "") {
		r.wrong(at, "a certificate and its private key go together").Fix("Give both, or none.")
	}
}

func (r *checker) httpURL(at, address string) {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.Fragment != "":
		r.wrong(at, "it is not an HTTP URL").Fix("Write one such as \"https://example.com/path\".")
	case u.User != nil:
		r.wrong(at, "there is a name or password in it").Fix("Send them with headers.")
	}
}

func (r *checker) headerValue(at, name, value string) {
	if strings.ContainsFunc(value, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }) {
		r.wrong(at, "the value of %s holds a line break or another control character", name).Fix("Write it on one line.")
	}
}

// protocolHeaders are those of a request that MCP's transport sets.
var protocolHeaders = []string{"Accept", "Content-Type", "Last-Event-Id"}
