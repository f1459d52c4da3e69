package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/erlmcp/erlmcp/schemas"
	"github.com/erlmcp/erlmcp/server/catalog"
	"github.com/erlmcp/erlmcp/server/protocol"
)

// How much an upstream may offer: entries of all lists together, bytes of their
// definitions, and pages of a list.
const (
	maxEntries     = 10_000
	maxDefinitions = 32 << 20
	maxPages       = 1000
)

var errTooMuch = errors.New("it offers more than is taken: 10000 tools, resources and prompts, and 32MB of definitions")

// offering collects what an upstream offers.
type offering struct {
	l      *link
	offer  *catalog.Offer
	count  int
	bytes  int
	chosen chosen // for the present list
}

// define asks the upstream what it offers.
func (l *link) define(ctx context.Context) error {
	o := &offering{l: l, offer: &catalog.Offer{From: l.u.Block(), Read: l.u.read, Complete: l.u.complete}}
	can := l.session.InitializeResult().Capabilities
	if can == nil {
		can = &mcp.ServerCapabilities{}
	}
	spec := l.u.spec
	if can.Tools != nil {
		o.chosen = choose(spec.Prefix, spec.Tools)
		if err := o.tools(ctx); err != nil {
			return err
		}
	}
	if can.Prompts != nil {
		o.chosen = choose(spec.Prefix, spec.Prompts)
		if err := o.prompts(ctx); err != nil {
			return err
		}
	}
	if can.Resources != nil {
		o.chosen = chooseURIs(spec.Resources)
		if err := o.resources(ctx); err != nil {
			return err
		}
	}
	l.offer = o.offer
	return nil
}

// add counts an entry, and renders it.
func (o *offering) add(definition any) (json.RawMessage, error) {
	raw, err := json.Marshal(definition)
	if err != nil {
		return nil, fmt.Errorf("a definition cannot be read: %w", err)
	}
	o.count++
	o.bytes += len(raw)
	if o.count > maxEntries || o.bytes > maxDefinitions {
		return nil, errTooMuch
	}
	return raw, nil
}

// pages asks for a list page by page; next asks for one, and returns the cursor of
// the following.
func pages(next func(cursor string) (string, error)) error {
	cursor := ""
	for range maxPages {
		var err error
		if cursor, err = next(cursor); err != nil || cursor == "" {
			return err
		}
	}
	return errTooMuch
}

func (o *offering) tools(ctx context.Context) error {
	return pages(func(cursor string) (string, error) {
		page, err := o.l.session.ListTools(ctx, &mcp.ListToolsParams{Cursor: cursor})
		if err != nil {
			return "", err
		}
		for _, t := range page.Tools {
			if err := o.tool(*t); err != nil {
				return "", err
			}
		}
		return page.NextCursor, nil
	})
}

func (o *offering) tool(t mcp.Tool) error {
	there := t.Name
	if t.Name = o.chosen.here(there); t.Name == "" || !o.chosen.takes(there) {
		return nil
	}
	definition, err := o.add(&t)
	if err != nil {
		return err
	}
	schema, err := json.Marshal(t.InputSchema)
	if err != nil {
		return fmt.Errorf("a definition cannot be read: %w", err)
	}
	o.offer.Tools = append(o.offer.Tools, catalog.OfferedTool{
		Name: t.Name, Definition: definition, Schema: schema, Does: &tool{o.l.u, there},
	})
	return nil
}

func (o *offering) prompts(ctx context.Context) error {
	return pages(func(cursor string) (string, error) {
		page, err := o.l.session.ListPrompts(ctx, &mcp.ListPromptsParams{Cursor: cursor})
		if err != nil {
			return "", err
		}
		for _, p := range page.Prompts {
			if err := o.prompt(*p); err != nil {
				return "", err
			}
		}
		return page.NextCursor, nil
	})
}

func (o *offering) prompt(p mcp.Prompt) error {
	there := p.Name
	if p.Name = o.chosen.here(there); p.Name == "" || !o.chosen.takes(there) {
		return nil
	}
	definition, err := o.add(&p)
	if err != nil {
		return err
	}
	offered := catalog.OfferedPrompt{Name: p.Name, There: there, Definition: definition, Arguments: map[string]*schemas.Argument{}}
	for _, a := range p.Arguments {
		offered.Arguments[a.Name] = &schemas.Argument{Required: &a.Required}
	}
	u := o.l.u
	offered.Does = func(ctx context.Context, args map[string]string) (*protocol.PromptResult, error) {
		return u.prompt(ctx, there, args)
	}
	o.offer.Prompts = append(o.offer.Prompts, offered)
	return nil
}

func (o *offering) resources(ctx context.Context) error {
	err := pages(func(cursor string) (string, error) {
		page, err := o.l.session.ListResources(ctx, &mcp.ListResourcesParams{Cursor: cursor})
		if err != nil {
			return "", err
		}
		for _, r := range page.Resources {
			if err := o.resource(&o.offer.Resources, r.Name, r.URI, r); err != nil {
				return "", err
			}
		}
		return page.NextCursor, nil
	})
	if err != nil {
		return err
	}
	err = pages(func(cursor string) (string, error) {
		page, err := o.l.session.ListResourceTemplates(ctx, &mcp.ListResourceTemplatesParams{Cursor: cursor})
		if err != nil {
			return "", err
		}
		for _, t := range page.ResourceTemplates {
			if err := o.resource(&o.offer.Templates, t.Name, t.URITemplate, t); err != nil {
				return "", err
			}
		}
		return page.NextCursor, nil
	})
	if saidCode(err) == protocol.MethodNotFound {
		return nil // a server with resources need not have templates
	}
	return err
}

func (o *offering) resource(to *[]catalog.OfferedResource, name, uri string, r any) error {
	if uri == "" || !o.chosen.takes(uri) {
		return nil
	}
	definition, err := o.add(r)
	if err == nil {
		*to = append(*to, catalog.OfferedResource{Name: name, URI: uri, Definition: definition})
	}
	return err
}
