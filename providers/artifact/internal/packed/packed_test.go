package packed

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
)

func TestDecodeIsTheInverseOfEncode(t *testing.T) {
	for _, c := range []struct {
		name    string
		content []byte
	}{
		{"nothing", []byte{}},
		{"a few bytes", []byte("content")},
		{"more than one block", bytes.Repeat([]byte("0123456789abcdef"), 1<<16)},
	} {
		t.Run(c.name, func(t *testing.T) {
			packed, err := Encode(c.content)
			if err != nil {
				t.Fatal(err)
			}
			if again, _ := Encode(c.content); !bytes.Equal(packed, again) {
				t.Error("two encodings differ")
			}
			sum := sha256.Sum256(c.content)
			if h, err := ReadHeader(packed); err != nil || h.SHA256 != hex.EncodeToString(sum[:]) || h.Size != int64(len(c.content)) {
				t.Errorf("header = %+v, %v", h, err)
			}
			if back, err := Decode(packed); err != nil || !bytes.Equal(back, c.content) {
				t.Errorf("decoded %d bytes, %v; want %d", len(back), err, len(c.content))
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	good, err := Encode([]byte("content"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		packed []byte
		want   string
	}{
		{"nothing", nil, "there is no header"},
		{"a frame without header", good[8:], "there is no header"},
		{"a cut header", good[:12], "the header is cut off"},
		{"a cut content", good[:len(good)-2], "unpack"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := Decode(c.packed); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error = %v, want one with %q", err, c.want)
			}
		})
	}
}
