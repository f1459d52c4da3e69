// Package receipt keeps a record of what was done that cannot be altered unseen:
// of calls and refusals by a server, or of anything else that fits an [Entry].
//
// A [Log] appends records to files of JSON lines in a folder. Each record holds
// the SHA-256 of the one before, so that records cannot be changed, removed or
// put in another order; signatures (Ed25519) stand between them at intervals, so
// that nobody without the key can write the chain anew. [Verify] checks all of it.
//
// Records say who did what, how it ended, and digests of what went in and came
// out. Contents are recorded only when an entry carries them. What the package
// cannot show: that records after the last signature are genuine, and that the end
// of a chain was not cut off at a signature. A chain that was closed says so.
//
// In order of reading: record.go (a record and its line), log.go (appending),
// file.go (files, rotation, and going on after a crash), key.go, lock_unix.go,
// verify.go and chain.go.
package receipt
