package kubernetes

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// mergePatch applies a JSON Merge Patch (RFC 7396) to an object, which it leaves
// as it is.
func mergePatch(o fields, patch string) (fields, error) {
	p, err := decodeJSON([]byte(patch))
	if err != nil {
		return nil, err
	}
	changes, ok := p.(fields)
	if !ok {
		return nil, errors.New("it is not an object")
	}
	for name := range changes {
		if name != "metadata" && name != "spec" {
			return nil, fmt.Errorf("it changes %q, and metadata and spec are all that can be changed", name)
		}
	}
	return merge(o, changes).(fields), nil
}

func merge(target, patch any) any {
	p, ok := patch.(fields)
	if !ok {
		return patch
	}
	out := fields{}
	if t, ok := target.(fields); ok {
		for k, v := range t {
			out[k] = v
		}
	}
	for k, v := range p {
		if v == nil {
			delete(out, k)
			continue
		}
		out[k] = merge(out[k], v)
	}
	return out
}

// decodeJSON reads JSON with whole numbers as int64, as the cluster's objects
// have them.
func decodeJSON(raw []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	return numbers(v), nil
}

func numbers(v any) any {
	switch v := v.(type) {
	case fields:
		for k, e := range v {
			v[k] = numbers(e)
		}
	case []any:
		for i, e := range v {
			v[i] = numbers(e)
		}
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		n, _ := v.Float64()
		return n
	}
	return v
}
