// Package session holds the sessions of clients of the older protocol era (MCP
// 2025-11-25, basic/transports, "Session Management"). Modern requests have none.
//
// A [Client] is what is remembered of a client of the older era on any transport:
// what it can do, what it wants to hear of, and the questions that it has not
// answered yet. Over HTTP it is part of a session.
//
// A [Session] is a few words of memory: no goroutine, timer, buffer or
// connection belongs to it while it is idle. A [Table] bounds how many there are
// and how long an idle one is kept; when it is full, the one that was idle the
// longest makes way, and its client starts a new one as the specification tells
// it to.
//
// [Events] keeps, within bounds, what was sent on event streams, for clients that
// come back to one.
//
// The package knows neither HTTP nor what is served.
//
// A [Change] tells a server that takes another's place of its sessions.
//
// In order of reading: client.go, pending.go, memory.go, session.go, table.go, events.go, copy.go.
package session
