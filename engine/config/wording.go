package config

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/erlmcp/erlmcp/diag"
)

// placeOf is a place as "file:line,column".
func placeOf(r hcl.Range) string { return diag.FromRange(&r).String() }

// listOf is "a, b and c".
func listOf(names []string) string {
	switch len(names) {
	case 0:
		return "none"
	case 1:
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// quoteAll is names as labels of a block.
func quoteAll(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = fmt.Sprintf("%q", n)
	}
	return strings.Join(quoted, " ")
}

// plural is "no label", "one label", "2 labels".
func plural(n int, noun string) string {
	switch n {
	case 0:
		return "no " + noun
	case 1:
		return "one " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// wants is how many labels a block should have.
func wants(n int) string {
	switch n {
	case 0:
		return "takes none"
	case 1:
		return "needs one"
	}
	return "needs two"
}

// upper begins a sentence.
func upper(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// stop ends a sentence.
func stop(s string) string {
	if strings.HasSuffix(s, "?") || strings.HasSuffix(s, ".") {
		return s
	}
	return s + "."
}

// nameOf is a type as a sentence names it: "a string", "a list of numbers".
func nameOf(t cty.Type) string {
	switch {
	case t == cty.String:
		return "a string"
	case t == cty.Number:
		return "a number"
	case t == cty.Bool:
		return "a bool"
	case t == cty.DynamicPseudoType:
		return "any value"
	case t.IsListType():
		return "a list of " + plurals(t.ElementType())
	case t.IsSetType():
		return "a set of " + plurals(t.ElementType())
	case t.IsMapType():
		return "a map of " + plurals(t.ElementType())
	case t.IsTupleType():
		return "a list"
	case t.IsObjectType():
		return "an object"
	}
	return t.FriendlyName()
}

// plurals is several values of a type.
func plurals(t cty.Type) string {
	switch t {
	case cty.String:
		return "strings"
	case cty.Number:
		return "numbers"
	case cty.Bool:
		return "bools"
	case cty.DynamicPseudoType:
		return "any values"
	}
	if t.IsObjectType() {
		return "objects"
	}
	return "values"
}

// conversionError is the reason and the place inside the value.
func conversionError(err error) string {
	var p cty.PathError
	if !errors.As(err, &p) || len(p.Path) == 0 {
		return err.Error()
	}
	at := ""
	for _, step := range p.Path {
		switch s := step.(type) {
		case cty.GetAttrStep:
			at += "." + s.Name
		case cty.IndexStep:
			if k, err := convert.Convert(s.Key, cty.String); err == nil && k.IsKnown() && !k.IsNull() && !k.IsMarked() {
				at += "[" + k.AsString() + "]"
			}
		}
	}
	return fmt.Sprintf("at %s, %s", at, p.Error())
}
