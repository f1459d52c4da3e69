package address

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// Key tells the instances of one block apart. The zero Key is that of a block
// without count or for_each.
type Key struct {
	text  string
	isInt bool
	set   bool
}

// IntKey is the key of an instance made by count.
func IntKey(n int) Key { return Key{text: strconv.Itoa(n), isInt: true, set: true} }

// StringKey is the key of an instance made by for_each.
func StringKey(s string) Key { return Key{text: s, set: true} }

// IsSet reports whether the instance was made by count or for_each.
func (k Key) IsSet() bool { return k.set }

// Value is the key as an expression sees it: a number, a string, or null.
func (k Key) Value() cty.Value {
	switch {
	case !k.set:
		return cty.NullVal(cty.String)
	case k.isInt:
		return cty.MustParseNumberVal(k.text)
	default:
		return cty.StringVal(k.text)
	}
}

// String is "", "[0]" or `["eu"]`.
func (k Key) String() string {
	switch {
	case !k.set:
		return ""
	case k.isInt:
		return "[" + k.text + "]"
	default:
		return "[" + strconv.Quote(k.text) + "]"
	}
}

// Server is the address of one instance of a server block.
type Server struct {
	Name string
	Key  Key
}

// String is `server.weather["eu"]`.
func (s Server) String() string { return "server." + s.Name + s.Key.String() }

// Slug is the address as a name that file systems and container engines take:
// letters, digits, dashes, underscores, one dot, at most slugLength of them;
// different addresses of one configuration differ.
func (s Server) Slug() string {
	name := s.Name
	if s.Key.set {
		name += "." + slug(s.Key.text)
	}
	if len(name) <= slugLength {
		return name
	}
	// Names are not cut alone: two long ones may begin alike.
	sum := sha256.Sum256([]byte(s.String()))
	return name[:slugLength-17] + "-" + hex.EncodeToString(sum[:8])
}

// slugLength is the longest slug, in bytes: that of a label in a host name
// (RFC 1035, section 2.3.4).
const slugLength = 63

// Target is the address of a target block.
type Target struct {
	Kind string
	Name string
}

// String is "target.docker.local".
func (t Target) String() string { return "target." + t.Kind + "." + t.Name }

// Resource is the address of one resource. Server is nil-like (empty Name) for
// a resource that all servers of a target share.
type Resource struct {
	Server Server
	Target Target
	Part   string // what it is to its owner: "container", "network", "process"
}

// Shared reports whether the resource belongs to its target, not to a server.
func (r Resource) Shared() bool { return r.Server.Name == "" }

// String is "server.weather@docker.local/container" or "target.docker.local/network".
func (r Resource) String() string { return r.Owner() + "/" + r.Part }

// Owner is the text before the part: the server on its target, or the target.
func (r Resource) Owner() string {
	if r.Shared() {
		return r.Target.String()
	}
	return r.Server.String() + "@" + r.Target.Kind + "." + r.Target.Name
}

// Compare orders addresses as people read them: targets' shared resources
// first, then servers by name, key (numbers as numbers), target and part.
func (r Resource) Compare(o Resource) int {
	if r.Shared() != o.Shared() {
		if r.Shared() {
			return -1
		}
		return 1
	}
	if c := strings.Compare(r.Server.Name, o.Server.Name); c != 0 {
		return c
	}
	if c := r.Server.Key.Compare(o.Server.Key); c != 0 {
		return c
	}
	if c := strings.Compare(r.Target.String(), o.Target.String()); c != 0 {
		return c
	}
	return strings.Compare(r.Part, o.Part)
}

// Compare orders keys: unset, numbers by value, then strings.
func (k Key) Compare(o Key) int {
	if k.isInt && o.isInt {
		if len(k.text) != len(o.text) {
			return len(k.text) - len(o.text)
		}
		return strings.Compare(k.text, o.text)
	}
	if k.set != o.set || k.isInt != o.isInt {
		rank := func(k Key) int {
			switch {
			case !k.set:
				return 0
			case k.isInt:
				return 1
			}
			return 2
		}
		return rank(k) - rank(o)
	}
	return strings.Compare(k.text, o.text)
}
