// Package upstream is the client side of the runtime: other MCP servers, whose
// tools, resources and prompts are offered as this server's own.
//
// An [Upstream] keeps one connection to one server, over the streams of a program
// that it runs or over HTTP, and makes a [catalog.Offer] of what that server
// offers. It connects again when the connection is lost, asks for the definitions
// anew when they change, and says how it is. Calls of all clients share the
// connection. What the server asks in return – sampling, elicitation, roots – goes
// to the client whose call it is working on; when it cannot be told which that is,
// the question is refused.
//
// A client of the modern era is asked by the end of its call, and makes it again
// with the answer. The call to the upstream stays open meanwhile, and is found
// again by the key of the question: nothing is done twice.
//
// The protocol is spoken by the official Go SDK, in both eras. The package does
// not know who may use what, nor where offers go.
//
// In order of reading: upstream.go (what one is and how it is), list.go (those of
// a document), keep.go (the connection kept up), link.go (one connection),
// program.go and web.go (what it runs over), tagged.go (streams of HTTP),
// lines.go (streams of programs), offer.go and select.go (what is offered),
// call.go (requests to the upstream), exchange.go and attend.go (a call in
// progress and its client), question.go (what the upstream asks), explain.go
// (what may be said of errors).
package upstream
