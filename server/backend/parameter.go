package backend

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/erlmcp/erlmcp/schemas"
)

// parameter is an argument that an HTTP tool sends by itself (OpenAPI 3.1,
// "Parameter Object", "Style Values").
type parameter struct {
	argument, in, name, style string
	explode                   bool
	keys                      []string
}

// newParameters reads the parameters of a block, in the order of their arguments.
func newParameters(h *schemas.HTTP, c compiler) ([]parameter, error) {
	var out []parameter
	for _, argument := range slices.Sorted(maps.Keys(h.Parameters)) {
		if c.check && !slices.Contains(c.names, argument) {
			return nil, fmt.Errorf("http.parameter: there is no input %q", argument)
		}
		s := h.Parameters[argument]
		p := parameter{argument: argument, in: s.In, name: s.Name, style: s.Style, keys: s.Keys}
		if p.name == "" {
			p.name = argument
		}
		if p.style == "" {
			p.style = "form"
			if p.in == "header" {
				p.style = "simple"
			}
		}
		p.explode = p.style == "form"
		if s.Explode != nil {
			p.explode = *s.Explode
		}
		out = append(out, p)
	}
	return out, nil
}

// sent is what parameters add to a request.
type sent struct {
	query   []string // name=value, escaped
	cookies []string // the same
	headers http.Header
}

// send writes the parameters that args have. An error says which argument does not
// fit, and quotes none.
func send(parameters []parameter, args map[string]any) (sent, error) {
	out := sent{headers: http.Header{}}
	for _, p := range parameters {
		v := args[p.argument]
		if v == nil {
			continue
		}
		if err := p.write(v, &out); err != nil {
			return out, fmt.Errorf("%s: %w", p.argument, err)
		}
	}
	return out, nil
}

func (p parameter) write(v any, to *sent) error {
	switch p.in {
	case "header":
		text := p.joined(v, ",", func(s string) string { return s })
		if strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\t' }) {
			return errors.New("a header cannot hold line breaks or other control characters")
		}
		to.headers.Set(p.name, text)
	case "cookie":
		text := p.joined(v, "%2C", pathEscape)
		to.cookies = append(to.cookies, p.name+"="+text)
	default:
		pairs, err := p.pairs(v)
		if err != nil {
			return err
		}
		to.query = append(to.query, pairs...)
	}
	return nil
}

func pathEscape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// joined writes a value as one text: the elements of a list, and names and values
// of an object, side by side.
func (p parameter) joined(v any, separator string, escape func(string) string) string {
	if p.style == "json" {
		return escape(text(v, true))
	}
	var parts []string
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			parts = append(parts, escape(text(e, false)))
		}
	case map[string]any:
		between := separator
		if p.explode {
			between = "="
		}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, escape(key)+between+escape(text(v[key], false)))
		}
	default:
		return escape(text(v, false))
	}
	return strings.Join(parts, separator)
}

var errKeys = errors.New("it has a member that is not among those which may become parameters")

// pairs writes a value for the query.
func (p parameter) pairs(v any) ([]string, error) {
	name := pathEscape(p.name)
	list, isList := v.([]any)
	object, isObject := v.(map[string]any)
	var out []string
	switch {
	case p.style == "json" || !isList && !isObject:
		return []string{name + "=" + p.joined(v, "", pathEscape)}, nil
	case p.style == "deepObject":
		if isList {
			object = map[string]any{}
			for i, e := range list {
				object[strconv.Itoa(i)] = e
			}
		}
		for _, key := range slices.Sorted(maps.Keys(object)) {
			out = append(out, name+"%5B"+pathEscape(key)+"%5D="+pathEscape(text(object[key], false)))
		}
	case p.explode && isList:
		for _, e := range list {
			out = append(out, name+"="+pathEscape(text(e, false)))
		}
	case p.explode:
		for _, key := range slices.Sorted(maps.Keys(object)) {
			if !slices.Contains(p.keys, key) {
				return nil, errKeys
			}
			out = append(out, pathEscape(key)+"="+pathEscape(text(object[key], false)))
		}
	default:
		separator := map[string]string{"spaceDelimited": "%20", "pipeDelimited": "%7C"}[p.style]
		if separator == "" {
			separator = ","
		}
		return []string{name + "=" + p.joined(v, separator, pathEscape)}, nil
	}
	return out, nil
}

// text writes one value. Lists and objects within others are JSON; so is all with
// quoted, texts included.
func text(v any, quoted bool) string {
	switch v := v.(type) {
	case nil:
		if !quoted {
			return ""
		}
	case string:
		if !quoted {
			return v
		}
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return string(jsonOf(v))
}

// addQuery adds parameters to the query of a URL.
func addQuery(address string, pairs []string) string {
	if len(pairs) == 0 {
		return address
	}
	address, fragment, _ := strings.Cut(address, "#")
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	address += separator + strings.Join(pairs, "&")
	if fragment != "" {
		address += "#" + fragment
	}
	return address
}

// jsonOf encodes what was decoded from JSON, and leaves < > & as they are.
func jsonOf(v any) []byte {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil {
		return nil // does not happen to what came as JSON
	}
	return []byte(strings.TrimSuffix(b.String(), "\n"))
}
