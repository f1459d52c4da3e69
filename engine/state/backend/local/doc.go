// Package local keeps a state in a folder of this machine.
//
// The folder .erlmcp holds state.json, the journal while an apply works, earlier
// snapshots, and the lock file. Folders have mode 0700 and files 0600. A snapshot
// replaces the previous one by a rename, after it was synced; the journal is
// appended to and synced, once for all entries that wait at the same time.
//
// The lock is the kernel's (flock): it ends with the process that holds it, so
// that no lock is ever left over. The lock file tells who holds it.
package local
