// Package state keeps what erlmcp remembers of the objects that it made.
//
// State is a cache of the world and never the only truth: every object bears
// labels by which it is found again. It consists of a [Snapshot], which is
// replaced as a whole, and a [Journal], which an apply appends to while it
// works: no operation starts before its begin entry is durable, and none counts
// as done before its end entry is. At the end the journal is folded into the
// next snapshot. After a crash, [Read] replays the journal; operations that
// began and did not end are [Uncertain], and the next plan looks at them.
//
// Nothing here holds a secret: values are [resource.Object], with keyed digests
// where secrets were. An empty, cut or altered file is refused and never taken
// for an empty world.
//
// Where the bytes lie is a [Store]'s business, below state/backend. What is
// written here has no knowledge of plans or providers.
//
// In order of reading: [Snapshot], [Entry], [Store], [View], [Session].
package state
