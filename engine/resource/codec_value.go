package resource

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/zclconf/go-cty/cty"
)

// valueWriter writes a value as JSON that ctyjson.Unmarshal reads with the
// value's type. Null attributes of objects are left out, which Unmarshal fills
// in; unknowns are written as null and listed.
type valueWriter struct {
	buf     []byte
	unknown []json.RawMessage
}

func (w *valueWriter) value(v cty.Value, path cty.Path) error {
	// An element of a set has no path, so one that is not known hides the set.
	if !v.IsKnown() || v.Type().IsSetType() && !v.IsWhollyKnown() {
		p, err := EncodePath(path)
		if err != nil {
			return err
		}
		w.unknown = append(w.unknown, p)
		w.buf = append(w.buf, "null"...)
		return nil
	}
	if v.IsNull() {
		w.buf = append(w.buf, "null"...)
		return nil
	}
	switch t := v.Type(); {
	case t == cty.String:
		return w.text(v.AsString())
	case t == cty.Number:
		w.buf = v.AsBigFloat().Append(w.buf, 'f', -1)
	case t == cty.Bool:
		w.buf = strconv.AppendBool(w.buf, v.True())
	case t.IsObjectType(), t.IsMapType():
		return w.mapping(v, path)
	case t.IsListType(), t.IsSetType(), t.IsTupleType():
		return w.sequence(v, path)
	default:
		return fmt.Errorf("encode %s: a %s cannot be stored", FormatPath(path), t.FriendlyName())
	}
	return nil
}

func (w *valueWriter) mapping(v cty.Value, path cty.Path) error {
	var names []string
	var element func(name string) (cty.Value, cty.PathStep)
	if t := v.Type(); t.IsObjectType() {
		element = func(name string) (cty.Value, cty.PathStep) { return v.GetAttr(name), cty.GetAttrStep{Name: name} }
		for name := range t.AttributeTypes() {
			if e := v.GetAttr(name); !e.IsKnown() || !e.IsNull() {
				names = append(names, name)
			}
		}
	} else {
		elements := v.AsValueMap()
		element = func(name string) (cty.Value, cty.PathStep) {
			return elements[name], cty.IndexStep{Key: cty.StringVal(name)}
		}
		names = slices.AppendSeq(names, maps.Keys(elements))
	}
	slices.Sort(names)
	w.buf = append(w.buf, '{')
	for i, name := range names {
		if i > 0 {
			w.buf = append(w.buf, ',')
		}
		if err := w.text(name); err != nil {
			return err
		}
		w.buf = append(w.buf, ':')
		e, step := element(name)
		if err := w.value(e, append(path, step)); err != nil {
			return err
		}
	}
	w.buf = append(w.buf, '}')
	return nil
}

func (w *valueWriter) sequence(v cty.Value, path cty.Path) error {
	w.buf = append(w.buf, '[')
	for it, i := v.ElementIterator(), 0; it.Next(); i++ {
		if i > 0 {
			w.buf = append(w.buf, ',')
		}
		k, e := it.Element()
		if err := w.value(e, append(path, cty.IndexStep{Key: k})); err != nil {
			return err
		}
	}
	w.buf = append(w.buf, ']')
	return nil
}

func (w *valueWriter) text(s string) error {
	raw, err := json.Marshal(s)
	w.buf = append(w.buf, raw...)
	return err
}

// EncodePath writes a path as a JSON array: a string for an attribute, an array
// of one string or number for an index.
func EncodePath(p cty.Path) (json.RawMessage, error) {
	steps := make([]any, len(p))
	for i, step := range p {
		switch s := step.(type) {
		case cty.GetAttrStep:
			steps[i] = s.Name
		case cty.IndexStep:
			switch {
			case s.Key.IsKnown() && s.Key.Type() == cty.String:
				steps[i] = []any{s.Key.AsString()}
			case s.Key.IsKnown() && s.Key.Type() == cty.Number:
				steps[i] = []any{json.Number(s.Key.AsBigFloat().Text('f', -1))}
			default:
				return nil, fmt.Errorf("encode path %s: an element of a set has no index", FormatPath(p))
			}
		}
	}
	return json.Marshal(steps)
}

// DecodePath is the inverse of EncodePath.
func DecodePath(raw json.RawMessage) (cty.Path, error) {
	var steps []json.RawMessage
	if err := json.Unmarshal(raw, &steps); err != nil {
		return nil, fmt.Errorf("decode path: %w", err)
	}
	out := make(cty.Path, len(steps))
	for i, s := range steps {
		step, err := parseStep(s)
		if err != nil {
			return nil, fmt.Errorf("decode path: %w", err)
		}
		out[i] = step
	}
	return out, nil
}

func parseStep(raw json.RawMessage) (cty.PathStep, error) {
	var name string
	if json.Unmarshal(raw, &name) == nil {
		return cty.GetAttrStep{Name: name}, nil
	}
	var key [1]json.RawMessage
	if err := json.Unmarshal(raw, &key); err != nil {
		return nil, err
	}
	if json.Unmarshal(key[0], &name) == nil {
		return cty.IndexStep{Key: cty.StringVal(name)}, nil
	}
	var number json.Number
	if err := json.Unmarshal(key[0], &number); err != nil {
		return nil, err
	}
	k, err := cty.ParseNumberVal(number.String())
	return cty.IndexStep{Key: k}, err
}
