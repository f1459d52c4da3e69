package schemas

import (
	"errors"
	"regexp"
	"slices"
	"strings"
)

// URIPart is a piece of a URI template: literal text, or a parameter.
type URIPart struct {
	Literal   string
	Parameter string
	Slashes   bool // {+name}: the parameter may hold slashes
}

var uriParameter = regexp.MustCompile(`^\+?[A-Za-z_][A-Za-z0-9_]*$`)

// ParseURITemplate reads a URI template with parameters of the forms {name} and
// {+name} (RFC 6570, levels 1 and 2). Between two parameters there must be text,
// so that a URI is read in one way only, and no parameter may come twice. Errors do
// not quote the template.
func ParseURITemplate(template string) ([]URIPart, error) {
	var parts []URIPart
	var seen []string
	for rest := template; rest != ""; {
		literal, after, open := strings.Cut(rest, "{")
		if strings.Contains(literal, "}") {
			return nil, errors.New("it has a closing brace without an opening one")
		}
		if literal != "" {
			parts = append(parts, URIPart{Literal: literal})
		}
		if !open {
			break
		}
		name, next, closed := strings.Cut(after, "}")
		switch {
		case !closed || len(name) > 128 || !uriParameter.MatchString(name):
			return nil, errors.New("a parameter is not of the form {name} or {+name}")
		case literal == "":
			return nil, errors.New("there is no text before a parameter")
		}
		p := URIPart{Parameter: strings.TrimPrefix(name, "+"), Slashes: name[0] == '+'}
		if slices.Contains(seen, p.Parameter) {
			return nil, errors.New("a parameter stands in it twice")
		}
		seen = append(seen, p.Parameter)
		parts = append(parts, p)
		rest = next
	}
	if len(seen) == 0 {
		return nil, errors.New("it has no parameter, as a resource block has none")
	}
	return parts, nil
}

// URIParameters are the names of the parameters of a URI template, in order.
func URIParameters(parts []URIPart) []string {
	var out []string
	for _, p := range parts {
		if p.Parameter != "" {
			out = append(out, p.Parameter)
		}
	}
	return out
}
