package server

import (
	"bytes"
	"encoding/base64"
	"errors"
	"testing"
	"time"
)

func TestSeal(t *testing.T) {
	now := time.Unix(1000, 0)
	s := newSeal("secret")
	bound, other := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	state := s.close([]byte(`{"a":1}`), bound, now.Add(time.Minute))
	if got, err := s.open(state, bound, now); err != nil || string(got) != `{"a":1}` {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := newSeal("secret").open(state, bound, now); err != nil || string(got) != `{"a":1}` {
		t.Errorf("another with the same secret: %q, %v", got, err)
	}
	raw, _ := base64.RawURLEncoding.DecodeString(state)
	for i := range raw {
		changed := bytes.Clone(raw)
		changed[i] ^= 1
		if _, err := s.open(base64.RawURLEncoding.EncodeToString(changed), bound, now); !errors.Is(err, errForged) {
			t.Errorf("byte %d was changed: %v", i, err)
		}
	}
	for _, c := range []struct {
		name  string
		seal  *seal
		state string
		bound []byte
		at    time.Time
		want  error
	}{
		{"late", s, state, bound, now.Add(2 * time.Minute), errExpired},
		{"of another request", s, state, other, now, errForged},
		{"of another secret", newSeal("other"), state, bound, now, errForged},
		{"of nobody", randomSeal(), state, bound, now, errForged},
		{"nothing", s, "", bound, now, errForged},
		{"short", s, "AAAA", bound, now, errForged},
		{"not base64", s, state + "!", bound, now, errForged},
		{"longer", s, state + "AA", bound, now, errForged},
	} {
		if _, err := c.seal.open(c.state, c.bound, c.at); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

// FuzzState looks for a state that is taken and was not given out.
func FuzzState(f *testing.F) {
	now := time.Unix(1000, 0)
	s := newSeal("secret")
	bound := make([]byte, 32)
	given := s.close([]byte(`{}`), bound, now.Add(time.Minute))
	f.Add(given)
	f.Add("")
	f.Add(given + "A")
	f.Add(given[:len(given)-1])
	f.Fuzz(func(t *testing.T, state string) {
		if _, err := s.open(state, bound, now); err == nil && state != given {
			t.Errorf("%q was taken", state)
		}
	})
}
