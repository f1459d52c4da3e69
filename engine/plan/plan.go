package plan

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/config"
	"github.com/erlmcp/erlmcp/engine/resource"
	"github.com/erlmcp/erlmcp/engine/state"
)

// Plan is what an apply would do, complete: the applier carries out its Steps
// and nothing else. It holds no secret.
type Plan struct {
	PlannedBy string // erlmcp version
	Mode      Mode
	// Lineage, Serial and Journal name the state that the plan was made from.
	// Journal counts the entries of a journal that an interrupted apply left.
	Lineage string
	Serial  uint64
	Journal int
	// Only and Replace are the address patterns that the user gave with -target
	// and -replace.
	Only, Replace []string

	// Changes holds one entry for each resource that is wanted, recorded or
	// found, also for those that stay as they are, in the order of addresses.
	Changes []Change
	// Outputs in the order of names.
	Outputs []OutputChange
	// Targets are the targets that the steps reach or record, by address.
	Targets []Target
	// Steps is the execution graph in an order that respects it.
	Steps []Step
	// Unverified are targets that did not answer: what the plan says of them
	// follows from what was last recorded. Such a plan cannot be applied.
	Unverified []address.Target
	// Exports is what instances were expected to export, dependencies first.
	Exports []Export
}

// Mode says what the user asked for.
type Mode string

const (
	Normal      Mode = "normal"
	Destroy     Mode = "destroy"      // delete everything
	RefreshOnly Mode = "refresh-only" // bring the state up to date and leave the world alone
)

// Action is what happens to a resource.
type Action string

const (
	NoOp    Action = "no-op"   // it is as it should be
	Create  Action = "create"  // it does not exist
	Update  Action = "update"  // it changes in place
	Replace Action = "replace" // it is deleted and created anew
	Delete  Action = "delete"  // it exists and is not wanted
	Record  Action = "record"  // only the state changes: the object is taken up as it was found
	Forget  Action = "forget"  // only the state changes: the object is gone
)

// Change is what happens to one resource, for people to read.
type Change struct {
	Address address.Resource
	Type    string
	// Action is NoOp, Create, Update, Replace or Delete. In a refresh-only plan
	// it is NoOp, Record or Forget. Changes of the state alone that accompany a
	// NoOp show only in the Steps.
	Action Action
	// Before is what exists; Values is NilVal when nothing does.
	Before resource.Object
	// After is what will exist, unknown where that is not known yet; Values is
	// NilVal when nothing will. For NoOp it is Before.
	After resource.Object
	// Differences is what changes of an existing object, owned attributes only.
	Differences []resource.Difference
	// Reasons says why, beyond the differences; empty for most changes.
	Reasons []Reason
	Impact  resource.Impact
	// Drift is how the world has moved since the last apply: differences, in
	// owned attributes, between what was recorded (Before) and what was found
	// (After).
	Drift []resource.Difference
	// Gone says that the object was recorded and exists no more: drift too.
	Gone bool
	// Endpoint says that the resource answers its server's requests.
	Endpoint bool
	// Smokes are the checks that run once the change is made, in order.
	Smokes []SmokeNote
	// Stages are those through which an update goes; none for one in one step.
	Stages []resource.Stage

	// Source is the instance that the resource was lowered from; zero for one
	// that is not wanted.
	Source config.Ref
	// Digest is over what is wanted, as Lower gave it, without secrets; "" for
	// a resource that is not wanted. An apply that comes to something else
	// refuses the plan.
	Digest string
}

// SmokeNote says of a check what people want to know in advance.
type SmokeNote struct {
	Name  string   `json:"name"`
	Call  string   `json:"call,omitempty"`
	Tools []string `json:"tools,omitempty"`
}

// Drifted reports whether the world has moved since the last apply.
func (c *Change) Drifted() bool { return c.Gone || len(c.Drift) > 0 }

// Reason says why a resource changes.
type Reason string

const (
	ReasonRequested   Reason = "requested"                 // by -replace
	ReasonDependency  Reason = "what it needs is replaced" // and it cannot outlive it
	ReasonNotWanted   Reason = "not in the configuration"  // any more
	ReasonInterrupted Reason = "interrupted apply"         // an earlier apply began to change it
	ReasonImmutable   Reason = "the target cannot change it in place"
	ReasonUnverified  Reason = "its checks have not passed" // since an earlier apply changed it
)

// OutputChange is what becomes of one output. Values is NilVal where there is
// none; a sensitive value is null, with its digest among the secrets.
type OutputChange struct {
	Name        string
	Description string
	Sensitive   bool
	Before      resource.Object
	After       resource.Object // may be unknown
	Changed     bool
}

// Target is a target of the plan, without secrets.
type Target struct {
	Address address.Target
	Config  resource.Object
	// Former says that the configuration no longer has it, or has it at another
	// place: Config is what the state recorded, and is used as it is.
	Former bool
}

// Step is one node of the execution graph.
type Step struct {
	ID      int // its index in Plan.Steps
	Address address.Resource
	Type    string
	// Action is Create, Update, Delete, Record or Forget. A replacement is a
	// Delete and a Create.
	Action Action
	// DependsOn are the IDs, all smaller, of the steps that must be done before.
	DependsOn []int
	// Stage is the part of an Update that the step is.
	Stage resource.Stage
	// Resource is what the state will hold. Of a Record it is complete; of a
	// Create or Update its Object is empty until the step is done; nil for
	// Delete and Forget.
	Resource *state.Resource
	// Prior is what exists, without secrets; Values is NilVal for Create.
	Prior resource.Object
}

// Mutates reports whether the step changes the world, not only the state.
func (s *Step) Mutates() bool { return s.Action != Record && s.Action != Forget }

// GoesOn reports whether the step goes on with an update that an earlier step
// began.
func (s *Step) GoesOn() bool { return s.Stage.Kind != "" && s.Stage.Kind != resource.Trial }

// Export is what one instance exports, of config.ExportType, unknown where it
// is not known yet.
type Export struct {
	Ref   config.Ref
	Value cty.Value
}

// Counts is how many resources are in for each action.
type Counts struct {
	NoOp, Create, Update, Replace, Delete, Record, Forget int
}

// Counts counts the Changes by action.
func (p *Plan) Counts() Counts {
	var n Counts
	for i := range p.Changes {
		switch p.Changes[i].Action {
		case NoOp:
			n.NoOp++
		case Create:
			n.Create++
		case Update:
			n.Update++
		case Replace:
			n.Replace++
		case Delete:
			n.Delete++
		case Record:
			n.Record++
		case Forget:
			n.Forget++
		}
	}
	return n
}

// Empty reports whether applying the plan would change neither the world nor an
// output. The state alone may still be brought up to date.
func (p *Plan) Empty() bool {
	for i := range p.Changes {
		if p.Changes[i].Action != NoOp {
			return false
		}
	}
	for _, o := range p.Outputs {
		if o.Changed {
			return false
		}
	}
	return true
}

// Drifted reports whether the world has moved since the last apply.
func (p *Plan) Drifted() bool {
	for i := range p.Changes {
		if p.Changes[i].Drifted() {
			return true
		}
	}
	return false
}
