// Package transport carries messages between clients and the dispatcher: MCP over
// HTTP (Streamable HTTP of both eras, and the transport before it), newline-delimited JSON-RPC over TCP with
// and without TLS, and over standard input and output.
//
// A [Front] is the front door: it accepts connections within limits, tells HTTP
// from raw JSON by the first byte, and serves both on one port. Each message
// becomes an [Exchange], which a [Handler] answers. [Front.ServeStdio] does the
// same for a pair of streams.
//
// What a message means, who may ask how often, and what the answer is, is not
// decided here.
//
// In order of reading: exchange.go, front.go, drain.go, pass.go (connections that a
// successor gets), detect.go, peeked.go (connections
// that net/http holds only while they are busy), client.go and handover.go,
// http.go, posted.go, date.go and stream.go, sse.go, raw.go, line.go and crew.go, stdio.go;
// deadline.go (what all of them set for each message).
package transport
