// Package guard decides who is let in: rate limits per client ([Limiter]), TLS
// ([TLSConfig]), and the Host and Origin rules against DNS rebinding ([Origin]).
//
// It decides and does nothing else: the transports ask, say who the client is,
// and turn a refusal into an answer of their protocol. Nothing here runs on its
// own, so there is nothing to stop.
//
// In order of reading: limiter.go, window.go (the sliding minute of a client),
// tls.go, origin.go.
package guard
