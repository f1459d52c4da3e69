package config

import (
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/schemas"
)

// judge lets Options.Check look at the document of each instance, and finds the
// places of what it says. Blocks that are broken already are left out; of any other
// with errors the first instance that has them stands for the others.
func (c *Configuration) judge(broken map[*server]bool) diag.List {
	if c.opts.Check == nil {
		return nil
	}
	var places []*place
	firsts := map[*server]*place{}
	for i := range c.instances {
		p := c.places[c.instances[i].Ref]
		if broken[p.server] || p.target != p.refs[0].Target {
			continue // its other targets have the same document
		}
		if first := firsts[p.server]; first == nil {
			firsts[p.server] = p
		} else if alike(first.first.Document, p.first.Document) {
			continue
		}
		places = append(places, p)
	}
	found := make([]diag.List, len(places))
	var next atomic.Int64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(places); i = int(next.Add(1)) - 1 {
				found[i] = c.judgeOne(places[i])
			}
		})
	}
	workers.Wait()
	var all diag.List
	for i, p := range places {
		if !broken[p.server] {
			all = append(all, found[i]...)
			broken[p.server] = found[i].HasErrors()
		}
	}
	return all
}

// alike reports whether two servers differ in nothing but name and ports, of which
// the check has nothing to say.
func alike(a, b cty.Value) bool {
	for name := range a.Type().AttributeTypes() {
		x, y := a.GetAttr(name), b.GetAttr(name)
		switch name {
		case "name":
			continue
		case "listen", "metrics":
			for inner := range x.Type().AttributeTypes() {
				if inner != "port" && inner != "tcp_port" && !x.GetAttr(inner).RawEquals(y.GetAttr(inner)) {
					return false
				}
			}
			continue
		}
		if !x.RawEquals(y) {
			return false
		}
	}
	return true
}

// judgeOne looks at one instance. What is not known yet is left out.
func (c *Configuration) judgeOne(p *place) diag.List {
	document := p.first.Document
	raw, err := schemas.Encode(knownPart(document))
	if err != nil {
		return nil // it cannot be written because of what has been reported
	}
	doc, err := schemas.Parse(raw)
	if err != nil {
		reason := err.Error()
		if document.ContainsMarked() {
			reason = "The reason is not shown, as it may hold a sensitive value."
		}
		return diag.List{diag.Errorf("The server cannot be built", "%s", stop(upper(reason))).At(diag.FromRange(&p.server.at))}
	}
	found := c.opts.Check(doc)
	for _, d := range found {
		at := locate(p.server.body, d.Address, p.server.at)
		d.At(diag.FromRange(&at))
		d.Address = p.address.String()
	}
	return found
}

// locate finds the place of a path such as "tool.search.input.q.pattern" below a
// body: the value of the attribute, or the header of the innermost block on the
// way that is written out.
func locate(body *hclsyntax.Body, path string, header hcl.Range) hcl.Range {
	for _, b := range body.Blocks {
		rest, ok := strings.CutPrefix(path+".", blockPath(b))
		switch {
		case !ok:
		case b.Type == "dynamic":
			return b.DefRange()
		default:
			return locate(b.Body, strings.TrimSuffix(rest, "."), b.DefRange())
		}
	}
	name, _, _ := strings.Cut(path, ".")
	if a := body.Attributes[name]; a != nil {
		return a.Expr.Range()
	}
	return header
}

// blockPath is the path of a block in the block around it, with a dot at its end.
func blockPath(b *hclsyntax.Block) string {
	if b.Type == "dynamic" {
		return strings.Join(b.Labels, ".") + "."
	}
	return strings.Join(append([]string{b.Type}, b.Labels...), ".") + "."
}

// knownPart leaves out of a document what is not wholly known, each tool, resource
// and prompt as a whole.
func knownPart(document cty.Value) cty.Value {
	if document.IsWhollyKnown() {
		return document
	}
	if !document.GetAttr("resource").IsWhollyKnown() {
		document = without(document, "tool") // some may search what is left out
	}
	return knownIn(schemas.Describe[schemas.Server](), document)
}

func without(object cty.Value, name string) cty.Value {
	values := object.AsValueMap()
	values[name] = cty.NullVal(values[name].Type())
	return cty.ObjectVal(values)
}

func knownIn(b *schemas.Block, object cty.Value) cty.Value {
	values := object.AsValueMap()
	for _, a := range b.Attributes {
		if !values[a.Name].IsWhollyKnown() {
			values[a.Name] = cty.NullVal(a.Type)
		}
	}
	for _, n := range b.Blocks {
		v := values[n.Name]
		switch {
		case v.IsWhollyKnown():
		case n.Mode == schemas.Always:
			values[n.Name] = knownIn(n.Block, v)
		case n.Mode == schemas.Labelled && v.IsKnown():
			values[n.Name] = n.Absent()
			elements := v.AsValueMap()
			for label, e := range elements {
				if !e.IsWhollyKnown() {
					delete(elements, label)
				}
			}
			if len(elements) > 0 {
				values[n.Name] = cty.MapVal(elements)
			}
		default:
			values[n.Name] = n.Absent()
		}
	}
	return cty.ObjectVal(values)
}
