// Package remote keeps a state in a place that several machines share.
//
// It needs little of the place: named objects, each with a version, that are
// written only where the version is as expected ([Place]). On that it builds what
// [state.Store] promises:
//
//   - The head, one small object, names the snapshot that counts and where its
//     journal begins. A new snapshot is written beside the old one, and the head is
//     switched to it.
//   - The journal is a row of numbered objects. Each is written only where there is
//     none, one after the other, so that n operations write O(n) bytes and nothing
//     is ever rewritten.
//   - The lock is a lease that its holder renews. A holder that died is overtaken
//     when its lease has ended, by the clock of the place and not by that of either
//     machine. Each lease has a token, one more than that of the lease before.
//
// Who overtakes closes the journal, by writing the next object of the row itself,
// and writes its own token into the head. From then on the holder before can write
// neither: the object that it would append exists, and the head has another
// version. An operation whose begin entry is not durable does not start, so a stale
// holder starts none.
//
// What it leaves out: what a state holds, and how a place is reached; see the
// packages gcs and kubernetes beside it.
//
// In order of reading: [Place], head, [Store], lease.
package remote
