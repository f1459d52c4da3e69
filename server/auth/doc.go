// Package auth finds out who a client is, and says what it may use.
//
// A [Gate] is made of an auth block and joins its methods: bearer tokens, signed
// requests, client certificates and OAuth access tokens. It answers with an
// [Identity], or with a [Refusal] that says what to tell the client. [Gate.May]
// applies the allow and deny rules, [Gate.Missing] the scopes that OAuth asks for.
//
// The package does not speak JSON-RPC, sends no answers and keeps no sessions;
// the transports do. Nobody is asked for a password here, and no token is issued.
//
// In order of reading: identity.go, gate.go, bearer.go, certificate.go,
// signature.go (HTTP Message Signatures) with digest.go, replay.go and used.go, oauth.go
// with keys.go and discovery.go, metadata.go (RFC 9728), access.go.
package auth
