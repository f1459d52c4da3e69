package server

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"
)

// seal protects what clients carry for the server: nobody can alter it, use it
// for another request, or use it after its time. Clients can read it.
//
// A sealed state is, in base64: the Unix time of its end in 8 bytes, HMAC-SHA256
// over that, what it is bound to and the payload, and the payload.
type seal struct{ key [sha256.Size]byte }

// newSeal makes the seal of a secret, which servers that serve the same clients
// share.
func newSeal(secret string) *seal {
	return &seal{sha256.Sum256([]byte("erlmcp requestState\x00" + secret))}
}

// randomSeal makes a seal that nobody shares.
func randomSeal() *seal {
	var s seal
	rand.Read(s.key[:]) // never fails: see crypto/rand
	return &s
}

const sealHead = 8 + sha256.Size

var (
	errForged  = errors.New("it is not one of this server for this request")
	errExpired = errors.New("it has expired; make the call anew")
)

func (s *seal) close(payload, bound []byte, ends time.Time) string {
	out := make([]byte, sealHead, sealHead+len(payload))
	binary.BigEndian.PutUint64(out, uint64(ends.Unix()))
	copy(out[8:], s.mac(out[:8], bound, payload))
	return base64.RawURLEncoding.EncodeToString(append(out, payload...))
}

func (s *seal) open(state string, bound []byte, now time.Time) ([]byte, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(state)
	if err != nil || len(raw) < sealHead {
		return nil, errForged
	}
	payload := raw[sealHead:]
	if !hmac.Equal(raw[8:sealHead], s.mac(raw[:8], bound, payload)) {
		return nil, errForged
	}
	if uint64(now.Unix()) > binary.BigEndian.Uint64(raw) {
		return nil, errExpired
	}
	return payload, nil
}

// mac authenticates its parts. The first and the second have fixed lengths, so
// that no two ways to cut the whole give the same.
func (s *seal) mac(ends, bound, payload []byte) []byte {
	h := hmac.New(sha256.New, s.key[:])
	h.Write(ends)
	h.Write(bound)
	h.Write(payload)
	return h.Sum(nil)
}
