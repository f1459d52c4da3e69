package schemas

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// Parse loads a runtime document: it refuses unknown fields and values that
// break a rule of the vocabulary, and fills in defaults.
func Parse(document []byte) (*Server, error) {
	var s Server
	dec := json.NewDecoder(bytes.NewReader(document))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return nil, fmt.Errorf("load runtime document: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("load runtime document: there is something after its end")
	}
	if err := s.Complete(); err != nil {
		return nil, fmt.Errorf("load runtime document: %w", err)
	}
	return &s, nil
}

// Complete fills in defaults and checks every rule of the vocabulary. The error
// names each rule that is broken, one on a line.
func (s *Server) Complete() error {
	var broken []string
	if s.Name == "" {
		broken = append(broken, "name: it must be set")
	}
	complete(reflect.ValueOf(s).Elem(), "", &broken)
	if len(broken) > 0 {
		return fmt.Errorf("%s", strings.Join(broken, "\n"))
	}
	return nil
}

func complete(v reflect.Value, path string, broken *[]string) {
	block := describe(v.Type())
	exactly, atMost := map[string][]string{}, map[string][]string{}
	var all = map[string][]string{}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || f.Name == "_" {
			continue
		}
		fv, at := v.Field(i), join(path, name)
		set := !fv.IsZero()
		one, most := f.Tag.Get("exactlyone"), f.Tag.Get("atmostone")
		if one != "" {
			all[one] = append(all[one], name)
		}
		if set && one != "" {
			exactly[one] = append(exactly[one], name)
		}
		if set && most != "" {
			atMost[most] = append(atMost[most], name)
		}
		if n := block.Nested(name); n != nil {
			completeNested(n, fv, at, broken)
			continue
		}
		a := block.Attribute(name)
		if !set {
			switch {
			case a.HasDefault:
				if err := setText(fv, a.Default); err != nil {
					panic(fmt.Sprintf("schemas: default of %s: %v", at, err))
				}
			case a.Required:
				*broken = append(*broken, at+": it must be set")
			}
			continue
		}
		if rule := a.Check(fv.Interface()); rule != "" {
			*broken = append(*broken, at+": "+rule)
		}
	}
	for _, group := range sortedKeys(all) {
		if len(exactly[group]) != 1 {
			*broken = append(*broken, fmt.Sprintf("%s: exactly one of %s must be set", orTop(path), strings.Join(all[group], ", ")))
		}
	}
	for _, group := range sortedKeys(atMost) {
		if len(atMost[group]) > 1 {
			*broken = append(*broken, fmt.Sprintf("%s: at most one of %s can be set", orTop(path), strings.Join(atMost[group], ", ")))
		}
	}
}

func completeNested(n *Nested, v reflect.Value, path string, broken *[]string) {
	switch n.Mode {
	case Always:
		complete(v, path, broken)
	case Optional:
		if !v.IsNil() {
			complete(v.Elem(), path, broken)
		}
	case Labelled:
		keys := v.MapKeys()
		sort.Slice(keys, func(i, j int) bool { return keys[i].String() < keys[j].String() })
		for _, k := range keys {
			if e := v.MapIndex(k); e.IsNil() {
				*broken = append(*broken, join(path, k.String())+": it must be an object")
			} else {
				complete(e.Elem(), join(path, k.String()), broken)
			}
		}
	case Listed:
		for i := range v.Len() {
			complete(reflect.Indirect(v.Index(i)), fmt.Sprintf("%s[%d]", path, i), broken)
		}
	}
	if n.Required && v.Len() == 0 {
		*broken = append(*broken, path+": there must be at least one")
	}
}

// Check returns the rule of the vocabulary that a value breaks, as a sentence
// without its subject ("it must be at least 1"), or "". The value is a string,
// a number, or a pointer to one, or a list of strings; enum, min and max are
// looked at.
func (a *Attribute) Check(v any) string {
	rv := reflect.Indirect(reflect.ValueOf(v))
	switch rv.Kind() {
	case reflect.String:
		if len(a.Enum) > 0 && !slices.Contains(a.Enum, rv.String()) {
			return fmt.Sprintf("it must be one of %s, not %q", strings.Join(a.Enum, ", "), rv.String())
		}
	case reflect.Slice:
		for i := range rv.Len() {
			if rule := a.Check(rv.Index(i).Interface()); rule != "" {
				return rule
			}
		}
	case reflect.Int, reflect.Int64, reflect.Float64:
		if a.Kind != KindPlain {
			return ""
		}
		n := rv.Convert(reflect.TypeFor[float64]()).Float()
		if min, err := strconv.ParseFloat(a.Min, 64); err == nil && n < min {
			return "it must be at least " + a.Min
		}
		if max, err := strconv.ParseFloat(a.Max, 64); err == nil && n > max {
			return "it must be at most " + a.Max
		}
	}
	return ""
}

func setText(v reflect.Value, text string) error {
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text))
	}
	if v.Kind() == reflect.String {
		v.SetString(text)
		return nil
	}
	return json.Unmarshal([]byte(text), v.Addr().Interface())
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func orTop(path string) string {
	if path == "" {
		return "server"
	}
	return path
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
