// Package session holds the sessions of clients of the older protocol era (MCP
// 2025-11-25, basic/transports, "Session Management"). Modern requests have none.
//
// A [Session] is a few words of memory: no goroutine, timer, buffer or
// connection belongs to it while it is idle. A [Table] bounds how many there are
// and how long an idle one is kept; when it is full, the one that was idle the
// longest makes way, and its client starts a new one as the specification tells
// it to.
//
// The package knows neither HTTP nor what is served.
package session
