// Package smoke checks servers over MCP, as any client would see them.
//
// A [Verifier] runs the smoke blocks of a server after the engine has changed it.
// It reaches the server at its URL and trusts the certificate that the server's
// own document carries. When checks are run, and what becomes of a server that
// fails them, is the engine's matter.
//
// In order of reading: [Verifier], result.go (what conditions see), trust.go (who
// is trusted), report.go (what people are told).
package smoke
