package state

import (
	"maps"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
)

// Snapshot is the state at one moment. Whoever is given one must not change
// it; [Snapshot.Clone] makes one that may be changed.
type Snapshot struct {
	// Lineage is made once, with the state, and labels every object that is
	// created. States of different lineages never touch each other's objects.
	Lineage string
	// Serial grows with each snapshot that is written. 0 means never written.
	Serial uint64
	// DigestKey keys the digests that stand for secrets.
	DigestKey []byte
	// Version is the erlmcp version that wrote the snapshot.
	Version string
	// Revision is the latest apply; its Number is 0 before the first.
	Revision Revision
	// History are the last revisions, the latest last.
	History []Record
	// Targets are those that resources stand on, as last configured.
	Targets map[address.Target]Target
	// Resources are the objects that exist, as far as is known.
	Resources map[address.Resource]*Resource
	// Uncertain are operations that began and whose end is not known.
	Uncertain map[address.Resource]*Uncertain
	// Outputs by name.
	Outputs map[string]Output
}

// Revision numbers an apply and tells how it went.
type Revision struct {
	Number  int     `json:"number"`
	Outcome Outcome `json:"outcome,omitempty"`
}

// Outcome is how an apply ended.
type Outcome string

const (
	OutcomeDone        Outcome = "done"        // everything was carried out
	OutcomeFailed      Outcome = "failed"      // some operations failed
	OutcomeInterrupted Outcome = "interrupted" // stopped by the user, or by a crash
)

// Target is a target as last configured. Config holds no secrets: they are null
// there, so that deletion works as far as it needs none.
type Target struct {
	Config resource.Object
}

// Resource is what is recorded of one object.
type Resource struct {
	Address address.Resource
	Type    string
	// Object is what the last operation or refresh found.
	Object resource.Object
	// Owned names the attributes that the last apply set, in the type's order.
	Owned []string
	// DependsOn are the direct dependencies, ordered by address.
	DependsOn []address.Resource
	// Endpoint says that the resource answers its server's requests.
	Endpoint bool
	// Unverified says that the checks of its last change have not passed: they
	// failed, or were never run to their end.
	Unverified bool
	// Files are those that were shipped with it, by path.
	Files []File
}

// File is a file that was shipped: its path as in resource.File, and its content's
// SHA-256 in hex.
type File struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"` // bytes
}

// FilesOf are the files of a resource as they are recorded.
func FilesOf(files []resource.File) []File {
	var out []File
	for _, f := range files {
		out = append(out, File{f.Path, f.SHA256, f.Size})
	}
	return out
}

// Uncertain is an operation that began and whose end is not known: the object
// may exist or not, as before or as wanted.
type Uncertain struct {
	Operation Operation
	// Resource is what was wanted, without Object.
	Resource Resource
}

// Operation is what is done to an object.
type Operation string

const (
	Create Operation = "create"
	Update Operation = "update"
	Delete Operation = "delete"
)

// Output is an output's value as of the last apply. The value of a sensitive
// one is null; its digest stands in Value.Secrets.
type Output struct {
	Sensitive bool
	Value     resource.Object
}

// Clone returns a snapshot whose maps may be changed. The resources are shared:
// replace them, do not write to them.
func (s *Snapshot) Clone() *Snapshot {
	c := *s
	c.Targets = maps.Clone(s.Targets)
	c.Resources = maps.Clone(s.Resources)
	c.Uncertain = maps.Clone(s.Uncertain)
	c.Outputs = maps.Clone(s.Outputs)
	return &c
}

// Recorded is what the last apply left of a resource; after an interrupted one
// (certain is false) what it may have left: all that was set or needed before or
// since, without Object. It is nil for a resource of which nothing is known.
func (s *Snapshot) Recorded(a address.Resource) (r *Resource, certain bool) {
	r = s.Resources[a]
	u := s.Uncertain[a]
	if u == nil {
		return r, r != nil
	}
	both := u.Resource
	if r != nil {
		both.Owned = union(r.Owned, both.Owned)
		both.DependsOn = union(r.DependsOn, both.DependsOn)
	}
	return &both, false
}

func union[T comparable](a, b []T) []T {
	out := slices.Clone(a)
	for _, x := range b {
		if !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out
}

// Addresses are those of all resources, in the order in which people read them.
func (s *Snapshot) Addresses() []address.Resource {
	return slices.SortedFunc(maps.Keys(s.Resources), address.Resource.Compare)
}

// UncertainAddresses are those of the uncertain operations, in the same order. A
// resource may be among both.
func (s *Snapshot) UncertainAddresses() []address.Resource {
	return slices.SortedFunc(maps.Keys(s.Uncertain), address.Resource.Compare)
}

// TargetConfig is the recorded configuration of a target, NilVal when there is
// none.
func (s *Snapshot) TargetConfig(t address.Target) cty.Value { return s.Targets[t].Config.Values }
