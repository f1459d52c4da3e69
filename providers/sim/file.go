package sim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/google/renameio/v2"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
	"golang.org/x/sys/unix"

	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/schemas"
)

// The JSON of a world. It holds secrets, as a real target does.
type worldFile struct {
	Objects []objectFile `json:"objects"`
	Made    int          `json:"made"`
	Picked  int64        `json:"picked"`
}

type objectFile struct {
	Lineage    string                     `json:"lineage"`
	Address    address.Resource           `json:"address"`
	Type       string                     `json:"type"`
	Revision   int                        `json:"revision"`
	Attributes map[string]json.RawMessage `json:"attributes"`          // null ones are left out
	Sensitive  []string                   `json:"sensitive,omitempty"` // attributes that are secret as a whole
}

// withFile reads a world and, when f says so, writes it back as a whole. A lock
// beside the file keeps other processes out.
func withFile(path string, f func(*objects) (write bool, err error)) error {
	lock, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open simulated world: %w", err)
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return fmt.Errorf("lock simulated world: %w", err)
	}
	s, err := load(path)
	if err != nil {
		return fmt.Errorf("read simulated world %s: %w", path, err)
	}
	write, err := f(s)
	if err != nil || !write {
		return err
	}
	raw, err := s.encode()
	if err == nil {
		err = renameio.WriteFile(path, raw, 0o600)
	}
	if err != nil {
		return fmt.Errorf("write simulated world %s: %w", path, err)
	}
	return nil
}

func load(path string) (*objects, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &objects{}, nil
	}
	if err != nil {
		return nil, err
	}
	var f worldFile
	if err := json.Unmarshal(raw, &f); err != nil {
		return nil, err
	}
	s := &objects{made: f.Made, picked: f.Picked}
	for _, of := range f.Objects {
		o := &Object{Lineage: of.Lineage, Address: of.Address, Type: of.Type, Revision: of.Revision}
		values := null(typeOf(of.Type))
		for _, a := range typeOf(of.Type).Attributes {
			raw, ok := of.Attributes[a.Name]
			if !ok {
				continue
			}
			if values[a.Name], err = decode(a, raw); err != nil {
				return nil, fmt.Errorf("%s: %s: %w", of.Address, a.Name, err)
			}
			if slices.Contains(of.Sensitive, a.Name) {
				values[a.Name] = values[a.Name].Mark(schemas.Sensitive)
			}
		}
		o.Values = cty.ObjectVal(values)
		s.add(o)
	}
	return s, nil
}

func (s *objects) encode() ([]byte, error) {
	f := worldFile{Made: s.made, Picked: s.picked, Objects: []objectFile{}}
	for _, o := range s.sorted() {
		of := objectFile{Lineage: o.Lineage, Address: o.Address, Type: o.Type, Revision: o.Revision, Attributes: map[string]json.RawMessage{}}
		for _, a := range typeOf(o.Type).Attributes {
			v := o.Values.GetAttr(a.Name)
			if v.IsNull() {
				continue
			}
			if v.IsMarked() {
				of.Sensitive = append(of.Sensitive, a.Name)
			}
			raw, err := encode(a, v)
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", o.Address, a.Name, err)
			}
			of.Attributes[a.Name] = raw
		}
		f.Objects = append(f.Objects, of)
	}
	return json.MarshalIndent(f, "", "  ")
}

// A document stands there as a runtime reads it, which says itself what is
// sensitive.
func encode(a resource.Attribute, v cty.Value) (json.RawMessage, error) {
	if a.Name == "document" {
		return schemas.Encode(v)
	}
	plain, _ := v.UnmarkDeep()
	return ctyjson.Marshal(plain, a.Type)
}

func decode(a resource.Attribute, raw json.RawMessage) (cty.Value, error) {
	if a.Name == "document" {
		return schemas.Value(raw)
	}
	return ctyjson.Unmarshal(raw, a.Type)
}
