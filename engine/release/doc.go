// Package release makes what an earlier revision applied into something that can
// be planned and applied again.
//
// A [Past] stands in for a configuration: it wants each resource as it is recorded
// in the snapshot that the revision left. Secrets, which no snapshot holds, are
// those of the present configuration with the same digest; files come from where
// they were kept. What cannot be had is an error that names it. Planning towards
// it, showing the plan and carrying it out are no different from any other plan.
//
// Checks are not run: those of the present configuration are about the present
// servers.
//
// In order of reading: [Options], [Revive], [Past].
package release
