package resource

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// Codec writes objects as JSON and reads them back. Objects carry their type,
// which for a document is longer than its values; a Codec gives each type a name
// and keeps the types apart, so that a file holds each only once. The zero value
// is ready; it is not safe for concurrent use.
type Codec struct {
	types  map[string]cty.Type
	source map[string]json.RawMessage
	recent []string // names in types, the latest first: most objects share few types
	fresh  []string // named since the last call of Fresh
}

const recentTypes = 32

// encoded is the JSON of an object. Objects that do not exist are JSON null.
type encoded struct {
	Type    string            `json:"type"`
	Values  json.RawMessage   `json:"values"`
	Unknown []json.RawMessage `json:"unknown,omitempty"` // paths
	Secrets []encodedSecret   `json:"secrets,omitempty"`
}

type encodedSecret struct {
	Path   json.RawMessage `json:"path"`
	Digest string          `json:"digest,omitempty"`
}

// Encode writes o. Equal objects give equal bytes.
func (c *Codec) Encode(o Object) (json.RawMessage, error) {
	if o.Values == cty.NilVal {
		return json.RawMessage("null"), nil
	}
	name, err := c.name(o.Values.Type())
	if err != nil {
		return nil, err
	}
	w := valueWriter{}
	if err := w.value(o.Values, nil); err != nil {
		return nil, err
	}
	out := encoded{Type: name, Values: w.buf, Unknown: w.unknown}
	for _, s := range o.Secrets {
		p, err := EncodePath(s.Path)
		if err != nil {
			return nil, err
		}
		out.Secrets = append(out.Secrets, encodedSecret{Path: p, Digest: s.Digest})
	}
	return json.Marshal(out)
}

// Decode reads what Encode wrote, of a type that Encode or Learn has named.
func (c *Codec) Decode(raw json.RawMessage) (Object, error) {
	var in *encoded
	if err := json.Unmarshal(raw, &in); err != nil {
		return Object{}, fmt.Errorf("decode object: %w", err)
	}
	if in == nil {
		return Object{}, nil
	}
	t, ok := c.types[in.Type]
	if !ok {
		return Object{}, fmt.Errorf("decode object: its type %q is not defined", in.Type)
	}
	var out Object
	var err error
	if out.Values, err = ctyjson.Unmarshal(in.Values, t); err != nil {
		return Object{}, fmt.Errorf("decode object: %w", err)
	}
	if len(in.Unknown) > 0 {
		if out.Values, err = putUnknowns(out.Values, in.Unknown); err != nil {
			return Object{}, fmt.Errorf("decode object: %w", err)
		}
	}
	for _, s := range in.Secrets {
		p, err := DecodePath(s.Path)
		if err != nil {
			return Object{}, fmt.Errorf("decode object: %w", err)
		}
		out.Secrets = append(out.Secrets, Secret{Path: p, Digest: s.Digest})
	}
	return out, nil
}

func putUnknowns(v cty.Value, paths []json.RawMessage) (cty.Value, error) {
	set := cty.NewPathSet()
	for _, raw := range paths {
		p, err := DecodePath(raw)
		if err != nil {
			return cty.NilVal, err
		}
		set.Add(p)
	}
	return cty.Transform(v, func(p cty.Path, v cty.Value) (cty.Value, error) {
		if set.Has(p) {
			return cty.UnknownVal(v.Type()), nil
		}
		return v, nil
	})
}

// Types are all types named so far, by name, as JSON.
func (c *Codec) Types() map[string]json.RawMessage { return maps.Clone(c.source) }

// Fresh are the types named since the last call.
func (c *Codec) Fresh() map[string]json.RawMessage {
	if len(c.fresh) == 0 {
		return nil
	}
	out := make(map[string]json.RawMessage, len(c.fresh))
	for _, name := range c.fresh {
		out[name] = c.source[name]
	}
	c.fresh = nil
	return out
}

// Learn takes in types that another Codec named.
func (c *Codec) Learn(types map[string]json.RawMessage) error {
	for _, name := range slices.Sorted(maps.Keys(types)) {
		t, err := ctyjson.UnmarshalType(types[name])
		if err != nil {
			return fmt.Errorf("type %q: %w", name, err)
		}
		c.add(name, t, types[name])
	}
	return nil
}

func (c *Codec) name(t cty.Type) (string, error) {
	for i, name := range c.recent {
		if c.types[name].Equals(t) {
			copy(c.recent[1:i+1], c.recent[:i])
			c.recent[0] = name
			return name, nil
		}
	}
	raw, err := ctyjson.MarshalType(t)
	if err != nil {
		return "", fmt.Errorf("encode type: %w", err)
	}
	sum := sha256.Sum256(raw)
	name := hex.EncodeToString(sum[:8])
	if _, ok := c.types[name]; !ok {
		c.add(name, t, raw)
		c.fresh = append(c.fresh, name)
	}
	return name, nil
}

func (c *Codec) add(name string, t cty.Type, raw json.RawMessage) {
	if c.types == nil {
		c.types, c.source = map[string]cty.Type{}, map[string]json.RawMessage{}
	}
	c.types[name], c.source[name] = t, raw
	c.recent = slices.Insert(c.recent, 0, name)
	c.recent = c.recent[:min(len(c.recent), recentTypes)]
}
