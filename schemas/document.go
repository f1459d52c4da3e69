package schemas

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sort"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// DocumentName is the file name of a runtime document. Files that are shipped
// with it lie in the folder FilesFolder beside it.
const (
	DocumentName = "server.json"
	FilesFolder  = "files"
)

type mark string

// Sensitive is the cty mark of a value that must never be shown or stored.
const Sensitive = mark("sensitive")

// Encode writes a value of type Describe[Server]().Type() as a runtime document.
// Equal values give equal bytes. Marked values are written in full, and listed
// in the document's "sensitive"; the result is as secret as they are. The value
// must be wholly known.
func Encode(v cty.Value) ([]byte, error) {
	plain, paths := v.UnmarkDeepWithPaths()
	if !plain.IsWhollyKnown() {
		return nil, fmt.Errorf("encode runtime document: a part of it is not known yet")
	}
	doc, err := encodeBlock(Describe[Server](), plain)
	if err != nil {
		return nil, fmt.Errorf("encode runtime document: %w", err)
	}
	if len(paths) > 0 {
		pointers := make([]string, 0, len(paths))
		for _, p := range paths {
			pointers = append(pointers, pointer(p.Path))
		}
		sort.Strings(pointers)
		doc["sensitive"] = pointers
	}
	out, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode runtime document: %w", err)
	}
	return append(out, '\n'), nil
}

// Decode reads a value of type Describe[T]().Type() that is wholly known and
// bears no marks, such as the body of a target block. Defaults are not filled in.
func Decode[T any](v cty.Value) (T, error) {
	var out T
	fields, err := encodeBlock(Describe[T](), v)
	if err != nil {
		return out, err
	}
	raw, err := json.Marshal(fields)
	if err != nil {
		return out, err
	}
	return out, json.Unmarshal(raw, &out)
}

// encodeBlock leaves out what is null or empty, so that a document says only
// what was said.
func encodeBlock(b *Block, v cty.Value) (map[string]any, error) {
	out := map[string]any{}
	for _, a := range b.Attributes {
		av := v.GetAttr(a.Name)
		if av.IsNull() || a.Name == "sensitive" && a.Internal || empty(av) {
			continue
		}
		raw, err := ctyjson.Marshal(av, a.Type)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", a.Name, err)
		}
		out[a.Name] = json.RawMessage(raw)
	}
	for _, n := range b.Blocks {
		nv := v.GetAttr(n.Name)
		if nv.IsNull() || empty(nv) {
			continue
		}
		switch n.Mode {
		case Labelled:
			m := map[string]any{}
			for it := nv.ElementIterator(); it.Next(); {
				k, ev := it.Element()
				e, err := encodeBlock(n.Block, ev)
				if err != nil {
					return nil, fmt.Errorf("%s.%s: %w", n.Name, k.AsString(), err)
				}
				m[k.AsString()] = e
			}
			out[n.Name] = m
		case Listed:
			var l []any
			for it := nv.ElementIterator(); it.Next(); {
				_, ev := it.Element()
				e, err := encodeBlock(n.Block, ev)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", n.Name, err)
				}
				l = append(l, e)
			}
			out[n.Name] = l
		default:
			e, err := encodeBlock(n.Block, nv)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", n.Name, err)
			}
			if len(e) > 0 || n.Mode == Optional {
				out[n.Name] = e
			}
		}
	}
	return out, nil
}

func empty(v cty.Value) bool {
	return v.CanIterateElements() && !v.Type().IsObjectType() && v.LengthInt() == 0
}

// Value reads a runtime document back as a value of type
// Describe[Server]().Type(), with the values that it lists as sensitive marked.
// A document with an unknown field or a wrong type is an error.
func Value(document []byte) (cty.Value, error) {
	var raw any
	dec := json.NewDecoder(bytes.NewReader(document))
	dec.UseNumber()
	if err := dec.Decode(&raw); err != nil {
		return cty.NilVal, fmt.Errorf("read runtime document: %w", err)
	}
	fields, ok := raw.(map[string]any)
	if !ok {
		return cty.NilVal, fmt.Errorf("read runtime document: it is not a JSON object")
	}
	pointers := map[string]bool{}
	if list, ok := fields["sensitive"].([]any); ok {
		for _, p := range list {
			if s, ok := p.(string); ok {
				pointers[s] = true
			}
		}
	}
	v, err := valueOf(Describe[Server](), fields)
	if err != nil {
		return cty.NilVal, fmt.Errorf("read runtime document: %w", err)
	}
	if len(pointers) == 0 {
		return v, nil
	}
	return cty.Transform(v, func(p cty.Path, v cty.Value) (cty.Value, error) {
		if pointers[pointer(p)] {
			return v.Mark(Sensitive), nil
		}
		return v, nil
	})
}

// valueOf is the inverse of encodeBlock.
func valueOf(b *Block, fields map[string]any) (cty.Value, error) {
	for name := range fields {
		if b.Attribute(name) == nil && b.Nested(name) == nil {
			return cty.NilVal, fmt.Errorf("unknown field %q", name)
		}
	}
	out := map[string]cty.Value{}
	for _, a := range b.Attributes {
		f, ok := fields[a.Name]
		if !ok || f == nil || a.Internal && a.Name == "sensitive" {
			out[a.Name] = cty.NullVal(a.Type)
			continue
		}
		raw, err := json.Marshal(f)
		if err != nil {
			return cty.NilVal, fmt.Errorf("%s: %w", a.Name, err)
		}
		if out[a.Name], err = ctyjson.Unmarshal(raw, a.Type); err != nil {
			return cty.NilVal, fmt.Errorf("%s: %w", a.Name, err)
		}
	}
	for _, n := range b.Blocks {
		f, ok := fields[n.Name]
		v, err := nestedValue(n, f, ok)
		if err != nil {
			return cty.NilVal, fmt.Errorf("%s: %w", n.Name, err)
		}
		out[n.Name] = v
	}
	return cty.ObjectVal(out), nil
}

func nestedValue(n *Nested, f any, present bool) (cty.Value, error) {
	if !present {
		return n.Absent(), nil
	}
	switch n.Mode {
	case Labelled:
		m, ok := f.(map[string]any)
		if !ok {
			return cty.NilVal, fmt.Errorf("it is not a JSON object")
		}
		out := map[string]cty.Value{}
		for k, e := range m {
			v, err := objectValue(n.Block, e)
			if err != nil {
				return cty.NilVal, fmt.Errorf("%s: %w", k, err)
			}
			out[k] = v
		}
		if len(out) == 0 {
			return n.Absent(), nil
		}
		return cty.MapVal(out), nil
	case Listed:
		l, ok := f.([]any)
		if !ok {
			return cty.NilVal, fmt.Errorf("it is not a JSON array")
		}
		var out []cty.Value
		for _, e := range l {
			v, err := objectValue(n.Block, e)
			if err != nil {
				return cty.NilVal, err
			}
			out = append(out, v)
		}
		if len(out) == 0 {
			return n.Absent(), nil
		}
		return cty.ListVal(out), nil
	}
	return objectValue(n.Block, f)
}

func objectValue(b *Block, f any) (cty.Value, error) {
	fields, ok := f.(map[string]any)
	if !ok {
		return cty.NilVal, fmt.Errorf("it is not a JSON object")
	}
	return valueOf(b, fields)
}

// pointer writes a path as a JSON pointer (RFC 6901).
func pointer(p cty.Path) string {
	var b strings.Builder
	esc := strings.NewReplacer("~", "~0", "/", "~1")
	for _, step := range p {
		b.WriteByte('/')
		switch s := step.(type) {
		case cty.GetAttrStep:
			b.WriteString(esc.Replace(s.Name))
		case cty.IndexStep:
			if s.Key.Type() == cty.String {
				b.WriteString(esc.Replace(s.Key.AsString()))
			} else {
				n, _ := s.Key.AsBigFloat().Int64()
				b.WriteString(strconv.FormatInt(n, 10))
			}
		}
	}
	return b.String()
}
