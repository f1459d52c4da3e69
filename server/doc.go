// Package server is the MCP server runtime, and as a Go library a way to run one
// inside another program.
//
// [New] builds a [Runtime] from a runtime document and checks all of it;
// [Runtime.Start] opens its ports, [Runtime.Run] does so and serves until its
// context ends. [Runtime.Reload] puts another document in its place in two
// phases: everything new is built and checked, then one pointer is swapped, and
// clients are told. [Runtime.Stop] drains: calls in progress are answered, within
// limits.drain_timeout.
//
// The parts lie in folders of their own: protocol (messages), transport (how they
// travel), session, catalog (what is offered), backend (what tools do), upstream, auth, dialogue
// (what tools ask of clients), task, guard, telemetry and control. This package
// joins them: it dispatches each message to what answers it.
//
// The package knows nothing of plans, targets, or where the document came from.
//
// In order of reading: options.go, check.go (what is wrong with a document),
// runtime.go, state.go (what one document makes), ports.go, reload.go, dispatch.go
// and batch.go (from message to answer), methods.go, call.go and legacy.go (one
// function a method), line.go, rounds.go and seal.go (what tools ask of clients),
// tasks.go, access.go (what a client may see), upstreams.go (other servers), shed.go (what is
// refused under load), receipts.go, listen.go, workers.go, deadline.go, inflight.go, health.go,
// page.go, status.go, profile.go, observe.go and environment.go (logs and traces).
package server
