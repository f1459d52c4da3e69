package catalog

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"sort"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server/backend"
	"github.com/erlmcp/erlmcp/server/protocol"
)

// Offer is what another server offers through this one. It does not change.
type Offer struct {
	From      string // the block, such as "upstream.github"
	Tools     []OfferedTool
	Prompts   []OfferedPrompt
	Resources []OfferedResource
	Templates []OfferedResource
	// Read reads a resource of it: the contents as JSON (MCP, schema,
	// "ReadResourceResult"). The error is a [protocol.Error], or a fault.
	Read func(ctx context.Context, uri string) (contents json.RawMessage, err error)
	// Complete suggests values for an argument of a prompt or template, which ref
	// names as completion/complete has it, by its name there: the completion as JSON.
	Complete func(ctx context.Context, ref, argument, filled json.RawMessage) (completion json.RawMessage, err error)
}

// OfferedTool is a tool of another server, as tools/list shows it here.
type OfferedTool struct {
	Name       string
	Definition json.RawMessage
	Schema     json.RawMessage // of its arguments
	Does       backend.Tool
}

// OfferedPrompt is a prompt of another server, as prompts/list shows it here.
type OfferedPrompt struct {
	Name       string
	There      string // its name at the other server
	Definition json.RawMessage
	Arguments  map[string]*schemas.Argument
	Does       PromptFunc
}

// OfferedResource is a resource or resource template of another server.
type OfferedResource struct {
	Name       string
	URI        string // of a template with parameters in braces
	Definition json.RawMessage
	pattern    schemas.Pattern // of the URIs of a template
}

// foreign is what a catalog takes of an offer.
type foreign struct {
	offer     *Offer
	resources map[string]OfferedResource // by URI
	templates []OfferedResource
}

// With returns the catalog with the offers of other servers beside what is in
// it, and says what of them could not be taken: a name belongs to what the
// document has, then to the offer that comes first.
func (c *Catalog) With(offers []*Offer) (_ *Catalog, left []string) {
	if len(offers) == 0 {
		return c, nil
	}
	out := *c
	out.tools, out.prompts = cloned(c.tools), cloned(c.prompts)
	out.foreign = nil
	for _, o := range offers {
		left = append(left, out.take(o)...)
	}
	out.render()
	return &out, left
}

func cloned[V any](m map[string]V) map[string]V {
	out := make(map[string]V, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}

func (c *Catalog) take(o *Offer) (left []string) {
	skip := func(kind, name, why string) {
		left = append(left, fmt.Sprintf("the %s %s of %s: %s", kind, name, o.From, why))
	}
	for _, t := range o.Tools {
		if c.tools[t.Name] != nil {
			skip("tool", t.Name, "there is a tool of this name")
			continue
		}
		args, err := passedArguments(t.Schema)
		if err != nil {
			skip("tool", t.Name, err.Error())
			continue
		}
		c.tools[t.Name] = &Tool{Name: t.Name, definition: t.Definition, arguments: args, does: t.Does}
	}
	for _, p := range o.Prompts {
		if c.prompts[p.Name] != nil {
			skip("prompt", p.Name, "there is a prompt of this name")
			continue
		}
		c.prompts[p.Name] = &Prompt{
			spec: &schemas.Prompt{Arguments: p.Arguments}, definition: p.Definition, does: p.Does, from: o, there: p.There,
		}
	}
	f := foreign{offer: o, resources: map[string]OfferedResource{}}
	for _, r := range o.Resources {
		if own, _ := c.find(r.URI); own != nil || c.foreignResource(r.URI) != nil {
			skip("resource", r.URI, "there is a resource of this URI")
			continue
		}
		f.resources[r.URI] = r
	}
	for _, t := range o.Templates {
		t.pattern = templatePattern(t.URI)
		f.templates = append(f.templates, t)
	}
	c.foreign = append(c.foreign, f)
	return left
}

// templatePattern stands for the URIs that a template may make: each expression
// of it (RFC 6570) for any characters.
func templatePattern(uri string) schemas.Pattern {
	var b strings.Builder
	for {
		literal, rest, found := strings.Cut(uri, "{")
		b.WriteString(literal)
		if !found {
			break
		}
		_, uri, _ = strings.Cut(rest, "}")
		b.WriteByte('*')
	}
	return schemas.Patterns([]string{b.String()})[0]
}

// passedArguments is the schema of a tool elsewhere. It is compiled when it is
// needed first; one that cannot be is left to that server to check.
func passedArguments(source json.RawMessage) (*arguments, error) {
	mirrored, err := mirrors(source)
	if err != nil {
		return nil, err
	}
	compiled := sync.OnceValue(func() *jsonschema.Schema {
		schema, err := compile("input_schema", source)
		if err != nil {
			return nil
		}
		return schema
	})
	return &arguments{source: source, mirrored: mirrored, passed: compiled}, nil
}

// foreignResource is the offer that a URI is listed in, or nil.
func (c *Catalog) foreignResource(uri string) *foreign {
	for i := range c.foreign {
		if _, ok := c.foreign[i].resources[uri]; ok {
			return &c.foreign[i]
		}
	}
	return nil
}

// foreignTemplate is the first offer with a template that a URI may be of, and
// that template.
func (c *Catalog) foreignTemplate(uri string) (*foreign, *OfferedResource) {
	for i := range c.foreign {
		for j := range c.foreign[i].templates {
			if t := &c.foreign[i].templates[j]; t.pattern.Matches(uri) {
				return &c.foreign[i], t
			}
		}
	}
	return nil, nil
}

// elsewhere is the offer that a URI belongs to which nothing of this server's own
// has, with the name and URI of its entry there; nil when there is none.
func (c *Catalog) elsewhere(uri string) (o *Offer, name, block string) {
	if f := c.foreignResource(uri); f != nil {
		return f.offer, f.resources[uri].Name, uri
	}
	if f, t := c.foreignTemplate(uri); f != nil {
		return f.offer, t.Name, t.URI
	}
	return nil, "", ""
}

// Elsewhere is the block of the server whose resource a URI is, such as
// "upstream.github"; "" for a resource of this server's own, and for none.
func (c *Catalog) Elsewhere(uri string) string {
	if r, _ := c.find(uri); r != nil {
		return ""
	}
	if t, _ := c.findTemplate(uri); t != nil {
		return ""
	}
	if o, _, _ := c.elsewhere(uri); o != nil {
		return o.From
	}
	return ""
}

// appendForeign is AppendResource for a resource of another server.
func (c *Catalog) appendForeign(ctx context.Context, dst []byte, uri string, v protocol.Version) ([]byte, *protocol.Error) {
	o, _, _ := c.elsewhere(uri)
	if o == nil {
		return dst, NotFound(uri, v)
	}
	contents, err := o.Read(ctx, uri)
	if err != nil {
		return dst, asProtocol(err)
	}
	if int64(len(contents)) > c.maxSize {
		return dst, protocol.NewError(protocol.InternalError, "The resource cannot be read: %v", errTooLarge)
	}
	return append(protocol.Field(dst, "contents"), contents...), nil
}

// asProtocol is the error that a client is told.
func asProtocol(err error) *protocol.Error {
	if wrong, ok := err.(*protocol.Error); ok {
		return wrong
	}
	return protocol.NewError(protocol.InternalError, "%v", err)
}

// foreignEntries are the resources of other servers in the order of a list, after
// those of this one.
func (c *Catalog) foreignEntries() []entry {
	var out []entry
	for _, f := range c.foreign {
		for _, uri := range names(f.resources) {
			out = append(out, entry{"\x7f" + f.offer.From + "\n" + uri, f.resources[uri].Definition})
		}
	}
	return out
}

// foreignTemplates are the resource templates of other servers, in order.
func (c *Catalog) foreignTemplates() []entry {
	var out []entry
	for _, f := range c.foreign {
		for _, t := range f.templates {
			out = append(out, entry{"\x7f" + f.offer.From + "\n" + t.URI, t.Definition})
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].key < out[j].key })
	return out
}

// viewed is what may lets through of the offers of other servers.
func (c *Catalog) viewed(may func(name, uri string) bool) []foreign {
	var out []foreign
	for _, f := range c.foreign {
		v := foreign{offer: f.offer, resources: map[string]OfferedResource{}}
		for uri, r := range f.resources {
			if may(r.Name, uri) {
				v.resources[uri] = r
			}
		}
		for _, t := range f.templates {
			if may(t.Name, t.URI) {
				v.templates = append(v.templates, t)
			}
		}
		out = append(out, v)
	}
	return out
}

// sameForeign reports whether both list the same of other servers.
func (c *Catalog) sameForeign(next *Catalog) bool {
	a, b := c.foreignEntries(), next.foreignEntries()
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].key != b[i].key || !bytes.Equal(a[i].json, b[i].json) {
			return false
		}
	}
	return true
}
