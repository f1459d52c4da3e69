package address

import (
	"fmt"
	"hash/fnv"
	"regexp"
	"strconv"
	"strings"
)

var (
	name   = `[A-Za-z_][A-Za-z0-9_-]*`
	server = regexp.MustCompile(`^server\.(` + name + `)(?:\[(\d+|"(?:[^"\\]|\\.)*")\])?$`)
	target = regexp.MustCompile(`^(` + name + `)\.(` + name + `)$`)
)

// ParseServer reads `server.weather` or `server.weather["eu"]`.
func ParseServer(s string) (Server, error) {
	m := server.FindStringSubmatch(s)
	if m == nil {
		return Server{}, fmt.Errorf("%q is not the address of a server; one looks like server.weather, server.weather[0] or server.weather[\"eu\"]", s)
	}
	out := Server{Name: m[1]}
	switch k := m[2]; {
	case k == "":
	case k[0] == '"':
		text, err := strconv.Unquote(k)
		if err != nil {
			return Server{}, fmt.Errorf("%q: the key %s is not a quoted string", s, k)
		}
		out.Key = StringKey(text)
	default:
		n, err := strconv.Atoi(k)
		if err != nil {
			return Server{}, fmt.Errorf("%q: the key %s is too large", s, k)
		}
		out.Key = IntKey(n)
	}
	return out, nil
}

// ParseTarget reads "target.docker.local".
func ParseTarget(s string) (Target, error) {
	rest, ok := strings.CutPrefix(s, "target.")
	m := target.FindStringSubmatch(rest)
	if !ok || m == nil {
		return Target{}, fmt.Errorf("%q is not the address of a target; one looks like target.docker.local", s)
	}
	return Target{Kind: m[1], Name: m[2]}, nil
}

// ParseResource reads what [Resource.String] writes.
func ParseResource(s string) (Resource, error) {
	bad := fmt.Errorf("%q is not the address of a resource; one looks like server.weather@docker.local/container or target.docker.local/network", s)
	slash := strings.LastIndexByte(s, '/')
	if slash <= 0 || slash == len(s)-1 {
		return Resource{}, bad
	}
	owner, part := s[:slash], s[slash+1:]
	if strings.HasPrefix(owner, "target.") {
		t, err := ParseTarget(owner)
		if err != nil {
			return Resource{}, bad
		}
		return Resource{Target: t, Part: part}, nil
	}
	at := strings.LastIndexByte(owner, '@')
	if at < 0 {
		return Resource{}, bad
	}
	srv, err := ParseServer(owner[:at])
	if err != nil {
		return Resource{}, err
	}
	t, err := ParseTarget("target." + owner[at+1:])
	if err != nil {
		return Resource{}, bad
	}
	return Resource{Server: srv, Target: t, Part: part}, nil
}

// MarshalText and UnmarshalText let addresses be JSON strings and map keys.
func (r Resource) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText is the inverse of MarshalText.
func (r *Resource) UnmarshalText(b []byte) (err error) {
	*r, err = ParseResource(string(b))
	return err
}

// MarshalText lets a target address be a JSON string and a map key.
func (t Target) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText is the inverse of MarshalText.
func (t *Target) UnmarshalText(b []byte) (err error) {
	*t, err = ParseTarget(string(b))
	return err
}

// Covers reports whether the address pattern that a user typed (for -target,
// -replace) names r: the resource itself, its server or instance, or its target.
func Covers(pattern string, r Resource) bool {
	switch pattern {
	case r.String(), r.Owner(), r.Target.String():
		return true
	}
	return !r.Shared() && (pattern == r.Server.String() || pattern == "server."+r.Server.Name)
}

// slug keeps a plain key as it is, and adds a short hash to any other.
func slug(s string) string {
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '-'
	}, s)
	if clean == s && s != "" {
		return s
	}
	h := fnv.New32a()
	h.Write([]byte(s))
	return strings.Trim(clean, "-") + "-" + strconv.FormatUint(uint64(h.Sum32()), 16)
}
