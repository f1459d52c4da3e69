package jsonschema

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// kinds is a set of the types of JSON values.
type kinds uint8

const (
	null kinds = 1 << iota
	boolean
	integer
	number
	text
	array
	object
)

// kindNames are the types in the order that they are told in.
var kindNames = [...]string{"null", "boolean", "integer", "number", "string", "array", "object"}

// kindNamed is the type of a name, 0 for none.
func kindNamed(name string) kinds {
	if i := slices.Index(kindNames[:], name); i >= 0 {
		return 1 << i
	}
	return 0
}

func (k kinds) String() string {
	var names []string
	for i, name := range kindNames {
		if k&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, " or ")
}

// kindOf are the types that a value is of; a number without a fraction is of two.
func kindOf(v any) kinds {
	switch v := v.(type) {
	case string:
		return text
	case float64:
		if v == math.Trunc(v) {
			return number | integer
		}
		return number
	case bool:
		return boolean
	case map[string]any:
		return object
	case []any:
		return array
	case nil:
		return null
	case json.Number:
		if decimalOf(v).isInteger() {
			return number | integer
		}
		return number
	}
	return 0
}

// got is the type that a user is told.
func got(v any) string {
	switch k := kindOf(v); {
	case k&number != 0:
		return "number"
	case k == 0:
		return "what is not JSON"
	default:
		return k.String()
	}
}

// Decode reads a JSON value with its numbers as they are written.
func Decode(source []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(source))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("there is more behind the value")
	}
	return v, nil
}

// equal reports whether two values are the same to JSON Schema: 1 is 1.0.
func equal(a, b any) bool {
	switch a := a.(type) {
	case string:
		b, ok := b.(string)
		return ok && a == b
	case bool:
		b, ok := b.(bool)
		return ok && a == b
	case nil:
		return b == nil
	case float64:
		if b, ok := b.(float64); ok {
			return a == b
		}
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, equal)
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for name, v := range a {
			if w, ok := b[name]; !ok || !equal(v, w) {
				return false
			}
		}
		return true
	}
	return kindOf(a)&kindOf(b)&number != 0 && decimalOf(a).compare(decimalOf(b)) == 0
}

// canonical appends a text that equal values share, and no others.
func canonical(dst []byte, v any) []byte {
	switch v := v.(type) {
	case string:
		return strconv.AppendQuote(dst, v)
	case []any:
		dst = append(dst, '[')
		for i, element := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = canonical(dst, element)
		}
		return append(dst, ']')
	case map[string]any:
		dst = append(dst, '{')
		for i, name := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(strconv.AppendQuote(dst, name), ':')
			dst = canonical(dst, v[name])
		}
		return append(dst, '}')
	case bool:
		return strconv.AppendBool(dst, v)
	case nil:
		return append(dst, "null"...)
	}
	return decimalOf(v).append(dst)
}
