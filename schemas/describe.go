package schemas

import (
	"github.com/zclconf/go-cty/cty"
)

// Kind says how the text of an attribute is to be understood.
type Kind string

const (
	KindPlain      Kind = ""           // what its type says
	KindDuration   Kind = "duration"   // see ParseDuration
	KindSize       Kind = "size"       // see ParseSize
	KindTemplate   Kind = "template"   // see Template
	KindJSON       Kind = "json"       // JSON text
	KindPath       Kind = "path"       // a path: relative to the configuration, or absolute on the target
	KindType       Kind = "type"       // the bare name of a type
	KindValue      Kind = "value"      // any value in HCL, held as its JSON text
	KindExpression Kind = "expression" // kept as source
)

// Attribute describes one attribute of a block.
//
// It is read from the tags of a struct field:
//
//	json:"name"         the name, in HCL and in JSON
//	hcl:"-"             not for users: part of the document only
//	doc:"…"             the sentence of documentation
//	required:"true"     must be set
//	default:"…"         value when not set, in the form a user would write it
//	unit:"…"            what a bare number counts
//	min, max:"…"        bounds of a number, inclusive
//	enum:"a,b"          the values that are allowed
//	sensitive:"true"    always secret
//	replace:"true"      a change needs a new object
//	impact:"restart"    a change is felt as this (default: reload); inherited by nested blocks
//	nonempty:"true"     a list that must have elements when it is set
//	kind:"…"            see Kind
//	template:"…"        where the text goes, which decides how input is escaped: text, word, url, header
//	exactlyone:"group"  of the fields with this group exactly one is set
//	atmostone:"group"   of the fields with this group at most one is set
//
// A field for a nested block may have label:"…", see [Nested]; the blank field
// that carries a block's documentation may have ports:"shared", see [Block].
type Attribute struct {
	Name       string
	Type       cty.Type // DynamicPseudoType for any value
	Kind       Kind
	Template   string
	Doc        string
	Unit       string
	Default    string
	HasDefault bool
	Required   bool
	Sensitive  bool
	Replace    bool
	Internal   bool
	Integer    bool // a number without a fraction
	NonEmpty   bool // a list that must have elements when it is set
	NoZero     bool // zero would read as "not set", so it cannot be given
	Impact     string
	Enum       []string
	Min, Max   string
	ExactlyOne string
	AtMostOne  string
}

// Mode says how often a nested block may stand, and how it is held.
type Mode uint8

const (
	Always   Mode = iota // at most once; its defaults hold without it
	Optional             // at most once; absent means off
	Labelled             // any number, told apart by a label: a map
	Listed               // any number, in order: a list
)

// Nested describes a block inside a block.
type Nested struct {
	Name       string
	Mode       Mode
	Required   bool // at least one
	Label      LabelRule
	Impact     string
	ExactlyOne string
	AtMostOne  string
	Block      *Block

	absent cty.Value
}

// Absent is the value of the attribute that holds the nested block when none is
// written: an object whose attributes are null where its defaults hold without
// it, null otherwise.
func (n *Nested) Absent() cty.Value { return n.absent }

// Block describes a block: its attributes and nested blocks, in the order of
// the struct's fields.
type Block struct {
	Doc        string
	Attributes []*Attribute
	Blocks     []*Nested
	// SharedPorts says of a target that its servers share its ports: two of
	// them cannot listen on the same one.
	SharedPorts bool

	attributes map[string]*Attribute
	blocks     map[string]*Nested
	object     cty.Type
	exactly    [][]string
	atMost     [][]string
}

// Attribute returns the attribute of that name, or nil.
func (b *Block) Attribute(name string) *Attribute { return b.attributes[name] }

// Nested returns the nested block of that name, or nil.
func (b *Block) Nested(name string) *Nested { return b.blocks[name] }

// Groups are the names of attributes and blocks of which exactly one must be set,
// and those of which at most one may be, group by group.
func (b *Block) Groups() (exactlyOne, atMostOne [][]string) {
	return b.exactly, b.atMost
}

// Type is the block as an object type. Every attribute may be null. A labelled
// block is a map of objects, a listed one a list, any other an object.
func (b *Block) Type() cty.Type { return b.object }
