package auth

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
)

// contentDigest is the Content-Digest of a body (RFC 9530, section 2).
func contentDigest(body []byte) string {
	sum := sha256.Sum256(body)
	return "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
}

// digestOf returns the SHA-256 that the Content-Digest header promises of the
// body; nil without the header.
func digestOf(h http.Header) (*[sha256.Size]byte, error) {
	if h.Get(headerDigest) == "" {
		return nil, nil
	}
	for _, one := range strings.Split(strings.Join(h.Values(headerDigest), ","), ",") {
		text, ok := strings.CutPrefix(strings.TrimSpace(one), "sha-256=:")
		if !ok {
			continue
		}
		sum, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(text, ":"))
		if err == nil && len(sum) == sha256.Size {
			return (*[sha256.Size]byte)(sum), nil
		}
	}
	return nil, errors.New("Content-Digest has no sha-256=:BASE64:")
}

// Body checks that the body is the one that the signature was made for.
func (g *Gate) Body(id *Identity, data []byte) *Refusal {
	if id == nil || id.body == nil || sha256.Sum256(data) == *id.body {
		return nil
	}
	return &Refusal{Status: http.StatusUnauthorized, Message: "The body is not the one that was signed: it has another Content-Digest", Challenges: []string{"Signature"}}
}
