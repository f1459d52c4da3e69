// Package apply carries out a plan's execution graph and nothing else.
//
// [Run] walks the steps with bounded parallelism. Around each operation it
// writes the journal: begin, operation, end, and only then what depends on it. A
// failure stops what depends on it; the rest finishes, and everything is
// reported. At the end the journal is folded into the next snapshot.
//
// It decides nothing: what a step does was settled by engine/plan. It resolves
// values that a plan could not know, and refuses a plan whose state or
// configuration has moved on.
//
// Servers that were changed are checked by a [Verifier]. An update in stages is
// checked after each, and watched where a stage says so (stage.go, hold.go). When a change or
// a check fails, the server is put back as it was before, by the same operations
// and journal entries as any other change.
//
// In order of reading: [Options], [Run], [Observer], [Result].
package apply
