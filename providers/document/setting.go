package document

import (
	"fmt"
	"net/netip"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/erlmcp/erlmcp/schemas"
)

// Setting is the attribute at the path in a document (names of blocks that
// stand at most once, then of an attribute), or the default that the vocabulary
// gives it; null when it has neither. Marks and unknowns of the document stay.
func Setting(doc cty.Value, path ...string) cty.Value {
	block := schemas.Describe[schemas.Server]()
	for _, name := range path[:len(path)-1] {
		block = block.Nested(name).Block
	}
	a := block.Attribute(path[len(path)-1])
	v := doc
	for _, name := range path {
		if v.IsNull() {
			v = cty.NullVal(a.Type).WithSameMarks(v)
			break
		}
		v = v.GetAttr(name)
	}
	if !v.IsNull() || !a.HasDefault {
		return v
	}
	def, err := convert.Convert(cty.StringVal(a.Default), a.Type)
	if err != nil {
		panic(fmt.Sprintf("document: default of %v: %v", path, err))
	}
	return def.WithSameMarks(v)
}

// With is the document with another value for one attribute of a block that
// always stands, such as listen. The marks of the old value stay.
func With(doc cty.Value, block, attribute string, v cty.Value) cty.Value {
	outer := doc.AsValueMap()
	held, marks := outer[block].Unmark()
	inner := held.AsValueMap()
	inner[attribute] = v.WithSameMarks(inner[attribute])
	outer[block] = cty.ObjectVal(inner).WithMarks(marks)
	return cty.ObjectVal(outer)
}

// Derive computes a value of type t from others: unknown while any of them is,
// and with all their marks. The function sees them without marks, known.
func Derive(t cty.Type, compute func([]cty.Value) cty.Value, from ...cty.Value) cty.Value {
	plain := make([]cty.Value, len(from))
	marks := make([]cty.ValueMarks, len(from))
	known := true
	for i, v := range from {
		plain[i], marks[i] = v.UnmarkDeep()
		known = known && plain[i].IsWhollyKnown()
	}
	if !known {
		return cty.UnknownVal(t).WithMarks(marks...)
	}
	return compute(plain).WithMarks(marks...)
}

// Addresses are the addresses with ports in a known list of texts, which may be
// null. Those that do not parse were refused by the vocabulary.
func Addresses(list cty.Value) []netip.AddrPort {
	if list.IsNull() {
		return nil
	}
	var out []netip.AddrPort
	for _, v := range list.AsValueSlice() {
		if at, err := netip.ParseAddrPort(v.AsString()); err == nil {
			out = append(out, at)
		}
	}
	return out
}

// Int is the whole number in a known value.
func Int(v cty.Value) int {
	n, _ := v.AsBigFloat().Int64()
	return int(n)
}
