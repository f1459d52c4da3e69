package state

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/engine/seal"
)

const (
	fileKind   = "erlmcp-state"
	fileFormat = 1
)

// The JSON of a snapshot. Lists are ordered, so that equal snapshots give equal
// bytes.
type snapshotFile struct {
	Lineage   string                     `json:"lineage"`
	Serial    uint64                     `json:"serial"`
	DigestKey []byte                     `json:"digest_key"`
	Version   string                     `json:"version"`
	Revision  Revision                   `json:"revision"`
	History   []Record                   `json:"history,omitempty"`
	Targets   []json.RawMessage          `json:"targets,omitempty"`
	Outputs   map[string]outputFile      `json:"outputs,omitempty"`
	Resources []json.RawMessage          `json:"resources,omitempty"`
	Uncertain []uncertainFile            `json:"uncertain,omitempty"`
	Types     map[string]json.RawMessage `json:"types,omitempty"`
}

type targetFile struct {
	Address address.Target  `json:"address"`
	Config  json.RawMessage `json:"config"`
}

type outputFile struct {
	Sensitive bool            `json:"sensitive,omitempty"`
	Value     json.RawMessage `json:"value"`
}

type uncertainFile struct {
	Operation Operation       `json:"operation"`
	Resource  json.RawMessage `json:"resource"`
}

type resourceFile struct {
	Address    address.Resource   `json:"address"`
	Type       string             `json:"type"`
	Endpoint   bool               `json:"endpoint,omitempty"`
	Unverified bool               `json:"unverified,omitempty"`
	Owned      []string           `json:"owned,omitempty"`
	DependsOn  []address.Resource `json:"depends_on,omitempty"`
	Files      []File             `json:"files,omitempty"`
	Object     json.RawMessage    `json:"object,omitempty"`
}

// EncodeResource and DecodeResource are the form of a resource in every file.
func EncodeResource(c *resource.Codec, r *Resource) (json.RawMessage, error) {
	object, err := c.Encode(r.Object)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", r.Address, err)
	}
	return json.Marshal(resourceFile{
		Address: r.Address, Type: r.Type, Endpoint: r.Endpoint, Unverified: r.Unverified, Owned: r.Owned,
		DependsOn: r.DependsOn, Files: r.Files, Object: object,
	})
}

// DecodeResource is the inverse of EncodeResource.
func DecodeResource(c *resource.Codec, raw json.RawMessage) (*Resource, error) {
	var f resourceFile
	if err := json.Unmarshal(raw, &f); err != nil {
		return nil, fmt.Errorf("decode resource: %w", err)
	}
	object, err := c.Decode(f.Object)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Address, err)
	}
	return &Resource{
		Address: f.Address, Type: f.Type, Endpoint: f.Endpoint, Unverified: f.Unverified, Owned: f.Owned,
		DependsOn: f.DependsOn, Files: f.Files, Object: object,
	}, nil
}

func encodeTargets(c *resource.Codec, targets map[address.Target]Target) ([]json.RawMessage, error) {
	var out []json.RawMessage
	addresses := slices.SortedFunc(maps.Keys(targets), func(a, b address.Target) int {
		return strings.Compare(a.String(), b.String())
	})
	for _, a := range addresses {
		config, err := c.Encode(targets[a].Config)
		if err != nil {
			return nil, fmt.Errorf("encode %s: %w", a, err)
		}
		raw, err := json.Marshal(targetFile{Address: a, Config: config})
		if err != nil {
			return nil, fmt.Errorf("encode %s: %w", a, err)
		}
		out = append(out, raw)
	}
	return out, nil
}

func decodeTargets(c *resource.Codec, in []json.RawMessage) (map[address.Target]Target, error) {
	out := map[address.Target]Target{}
	for _, raw := range in {
		var f targetFile
		if err := json.Unmarshal(raw, &f); err != nil {
			return nil, fmt.Errorf("decode target: %w", err)
		}
		config, err := c.Decode(f.Config)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Address, err)
		}
		out[f.Address] = Target{Config: config}
	}
	return out, nil
}

// Encode writes a snapshot as a sealed file.
func Encode(s *Snapshot) ([]byte, error) {
	var c resource.Codec
	f := snapshotFile{
		Lineage: s.Lineage, Serial: s.Serial, DigestKey: s.DigestKey, Version: s.Version, Revision: s.Revision, History: s.History,
		Outputs: map[string]outputFile{},
	}
	var err error
	if f.Targets, err = encodeTargets(&c, s.Targets); err != nil {
		return nil, err
	}
	for name, o := range s.Outputs {
		value, err := c.Encode(o.Value)
		if err != nil {
			return nil, fmt.Errorf("encode output %s: %w", name, err)
		}
		f.Outputs[name] = outputFile{Sensitive: o.Sensitive, Value: value}
	}
	for _, a := range s.Addresses() {
		raw, err := EncodeResource(&c, s.Resources[a])
		if err != nil {
			return nil, err
		}
		f.Resources = append(f.Resources, raw)
	}
	for _, a := range slices.SortedFunc(maps.Keys(s.Uncertain), address.Resource.Compare) {
		u := s.Uncertain[a]
		raw, err := EncodeResource(&c, &u.Resource)
		if err != nil {
			return nil, err
		}
		f.Uncertain = append(f.Uncertain, uncertainFile{Operation: u.Operation, Resource: raw})
	}
	f.Types = c.Types()
	raw, err := json.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("encode state: %w", err)
	}
	return seal.Wrap(fileKind, fileFormat, raw), nil
}

// decodeSnapshot reads a sealed file. The error is a sentence without its
// subject.
func decodeSnapshot(file []byte) (*Snapshot, error) {
	content, err := seal.Unwrap(fileKind, fileFormat, file)
	if err != nil {
		return nil, err
	}
	var f snapshotFile
	if err := json.Unmarshal(content, &f); err != nil {
		return nil, fmt.Errorf("is damaged: %w", err)
	}
	var c resource.Codec
	if err := c.Learn(f.Types); err != nil {
		return nil, fmt.Errorf("is damaged: %w", err)
	}
	s := &Snapshot{
		Lineage: f.Lineage, Serial: f.Serial, DigestKey: f.DigestKey, Version: f.Version, Revision: f.Revision, History: f.History,
		Resources: map[address.Resource]*Resource{}, Uncertain: map[address.Resource]*Uncertain{}, Outputs: map[string]Output{},
	}
	if s.Targets, err = decodeTargets(&c, f.Targets); err != nil {
		return nil, fmt.Errorf("is damaged: %w", err)
	}
	for name, o := range f.Outputs {
		value, err := c.Decode(o.Value)
		if err != nil {
			return nil, fmt.Errorf("is damaged: output %s: %w", name, err)
		}
		s.Outputs[name] = Output{Sensitive: o.Sensitive, Value: value}
	}
	for _, raw := range f.Resources {
		r, err := DecodeResource(&c, raw)
		if err != nil {
			return nil, fmt.Errorf("is damaged: %w", err)
		}
		if _, twice := s.Resources[r.Address]; twice {
			return nil, fmt.Errorf("is damaged: %s stands there twice", r.Address)
		}
		s.Resources[r.Address] = r
	}
	for _, u := range f.Uncertain {
		r, err := DecodeResource(&c, u.Resource)
		if err != nil {
			return nil, fmt.Errorf("is damaged: %w", err)
		}
		s.Uncertain[r.Address] = &Uncertain{Operation: u.Operation, Resource: *r}
	}
	if err := s.Check(); err != nil {
		return nil, fmt.Errorf("is damaged: %w", err)
	}
	return s, nil
}

// SerialOf is the serial of an encoded snapshot, 0 for nil. It checks that the
// file is whole, not what it holds.
func SerialOf(file []byte) (uint64, error) {
	if file == nil {
		return 0, nil
	}
	content, err := seal.Unwrap(fileKind, fileFormat, file)
	if err != nil {
		return 0, err
	}
	var f struct{ Serial uint64 }
	if err := json.Unmarshal(content, &f); err != nil {
		return 0, fmt.Errorf("is damaged: %w", err)
	}
	return f.Serial, nil
}
