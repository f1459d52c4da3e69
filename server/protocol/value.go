package protocol

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
)

// values decodes JSON that a scanner has accepted, so that nothing is checked
// twice. Numbers become what [Message.Arguments] says.
type values struct {
	data []byte
	pos  int
	err  error // a number that is out of range
}

// any decodes the value at the position.
func (v *values) any() any {
	v.space()
	switch c := v.data[v.pos]; c {
	case '{':
		return v.object()
	case '[':
		return v.array()
	case '"':
		return text(v.str())
	case 't':
		v.pos += len("true")
		return true
	case 'f':
		v.pos += len("false")
		return false
	case 'n':
		v.pos += len("null")
		return nil
	}
	return v.number()
}

func (v *values) object() map[string]any {
	out := map[string]any{}
	v.pos++
	for v.space(); v.data[v.pos] != '}'; v.space() {
		if v.data[v.pos] == ',' {
			v.pos++
			v.space()
		}
		name := text(v.str())
		v.space()
		v.pos++ // the colon
		out[name] = v.any()
	}
	v.pos++
	return out
}

func (v *values) array() []any {
	out := []any{}
	v.pos++
	for v.space(); v.data[v.pos] != ']'; v.space() {
		if v.data[v.pos] == ',' {
			v.pos++
		}
		out = append(out, v.any())
	}
	v.pos++
	return out
}

// str is the string at the position, as it was written.
func (v *values) str() json.RawMessage {
	start := v.pos
	for v.pos++; v.data[v.pos] != '"'; v.pos++ {
		if v.data[v.pos] == '\\' {
			v.pos++
		}
	}
	v.pos++
	return v.data[start:v.pos]
}

// maxExact is the integer below which float64 holds every one.
const maxExact = 1 << 53

func (v *values) number() any {
	start := v.pos
	for v.pos < len(v.data) && bytes.IndexByte([]byte("+-.0123456789Ee"), v.data[v.pos]) >= 0 {
		v.pos++
	}
	written := string(v.data[start:v.pos])
	f, err := strconv.ParseFloat(written, 64)
	if err != nil {
		v.err = err
	}
	if math.Abs(f) >= maxExact && !bytes.ContainsAny(v.data[start:v.pos], ".eE") {
		return json.Number(written)
	}
	return f
}

func (v *values) space() {
	for v.data[v.pos] == ' ' || v.data[v.pos] == '\t' || v.data[v.pos] == '\r' || v.data[v.pos] == '\n' {
		v.pos++
	}
}
