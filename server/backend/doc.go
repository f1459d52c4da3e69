// Package backend does what a tool does: answers with what is given, runs a program,
// calls a web service, or searches the server's own resources.
//
// [New] builds a [Tool] from a tool's block and prepares everything that does not
// depend on a call, so that a mistake shows when a document is loaded, not when
// a model calls. [Arguments] says which inputs a tool takes.
//
// The package neither validates arguments nor knows JSON-RPC, clients or quotas:
// whoever calls has done that. A failure that the model should see (exit status,
// HTTP status, time limit, an argument that does not fit its place) is a result
// with IsError; an error is a fault of the runtime itself.
//
// In order of reading: tool.go (the contract), piece.go and static.go (what is
// given), exec.go, run.go and family_linux.go (programs and how they end), child.go
// (a program that runs for long), http.go, parameter.go, payload.go and client.go
// (requests to web services), fetch.go (documents there), search.go.
package backend
