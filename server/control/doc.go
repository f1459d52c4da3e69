// Package control is the local control socket of a running server: a Unix socket
// that only its owner can reach, over which the command line asks how the
// server is and tells it to reload or stop.
//
// One request a line, one answer a line, both JSON objects: {"op":"status"} is
// answered {"status":{…}}, or {"error":"…"}. [Serve] is the server's side, [Dial]
// the command line's. What the operations do is the [Handler]'s.
//
// In order of reading: control.go (what is said), serve.go, client.go, succeed.go (servers that
// take another's place), path.go
// (sockets whose path is long).
package control
