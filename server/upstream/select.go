package upstream

import (
	"slices"
	"strings"
	"unicode"

	"github.com/erlmcp/erlmcp/schemas"
)

// chosen says which names of the upstream are offered, and as what.
type chosen struct {
	include, exclude []schemas.Pattern // without include, all
	rename           map[string]string
	prefix           string
}

func choose(prefix string, s *schemas.Selection) chosen {
	c := chosen{prefix: prefix}
	if s != nil {
		c.include, c.exclude, c.rename = schemas.Patterns(s.Include), schemas.Patterns(s.Exclude), s.Rename
	}
	return c
}

func chooseURIs(u *schemas.URIs) chosen {
	if u == nil {
		return chosen{}
	}
	return chosen{include: schemas.Patterns(u.Include), exclude: schemas.Patterns(u.Exclude)}
}

// takes reports whether what the upstream calls so is offered.
func (c chosen) takes(there string) bool {
	fits := func(p schemas.Pattern) bool { return p.Matches(there) }
	return (len(c.include) == 0 || slices.ContainsFunc(c.include, fits)) && !slices.ContainsFunc(c.exclude, fits)
}

// here is the name that it has here; "" for one that no name can be made of.
func (c chosen) here(there string) string {
	name := c.prefix + there
	if renamed, ok := c.rename[there]; ok {
		name = renamed
	}
	const most = 256
	if there == "" || len(name) > most || strings.ContainsFunc(name, func(r rune) bool { return unicode.IsControl(r) || r == unicode.ReplacementChar }) {
		return ""
	}
	return name
}
