// Command bench measures the runtime beside its peers, on loopback: the official
// Go SDK, mcp-go, and bare servers that do nothing but JSON (make bench-server).
//
// Each server is a process of its own: the built erlmcpd with what a production
// server has switched on, and this program again for each peer. The client is this
// process; it writes requests that were built before and looks for the end of the
// answer, so that little of what is measured is its own.
//
// Machines are shared and noisy. So the peers take turns in short rounds, a ratio
// is that of two measurements of the same round, and what is printed is the median
// over the rounds. Beside calls per second stands the processor time of the
// server's process for each call, which the client has no part in.
//
// Not here: benchmarks of single functions (go test -bench), and any check that
// answers are right beyond that each call was answered; that is for the tests.
//
// In order of reading: main.go (the order of things), peer.go and erlmcpd.go
// (processes), bare.go, gosdk.go and mcpgo.go (the peers), message.go and
// client.go (what is sent), rounds.go, calls.go, latency.go, idle.go (what is
// measured), report.go.
package main
