package jsonschema

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// dialect is a draft, in the order of their years.
type dialect int

const (
	draft4 dialect = iota
	draft6
	draft7
	draft2019
	draft2020
)

// dialects are the drafts by the URI of $schema, without scheme and fragment.
var dialects = map[string]dialect{
	"json-schema.org/draft-04/schema":      draft4,
	"json-schema.org/draft-06/schema":      draft6,
	"json-schema.org/draft-07/schema":      draft7,
	"json-schema.org/draft/2019-09/schema": draft2019,
	"json-schema.org/draft/2020-12/schema": draft2020,
	"json-schema.org/schema":               draft2020,
}

func dialectNamed(uri string) (dialect, bool) {
	_, name, _ := strings.Cut(strings.TrimSuffix(uri, "#"), "://")
	d, ok := dialects[name]
	return d, ok
}

// resource is a schema with an identifier, and what belongs to it.
type resource struct {
	uri     *url.URL
	at      string // JSON Pointer to it (RFC 6901)
	dialect dialect
	anchors map[string]string // JSON Pointers
	dynamic map[string]string // those of $dynamicAnchor
	outer   map[string]*Schema
}

// recursive stands for $recursiveAnchor (2019-09), which is a $dynamicAnchor without
// a name.
const recursive = "$recursiveAnchor"

// document is a schema while it is compiled. Schemas are known by the JSON Pointers
// to them.
type document struct {
	root      any
	formats   bool
	resources map[string]*resource // by place
	places    map[string]*resource // by URI
	compiled  map[string]*Schema
	moves     bool // something refers to a dynamic anchor
	wrong     Misfits
	elsewhere error // the first reference to another document
}

// Compile compiles a schema. Formats says whether the format keyword counts. The
// error says what is wrong in a sentence that begins in small letters.
func Compile(source []byte, formats bool) (*Schema, error) {
	root, err := Decode(source)
	if err != nil {
		return nil, fmt.Errorf("it is not JSON: %w", err)
	}
	d := &document{root: root, formats: formats, resources: map[string]*resource{}, places: map[string]*resource{}, compiled: map[string]*Schema{}}
	first := &resource{uri: &url.URL{Scheme: "erlmcp", Path: "/"}, dialect: draft2020, anchors: map[string]string{}, dynamic: map[string]string{}}
	d.resources[""], d.places[first.uri.String()] = first, first
	d.survey(root, "", first)
	var s *Schema
	if len(d.wrong) == 0 {
		s = d.schema("")
	}
	if d.moves {
		d.connect()
	}
	switch {
	case d.elsewhere != nil:
		return nil, d.elsewhere
	case len(d.wrong) > 0:
		slices.SortFunc(d.wrong, Misfit.compare)
		return nil, fmt.Errorf("it is not a JSON Schema: %w", d.wrong)
	case d.circles():
		return nil, errors.New("it is not a JSON Schema: it refers to itself without end")
	}
	return s, nil
}

// fail notes what is wrong with the schema at a place.
func (d *document) fail(at, format string, args ...any) {
	m := Misfit{Says: fmt.Sprintf(format, args...)}
	for step := range strings.SplitSeq(strings.TrimPrefix(at, "/"), "/") {
		if step != "" {
			m.At = append(m.At, unescape(step))
		}
	}
	d.wrong = append(d.wrong, m)
}

// survey finds the resources and anchors at and below a place.
func (d *document) survey(node any, at string, in *resource) {
	members, ok := node.(map[string]any)
	if !ok {
		return
	}
	in = d.identify(members, at, in)
	for _, name := range []string{"$anchor", "$dynamicAnchor"} {
		anchor, ok := members[name].(string)
		if !ok || in.dialect < draft2019 {
			continue
		}
		if other, taken := in.anchors[anchor]; taken && other != at {
			d.fail(at+"/"+name, "there are two anchors %s", shown(anchor))
		}
		in.anchors[anchor] = at
		if name == "$dynamicAnchor" && in.dialect >= draft2020 {
			in.dynamic[anchor] = at
		}
	}
	if is, _ := members["$recursiveAnchor"].(bool); is && in.dialect == draft2019 && in.at == at {
		in.dynamic[recursive] = at
	}
	for name, value := range members {
		place := at + "/" + escape(name)
		switch inside := subschemas[name]; v := value.(type) {
		case map[string]any:
			if inside&single != 0 {
				d.survey(v, place, in)
			}
			for key, sub := range v {
				if inside&named != 0 {
					d.survey(sub, place+"/"+escape(key), in)
				}
			}
		case []any:
			for i, sub := range v {
				if inside&listed != 0 {
					d.survey(sub, place+"/"+strconv.Itoa(i), in)
				}
			}
		}
	}
}

// identify begins a resource where a schema has an identifier, or is the root.
func (d *document) identify(members map[string]any, at string, in *resource) *resource {
	speaks, keyword := in.dialect, "$id"
	if name, ok := members["$schema"].(string); ok && (at == "" || members["$id"] != nil) {
		if speaks, ok = dialectNamed(name); !ok {
			d.fail(at+"/$schema", "%s is not one of the dialects 2020-12, 2019-09, draft-07, draft-06 and draft-04", shown(name))
		}
	}
	if at == "" {
		in.dialect = speaks
	}
	if speaks == draft4 {
		keyword = "id"
	}
	id, _ := members[keyword].(string)
	if _, refers := members["$ref"]; id == "" || refers && speaks <= draft7 {
		return in
	}
	uri, err := in.uri.Parse(id)
	if err != nil {
		d.fail(at+"/"+keyword, "%s is not a URI", shown(id))
		return in
	}
	anchor := uri.Fragment
	if uri.Fragment = ""; anchor != "" {
		if speaks > draft7 {
			d.fail(at+"/"+keyword, "it must have no fragment")
		}
		in.anchors[anchor] = at // as it was until draft 7
		if strings.HasPrefix(id, "#") {
			return in
		}
	}
	r := &resource{uri: uri, at: at, dialect: speaks, anchors: map[string]string{}, dynamic: map[string]string{}}
	if other := d.places[uri.String()]; other != nil && other.at != at {
		d.fail(at+"/"+keyword, "there are two schemas %s", shown(id))
	}
	d.resources[at], d.places[uri.String()] = r, r
	return r
}

// resourceOf is the resource that a place is in.
func (d *document) resourceOf(at string) *resource {
	for {
		if r := d.resources[at]; r != nil {
			return r
		}
		at = at[:strings.LastIndexByte(at, '/')]
	}
}

// find is where a reference leads, and the anchor that it names. The error says that
// it leads nowhere, or out of the document.
func (d *document) find(ref string, in *resource) (at, anchor string, err error) {
	uri, err := in.uri.Parse(ref)
	if err != nil {
		return "", "", fmt.Errorf("%s is not a URI", shown(ref))
	}
	fragment := uri.Fragment
	uri.Fragment, uri.RawFragment = "", ""
	to := d.places[uri.String()]
	if to == nil {
		if d.elsewhere == nil {
			d.elsewhere = fmt.Errorf("$ref leads to %s, and schemas elsewhere are not fetched", clip(ref, longestPart))
		}
		return "", "", d.elsewhere
	}
	if fragment == "" {
		return to.at, "", nil
	}
	at, ok := to.at+fragment, strings.HasPrefix(fragment, "/")
	if ok {
		_, ok = d.node(at)
	} else {
		at, ok = to.anchors[fragment]
		anchor = fragment
	}
	if !ok {
		return "", "", fmt.Errorf("%s leads nowhere", shown(ref))
	}
	return at, anchor, nil
}

// node is what stands at a place of the document.
func (d *document) node(at string) (any, bool) {
	v := d.root
	for at != "" {
		step, rest, more := strings.Cut(at[1:], "/")
		if at = rest; more {
			at = "/" + rest
		}
		switch in := v.(type) {
		case map[string]any:
			next, ok := in[unescape(step)]
			if !ok {
				return nil, false
			}
			v = next
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(in) {
				return nil, false
			}
			v = in[i]
		default:
			return nil, false
		}
	}
	return v, true
}

// connect compiles what dynamic references may lead to.
func (d *document) connect() {
	for _, r := range d.resources {
		r.outer = make(map[string]*Schema, len(r.dynamic))
		for anchor, at := range r.dynamic {
			r.outer[anchor] = d.schema(at)
		}
	}
}

// escape and unescape are for a step of a JSON Pointer (RFC 6901, section 3).
func escape(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "~", "~0"), "/", "~1")
}

func unescape(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "~1", "/"), "~0", "~")
}
