package contract

import (
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/address"
	"github.com/erlmcp/erlmcp/engine/resource"
)

// Case is a provider with a target of its own, and the means to look at the
// target and to meddle with it.
//
// The three documents are of type schemas.Describe[schemas.Server]().Type() and
// describe the same server. All tests use the address server.contract on Target,
// one after another, and each leaves the target empty.
type Case struct {
	Provider resource.Provider
	Target   resource.Target

	// Document is what is applied first. It should set as much as the target
	// can make something of, and hold a secret, marked schemas.Sensitive.
	Document cty.Value
	// Updated differs from Document in what the target changes in place.
	Updated cty.Value
	// Replaced differs from Document in what needs a new object; NilVal when
	// nothing does.
	Replaced cty.Value
	// Unserved says that nothing answers requests, so that there is nothing to check
	// and to put back.
	Unserved bool
	// Files are shipped with each document.
	Files []resource.File

	// Objects lists what exists on the target that this provider made for the
	// lineage, one line for each object, found without the provider's reader.
	Objects func(t *testing.T, lineage string) []string

	// Drifts meddle with the target, each in one attribute. Together they cover
	// every attribute that is owned, but for those in Fixed.
	Drifts []Drift
	// Fixed says of attributes that nobody can change without making a new
	// object, why: "container.name" → reason.
	Fixed map[string]string

	// Foreign changes, behind the provider's back, something that erlmcp does
	// not own, on the object of a resource. Still fails the test unless the
	// change is there yet. Both nil when there is no such thing.
	Foreign, Still func(t *testing.T, values Values)

	// LoseReply returns a provider of the same target whose n-th request that
	// changes the target (from 1) is carried out, while its reply is lost, and
	// whether that has happened.
	LoseReply func(t *testing.T, n int) (p resource.Provider, happened func() bool)

	// Freeze makes every request that would change the target panic or fail the
	// test, until it is called with false.
	Freeze func(frozen bool)
}

// Drift is one way in which the world moves.
type Drift struct {
	Name string // "the process is killed"
	// Part and Attribute name what the plan must report. Attribute is "" when
	// the object is gone.
	Part, Attribute string
	// Do meddles with the target.
	Do func(t *testing.T, values Values)
}

// Values are the recorded values, without secrets, of the resources by part:
// names and identifiers to find the objects by.
type Values map[string]Resource

// Resource is one recorded resource.
type Resource struct {
	Address address.Resource
	Type    string
	Values  cty.Value
}

// Text is a recorded attribute that is a string.
func (r Resource) Text(attribute string) string { return r.Values.GetAttr(attribute).AsString() }
