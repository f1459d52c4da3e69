package docker

import (
	"net/url"
	"regexp"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/resource"
)

// settings is the body of a target block.
type settings struct {
	host    string // "" for what the environment says
	network string // "" for one of the target's own
	prefix  string
	arch    string
}

var prefixForm = regexp.MustCompile(`^[a-z0-9]+(?:[_.-][a-z0-9]+)*$`)

func settingsOf(t resource.Target) (settings, error) {
	text := func(name, fallback string) string {
		v, _ := t.Config.GetAttr(name).Unmark()
		if v.IsNull() {
			return fallback
		}
		return v.AsString()
	}
	s := settings{
		host:    text("host", ""),
		network: text("network", ""),
		prefix:  text("prefix", "erlmcp"),
		arch:    text("arch", "amd64"),
	}
	if !prefixForm.MatchString(s.prefix) {
		return s, refuse(t, "bad prefix", "The prefix %q cannot begin the name of an image.", s.prefix).
			Fix("Use small letters and digits, with single dashes, dots or underscores between them.")
	}
	return s, nil
}

// refuse is an error about a target block.
func refuse(t resource.Target, summary, detail string, args ...any) *diag.Diagnostic {
	d := diag.Errorf(summary, detail, args...)
	d.Address = t.Address.String()
	return d
}

// reach is the address at which ports that are published on every address of
// the engine's machine are reached.
func (s settings) reach() string {
	if u, err := url.Parse(s.host); err == nil && u.Scheme == "tcp" && u.Hostname() != "" {
		return u.Hostname()
	}
	return "127.0.0.1"
}

func texts(s ...string) cty.Value {
	if len(s) == 0 {
		return cty.ListValEmpty(cty.String)
	}
	out := make([]cty.Value, len(s))
	for i := range s {
		out[i] = cty.StringVal(s[i])
	}
	return cty.ListVal(out)
}

func textMap(m map[string]string) cty.Value {
	if len(m) == 0 {
		return cty.MapValEmpty(cty.String)
	}
	out := make(map[string]cty.Value, len(m))
	for k, v := range m {
		out[k] = cty.StringVal(v)
	}
	return cty.MapVal(out)
}
