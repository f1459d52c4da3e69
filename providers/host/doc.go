// Package host runs servers as supervised processes on this machine.
//
// Below the root of a target each server has a folder:
//
//	owner.json              whose it is: lineage and address
//	releases/DIGEST/        erlmcpd, server.json and files, never changed
//	current                 link to the release that runs
//	run/                    the supervisor's lock, the control socket, what is loaded
//	log/                    what the server and its supervisor say
//
// The binaries of all servers lie in the root's folder runtimes and are linked
// from there. The process is `erlmcpd supervise`, in a session of its own: it
// outlives the command line and is found again by its lock.
//
// A change is a new release. The link moves to it in one step, and back when the
// server does not become healthy with it.
//
// Where this user may make control groups, a server and its children are held to
// its limits by groups of their own.
//
// In order of reading: types.go and lower.go (what a server becomes), layout.go
// (the folder), release.go, process.go, fence.go, reader.go, writer.go.
package host
