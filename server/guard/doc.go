// Package guard decides who is let in: rate limits per client ([Limiter]), TLS
// ([TLSConfig]), and the Host and Origin rules against DNS rebinding ([Origin]).
//
// It decides and does nothing else: the transports ask, and turn a refusal into
// an answer of their protocol.
package guard
