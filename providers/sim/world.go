package sim

import (
	"fmt"
	"slices"
	"sync"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/address"
)

// World is what exists on simulated targets, in memory or in a file. It may be
// used concurrently; a file also by several processes.
type World struct {
	path string // "" for memory

	mu      sync.Mutex
	objects objects // when in memory
	frozen  bool
}

// NewWorld returns an empty world in memory.
func NewWorld() *World { return &World{} }

// OpenWorld returns the world in a file, which need not exist.
func OpenWorld(path string) *World { return &World{path: path} }

// Object is an object of the world. Values holds secrets, marked.
type Object struct {
	Lineage  string
	Address  address.Resource
	Type     string
	Revision int
	Values   cty.Value
}

type key struct {
	lineage string
	address address.Resource
}

// objects are all objects of a world.
type objects struct {
	byKey  map[key]*Object
	made   int   // counts identifiers
	picked int64 // counts ports
}

func (s *objects) add(o *Object) {
	if s.byKey == nil {
		s.byKey = map[key]*Object{}
	}
	s.byKey[key{o.Lineage, o.Address}] = o
}

func (s *objects) remove(k key) { delete(s.byKey, k) }

func (s *objects) sorted() []*Object {
	out := make([]*Object, 0, len(s.byKey))
	for _, o := range s.byKey {
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b *Object) int {
		if c := a.Address.Compare(b.Address); c != 0 {
			return c
		}
		if a.Lineage < b.Lineage {
			return -1
		}
		return 1
	})
	return out
}

// Freeze makes every change panic until it is called with false: proof that
// something only reads.
func (w *World) Freeze(frozen bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.frozen = frozen
}

func (w *World) view(f func(*objects) error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.path == "" {
		return f(&w.objects)
	}
	return withFile(w.path, func(s *objects) (bool, error) { return false, f(s) })
}

func (w *World) change(f func(*objects) error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.frozen {
		panic("sim: the world is frozen, and something tried to change it")
	}
	if w.path == "" {
		return f(&w.objects)
	}
	return withFile(w.path, func(s *objects) (bool, error) { return true, f(s) })
}

// Objects lists everything that exists, ordered by address.
func (w *World) Objects() ([]Object, error) {
	var out []Object
	err := w.view(func(s *objects) error {
		for _, o := range s.sorted() {
			out = append(out, *o)
		}
		return nil
	})
	return out, err
}

// Set changes an attribute of the object at an address, whoever owns it, behind
// the engine's back.
func (w *World) Set(a address.Resource, attribute string, v cty.Value) error {
	return w.change(func(s *objects) error {
		for _, o := range s.byKey {
			if o.Address == a {
				o.Values = with(o.Values, attribute, v)
				return nil
			}
		}
		return fmt.Errorf("%s does not exist", a)
	})
}

// Remove removes the object at an address, whoever owns it, behind the engine's
// back.
func (w *World) Remove(a address.Resource) error {
	return w.change(func(s *objects) error {
		for k := range s.byKey {
			if k.address == a {
				s.remove(k)
				return nil
			}
		}
		return fmt.Errorf("%s does not exist", a)
	})
}
