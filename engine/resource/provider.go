package resource

import (
	"context"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/diag"
	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/schemas"
)

// Desired is one resource as the configuration wants it.
type Desired struct {
	Address address.Resource
	Type    string
	// Values is an object of the type's Object(). It may hold unknowns, and
	// secrets under the mark schemas.Sensitive. A null attribute is not owned.
	Values cty.Value
	// DependsOn are the direct dependencies: they exist before, and go after.
	DependsOn []address.Resource
	// Files are local files that Values mention by their digest.
	Files []File
	// Stages are those that an update goes through when users feel it, each a step
	// of the plan; the last is a Finish. Without any it is made in one step.
	Stages []Stage
}

// File is a local file that is shipped to the target.
type File struct {
	Path   string // where it goes, slash-separated, below schemas.FilesFolder
	Source string // where it is on this machine
	SHA256 string // of its content, in hex
	Size   int64  // bytes
}

// Target is a target block, evaluated.
type Target struct {
	Address address.Target
	Config  cty.Value   // object of the type of the provider's Schema(); wholly known
	Range   *diag.Range // of the header of its block; nil when it is in no file any more
}

// Instance is an instance of a server on one target, evaluated: what a provider
// lowers to resources.
type Instance struct {
	Address  address.Server
	Target   Target
	Document cty.Value // of type schemas.Describe[schemas.Server]().Type(); unknowns and marks as in Desired.Values
	// Placement is of type schemas.Describe[schemas.Placement]().Type(), with the
	// blocks that say how many there are and how they are placed; its expressions
	// are null. Unknowns and marks as in Desired.Values. NilVal where nothing is placed.
	Placement cty.Value
	Smokes    []Smoke // to be run after each change, in order
	Rollout   Rollout
	Files     []File
	// DependsOn are endpoints of the servers that the instance refers to.
	DependsOn []address.Resource
}

// Lowered is what an instance becomes on its target. Resources shared by the
// servers of a target are returned for each of them, with equal values.
type Lowered struct {
	Resources []Desired
	// Endpoint is the resource that answers requests. Its attributes url,
	// address, port and metrics_url (each optional in the type) are what an
	// expression sees as server.NAME.url and so on.
	Endpoint address.Resource
	// Checked is the resource after each change of which the server is checked. The
	// zero value stands for the endpoint.
	Checked address.Resource
}

// Provider makes servers real on one kind of target.
type Provider interface {
	// Kind is the label of the target blocks that it serves, such as "docker".
	Kind() string
	// Schema describes the body of such a target block.
	Schema() *schemas.Block
	// Types are the types of resources that it makes.
	Types() []*Type
	// Lower turns an instance into resources. It is pure: it reaches nothing and
	// depends on nothing but its argument.
	Lower(Instance) (Lowered, diag.List)
	// OpenReader and OpenWriter connect to a target.
	OpenReader(context.Context, Target, Owner) (Reader, error)
	OpenWriter(context.Context, Target, Owner) (Writer, error)
}

// Owner says whose objects are meant: those labelled with the lineage of one
// state.
type Owner struct {
	Lineage string
}

// Key asks for one resource.
type Key struct {
	Address address.Resource
	Type    string
	// Prior is what was last recorded of it, without secrets; NilVal when nothing was.
	Prior cty.Value
}

// Reading is the answer to a Key. Objects are found by owner and address, so
// that one whose creation was never recorded is found too.
type Reading struct {
	Exists bool
	// Values is an object of the type's Object(), secrets marked as in
	// Desired.Values; NilVal when the resource does not exist.
	Values cty.Value
	// Authors name who set values that are no longer this owner's, where the
	// target tells.
	Authors []Author
	Err     error
}

// Author is somebody else whose hand is seen at a place and below it.
type Author struct {
	Path cty.Path
	Name string
}

// Reader looks at a target and cannot change it.
type Reader interface {
	// Read answers each key, in order, in as few requests as the target allows.
	// It may answer in parallel; it returns when all are answered.
	Read(context.Context, []Key) []Reading
	Close() error
}

// Unreachable is the error of an OpenReader whose target does not answer, where a
// plan may go on with what was recorded. It says so, and cannot be applied.
type Unreachable struct{ Err error }

func (u *Unreachable) Error() string { return u.Err.Error() }
func (u *Unreachable) Unwrap() error { return u.Err }

// Rehearser is a Reader of a target that can tell what it would make of a change,
// without making it.
type Rehearser interface {
	// Rehearse answers each creation and update, in order. Their Revision is 0.
	Rehearse(context.Context, []Change) []Rehearsal
}

// Rehearsal is the answer to one change. The zero Rehearsal says that the target
// could not tell.
type Rehearsal struct {
	// Values is what the object would be, as in Reading.
	Values cty.Value
	// Replace says that it takes a new object: the target does not change this one so.
	Replace bool
	// Err is why the target would refuse.
	Err error
}

// Change is what a Writer is asked to carry out.
type Change struct {
	Address address.Resource
	Type    string
	// Desired is wholly known, with secrets in the clear (marked); NilVal for a delete.
	Desired cty.Value
	// Prior is what was last read, without secrets; NilVal for a create.
	Prior cty.Value
	Files []File
	// Revision numbers the apply. It goes into the object's labels.
	Revision int
	Rollout  Rollout
	// Stage is the part of an update that is asked for.
	Stage Stage
	// Progress tells the user what is waited for. Never nil.
	Progress func(string)
}

// Writer changes a target.
//
// Every method may be called again after a lost reply and must then converge:
// creating what already exists with this owner and address adopts it, deleting
// what is gone succeeds.
type Writer interface {
	// Create returns the values of the new object. With an error it returns the
	// values of what exists nonetheless, or NilVal.
	Create(context.Context, Change) (cty.Value, error)
	// Update changes an object in place, as Create otherwise.
	Update(context.Context, Change) (cty.Value, error)
	Delete(context.Context, Change) error
	Close() error
}

// Keeper is a Writer that can tell what an object is made of, so that it can be
// put back when a change of it fails.
type Keeper interface {
	// Keep returns the values of an object in the clear, as Read does, and copies
	// the files that were shipped with it into the folder, which is empty and only
	// for this. NilVal says that there is nothing worth putting back: the object
	// does not exist, is not whole, or is not well.
	Keep(ctx context.Context, k Key, folder string) (cty.Value, []File, error)
}

// Logger is a Writer that can tell what a server wrote last.
type Logger interface {
	// Log returns the last lines, without the secrets of the change; "" when there
	// are none, or they cannot be had.
	Log(context.Context, Change) string
}
