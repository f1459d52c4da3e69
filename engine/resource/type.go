package resource

import (
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/erlmcp/erlmcp/engine/address"
)

// Impact is what the users of a server feel when it is changed, in rising order.
type Impact uint8

const (
	ImpactNone    Impact = iota // nothing
	ImpactReload                // taken in while running: no connection is lost
	ImpactRolling               // drained and replaced step by step: nothing is refused
	ImpactRestart               // connections are lost
	ImpactReplace               // a new object takes its place: connections are lost, addresses may change
)

// String is "none", "reload", "rolling", "restart" or "replace".
func (i Impact) String() string {
	return [...]string{"none", "reload", "rolling", "restart", "replace"}[i]
}

// Type describes a type of resource, such as a Docker container.
type Type struct {
	Name       string // unique among all providers: "docker_container"
	Doc        string
	Attributes []Attribute
	// Follows says of a place in a new object, as [FormatPath] writes it, that what is
	// there follows from the rest, as every such object has it or as it is said
	// elsewhere: people are not told of it one by one. May be nil.
	Follows func(path string) bool
	// GoesWith is the type of a resource that each of these depends on and goes with
	// when that is deleted; "" for a type whose objects must be deleted before.
	GoesWith string
	// Protected says of an object that must not be deleted, why and what to do about
	// it, in sentences; "" of one that may. A plan that would delete it is refused.
	// Nil for a type of which everything may be deleted.
	Protected func(found cty.Value) string
}

// Attribute describes one attribute of a resource type.
//
// An attribute that the configuration sets is owned: it is compared with the
// world, and a difference is drift. One that is left null is the provider's or
// the world's to fill in, and is never drift.
type Attribute struct {
	Name    string
	Type    cty.Type // DynamicPseudoType for structured documents
	Doc     string
	Replace bool // a change needs a new object
	// Unique names the place that a known value stands for, of an attribute of which
	// no two targets can have the same for one server. A null value is a place that
	// the target settles. Where the target is this machine, it may look at it. Nil
	// for an attribute that is no place.
	Unique func(Target, address.Server, cty.Value) string
	Impact Impact // of a change in place, unless ImpactAt is set
	// ImpactAt is the impact of a change at a path below the attribute, for
	// attributes of which one part is heavier than another. The path does not
	// hold the attribute itself: it is empty for a change of the whole. May be nil.
	ImpactAt func(cty.Path) Impact
	// Equal compares by meaning two known values that are not null. Nil compares
	// value by value, and takes a null map or list for an empty one.
	Equal func(a, b cty.Value) bool
}

// Below is a Follows for all that stands in the named attributes.
func Below(names ...string) func(path string) bool {
	return func(path string) bool {
		if end := strings.IndexAny(path, ".["); end >= 0 {
			path = path[:end]
		}
		return slices.Contains(names, path)
	}
}

// Attribute returns the attribute of that name, or nil.
func (t *Type) Attribute(name string) *Attribute {
	for i := range t.Attributes {
		if t.Attributes[i].Name == name {
			return &t.Attributes[i]
		}
	}
	return nil
}

// Object is the cty type of the resource's values.
func (t *Type) Object() cty.Type {
	types := make(map[string]cty.Type, len(t.Attributes))
	for _, a := range t.Attributes {
		types[a.Name] = a.Type
	}
	return cty.Object(types)
}
