package catalog

import (
	"context"
	"encoding/json"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/erlmcp/erlmcp/server/protocol"
)

// maxCompletions is the most values that are suggested at once (MCP,
// server/utilities/completion, "Completion Results").
const maxCompletions = 100

// AppendCompletion appends the members of the result of completion/complete: the
// values that begin with what was typed, then those that hold it, whatever the
// case.
func (c *Catalog) AppendCompletion(ctx context.Context, dst []byte, m *protocol.Message) ([]byte, *protocol.Error) {
	var ref struct {
		Type, Name, URI string
	}
	var argument struct {
		Name, Value *string
	}
	if json.Unmarshal(m.Params.Get("ref"), &ref) != nil {
		return dst, protocol.NewError(protocol.InvalidParams, "params.ref must name a prompt or a resource template")
	}
	if json.Unmarshal(m.Params.Get("argument"), &argument) != nil || argument.Name == nil || argument.Value == nil {
		return dst, protocol.NewError(protocol.InvalidParams, "params.argument must have a name and a value, both strings")
	}
	if completion, err, ok := c.completeElsewhere(ctx, m, ref.Type, ref.Name, ref.URI); ok {
		if err != nil {
			return dst, err
		}
		return append(protocol.Field(dst, "completion"), completion...), nil
	}
	var values []string
	var err *protocol.Error
	switch ref.Type {
	case "ref/prompt":
		values, err = c.ofPrompt(ref.Name, *argument.Name)
	case "ref/resource":
		values, err = c.ofTemplate(ref.URI, *argument.Name)
	default:
		err = protocol.NewError(protocol.InvalidParams, "params.ref.type must be ref/prompt or ref/resource")
	}
	if err != nil {
		return dst, err
	}
	return appendCompletion(dst, fitting(values, *argument.Value)), nil
}

// completeElsewhere asks the server whose prompt or template it is; ok is false
// when that is this one.
func (c *Catalog) completeElsewhere(ctx context.Context, m *protocol.Message, kind, name, uri string) (_ json.RawMessage, _ *protocol.Error, ok bool) {
	var o *Offer
	ref := map[string]string{"type": kind, "uri": uri}
	switch kind {
	case "ref/prompt":
		if p := c.prompts[name]; p != nil {
			o, ref = p.from, map[string]string{"type": kind, "name": p.there}
		}
	case "ref/resource":
		for _, f := range c.foreign {
			for _, t := range f.templates {
				if t.URI == uri && o == nil {
					o = f.offer
				}
			}
		}
		if c.ownsTemplate(uri) {
			o = nil
		}
	}
	if o == nil {
		return nil, nil, false
	}
	raw, _ := json.Marshal(ref) // strings always encode
	completion, err := o.Complete(ctx, raw, m.Params.Get("argument"), m.Params.Get("context"))
	if err != nil {
		return nil, asProtocol(err), true
	}
	return completion, nil, true
}

func (c *Catalog) ownsTemplate(uri string) bool {
	return slices.ContainsFunc(c.templates, func(t *template) bool { return t.spec.URI == uri }) ||
		slices.ContainsFunc(c.resources, func(r *resource) bool { return r.folder() && r.uri+folderPattern == uri })
}

func (c *Catalog) ofPrompt(name, argument string) ([]string, *protocol.Error) {
	p := c.prompts[name]
	if p == nil {
		return nil, protocol.NewError(protocol.InvalidParams, "Unknown prompt: %s", name)
	}
	a := p.spec.Arguments[argument]
	if a == nil {
		return nil, protocol.NewError(protocol.InvalidParams, "The prompt %s has no argument %s", name, argument)
	}
	return a.Complete, nil
}

// ofTemplate are the values of a parameter of a template; of a folder the paths
// of its files.
func (c *Catalog) ofTemplate(uri, parameter string) ([]string, *protocol.Error) {
	for _, t := range c.templates {
		if t.spec.URI != uri {
			continue
		}
		if a := t.spec.Arguments[parameter]; a != nil {
			return a.Complete, nil
		}
		return nil, nil
	}
	for _, r := range c.resources {
		if !r.folder() || r.uri+folderPattern != uri {
			continue
		}
		var paths []string
		for _, f := range c.files(r) {
			paths = append(paths, f.path)
		}
		return paths, nil
	}
	return nil, protocol.NewError(protocol.InvalidParams, "Unknown resource template: %s", uri)
}

// fitting are the values that fit what was typed, the best first.
func fitting(values []string, typed string) []string {
	typed = strings.ToLower(typed)
	type rated struct {
		value string
		at    int
	}
	var found []rated
	for _, v := range values {
		if at := strings.Index(strings.ToLower(v), typed); at >= 0 {
			found = append(found, rated{v, min(at, 1)})
		}
	}
	sort.SliceStable(found, func(i, j int) bool { return found[i].at < found[j].at })
	out := make([]string, len(found))
	for i, f := range found {
		out[i] = f.value
	}
	return out
}

func appendCompletion(dst []byte, values []string) []byte {
	shown := values[:min(len(values), maxCompletions)]
	dst = append(protocol.Field(dst, "completion"), `{"values":[`...)
	for i, v := range shown {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = protocol.AppendString(dst, v)
	}
	dst = strconv.AppendInt(append(dst, `],"total":`...), int64(len(values)), 10)
	dst = strconv.AppendBool(append(dst, `,"hasMore":`...), len(shown) < len(values))
	return append(dst, '}')
}
