package schemas

import (
	"reflect"
	"strings"
)

// NeedRestart names the parts in which two complete servers differ and that a
// running server cannot change: those that the vocabulary gives the impact
// "restart".
func NeedRestart(old, next *Server) []string {
	return needRestart(reflect.ValueOf(old).Elem(), reflect.ValueOf(next).Elem(), "")
}

func needRestart(old, next reflect.Value, path string) []string {
	var out []string
	for i := range old.NumField() {
		f := old.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" {
			continue
		}
		a, b, at := old.Field(i), next.Field(i), join(path, name)
		switch {
		case f.Tag.Get("impact") == "restart":
			if !reflect.DeepEqual(a.Interface(), b.Interface()) {
				out = append(out, at)
			}
		case a.Kind() == reflect.Struct:
			out = append(out, needRestart(a, b, at)...)
		}
	}
	return out
}
