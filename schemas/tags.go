package schemas

import (
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/zclconf/go-cty/cty"
)

var described sync.Map // reflect.Type → *Block; a cache, filled with equal values by whoever comes first

// Describe returns the description of the block that T declares. It panics on a
// struct that is not a block, which a test of this package finds.
func Describe[T any]() *Block { return describe(reflect.TypeFor[T]()) }

func describe(t reflect.Type) *Block {
	if b, ok := described.Load(t); ok {
		return b.(*Block)
	}
	b := &Block{attributes: map[string]*Attribute{}, blocks: map[string]*Nested{}}
	types := map[string]cty.Type{}
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Name == "_" {
			b.Doc = f.Tag.Get("doc")
			b.SharedPorts = f.Tag.Get("ports") == "shared"
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" {
			panic(fmt.Sprintf("schemas: field %s.%s has no json tag", t, f.Name))
		}
		if n := nested(name, f); n != nil {
			b.Blocks = append(b.Blocks, n)
			b.blocks[name] = n
			types[name] = n.absent.Type()
			continue
		}
		a := attribute(name, f)
		b.Attributes = append(b.Attributes, a)
		b.attributes[name] = a
		types[name] = a.Type
	}
	b.object = cty.Object(types)
	b.exactly, b.atMost = groups(t, "exactlyone"), groups(t, "atmostone")
	actual, _ := described.LoadOrStore(t, b)
	return actual.(*Block)
}

// groups are the names of the fields whose tag holds the same word.
func groups(t reflect.Type, tag string) [][]string {
	at := map[string]int{}
	var out [][]string
	for i := range t.NumField() {
		f := t.Field(i)
		group := f.Tag.Get(tag)
		if group == "" {
			continue
		}
		n, ok := at[group]
		if !ok {
			n = len(out)
			at[group] = n
			out = append(out, nil)
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		out[n] = append(out[n], name)
	}
	return out
}

var (
	durationType   = reflect.TypeFor[Duration]()
	sizeType       = reflect.TypeFor[Size]()
	templateType   = reflect.TypeFor[Template]()
	expressionType = reflect.TypeFor[Expression]()
)

func nested(name string, f reflect.StructField) *Nested {
	t, mode := f.Type, Always
	switch t.Kind() {
	case reflect.Pointer:
		t, mode = t.Elem(), Optional
	case reflect.Map:
		t, mode = t.Elem(), Labelled
	case reflect.Slice:
		t, mode = t.Elem(), Listed
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t == expressionType {
		return nil
	}
	n := &Nested{
		Name: name, Mode: mode, Block: describe(t),
		Required:   f.Tag.Get("required") == "true",
		Label:      LabelRule(f.Tag.Get("label")),
		Impact:     f.Tag.Get("impact"),
		ExactlyOne: f.Tag.Get("exactlyone"),
		AtMostOne:  f.Tag.Get("atmostone"),
	}
	n.absent = absent(n)
	return n
}

func absent(n *Nested) cty.Value {
	switch n.Mode {
	case Labelled:
		return cty.NullVal(cty.Map(n.Block.object))
	case Listed:
		return cty.NullVal(cty.List(n.Block.object))
	case Optional:
		return cty.NullVal(n.Block.object)
	}
	values := map[string]cty.Value{}
	for _, a := range n.Block.Attributes {
		values[a.Name] = cty.NullVal(a.Type)
	}
	for _, inner := range n.Block.Blocks {
		values[inner.Name] = inner.absent
	}
	return cty.ObjectVal(values)
}

func attribute(name string, f reflect.StructField) *Attribute {
	typ, kind := attributeType(f.Type)
	if k := Kind(f.Tag.Get("kind")); k != KindPlain {
		kind = k
	}
	a := &Attribute{
		Name: name, Type: typ, Kind: kind,
		Template:   f.Tag.Get("template"),
		Doc:        f.Tag.Get("doc"),
		Unit:       f.Tag.Get("unit"),
		Required:   f.Tag.Get("required") == "true",
		Sensitive:  f.Tag.Get("sensitive") == "true",
		Replace:    f.Tag.Get("replace") == "true",
		Internal:   f.Tag.Get("hcl") == "-",
		Impact:     f.Tag.Get("impact"),
		Min:        f.Tag.Get("min"),
		Max:        f.Tag.Get("max"),
		ExactlyOne: f.Tag.Get("exactlyone"),
		AtMostOne:  f.Tag.Get("atmostone"),
		NonEmpty:   f.Tag.Get("nonempty") == "true",
	}
	a.Default, a.HasDefault = f.Tag.Lookup("default")
	switch f.Type.Kind() {
	case reflect.Int, reflect.Int64, reflect.Float64:
		a.NoZero = a.HasDefault && a.Default != "0"
	}
	a.Integer = isInteger(f.Type) && kind == KindPlain
	if e := f.Tag.Get("enum"); e != "" {
		a.Enum = strings.Split(e, ",")
	}
	return a
}

func isInteger(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() == reflect.Int || t.Kind() == reflect.Int64
}

func attributeType(t reflect.Type) (cty.Type, Kind) {
	switch t {
	case durationType:
		return cty.String, KindDuration
	case sizeType:
		return cty.String, KindSize
	case templateType:
		return cty.String, KindTemplate
	case expressionType:
		return cty.DynamicPseudoType, KindExpression
	}
	switch t.Kind() {
	case reflect.String:
		return cty.String, KindPlain
	case reflect.Bool:
		return cty.Bool, KindPlain
	case reflect.Int, reflect.Int64, reflect.Float64:
		return cty.Number, KindPlain
	case reflect.Interface:
		return cty.DynamicPseudoType, KindPlain
	case reflect.Pointer:
		return attributeType(t.Elem())
	case reflect.Slice:
		elem, kind := attributeType(t.Elem())
		return cty.List(elem), kind
	case reflect.Map:
		elem, kind := attributeType(t.Elem())
		return cty.Map(elem), kind
	}
	panic(fmt.Sprintf("schemas: no attribute can have the type %s", t))
}
