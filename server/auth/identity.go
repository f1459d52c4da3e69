package auth

import "time"

// Identity is who a client is. A nil identity is that of a server without auth,
// and of standard input: nothing is known, and everything allowed.
type Identity struct {
	// Key names the identity: the method, a colon, and the name by that method,
	// such as "bearer:ci". It is what rules, limits, logs and receipts know.
	Key string
	// Scopes are those of an OAuth token; nil for other methods.
	Scopes []string

	oauth bool
	body  *[32]byte // SHA-256 that the signature promises of the body; nil without one
}

// String is the key, or "" for nil.
func (id *Identity) String() string {
	if id == nil {
		return ""
	}
	return id.Key
}

// Refusal is what a client is told that is not let in.
type Refusal struct {
	Status     int // HTTP
	Message    string
	Challenges []string      // values of WWW-Authenticate (RFC 9110, section 11.6.1)
	RetryAfter time.Duration // 0 for none
}
